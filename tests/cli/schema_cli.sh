#!/usr/bin/env bash
# The published schema is the file in the tree, and other people's checkers agree with ours.
. tests/cli/check.sh

expect_exit 0 "$HEADROOM" schema
expect_same reports/result.schema.json "$TMP/out"
expect_refused "$HEADROOM" schema surplus
if python3 -c 'import jsonschema' 2>/dev/null; then
    python3 - reports/result.schema.json tests/golden/reports/sample.json <<'END' || failed "jsonschema refuses"
import json, sys, jsonschema
schema, sample = (json.load(open(f, encoding="utf-8")) for f in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(sample)
END
fi
