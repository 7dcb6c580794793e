#!/usr/bin/env bash
# Two engines in one run: in turns, both held to the right answers, judged by what judges stored
# results. Figures are not looked at: the runs are tiny.
. tests/cli/check.sh
TINY=tests/profiles/tiny.yaml
reference=$BUILD/reference.so slower=$BUILD/plugins/slower.so
[ -e "$slower" ] || skip "the libraries are not built: make plugins"

# The plan shows the cases that gate, four runs a block; -f names others.
expect_exit 0 "$HEADROOM" run "$TINY" -e "$slower" --against "$reference" -n
expect_out 'throughput/inproc/slower/markets=8 +40 '
grep -q 'batch=16' "$TMP/out" && failed "what does not gate is planned"
expect_exit 0 "$HEADROOM" run "$TINY" --against "$reference" -n -S run.blocks=6 -f 'batch=16'
expect_out 'throughput/inproc/reference/batch=16 +24 '

# run FOLDER ARGUMENT…: 0, 1 or 3 as a busy machine may have it; the record is looked at.
run() {
    "$HEADROOM" run "$TINY" -o "$@" >"$TMP/out" 2>"$TMP/err"
    status=$?
    case $status in 0 | 1 | 3) ;; *) failed "exit $status" ;; esac
}
SLOWER_PERCENT=300 run "$TMP/slow" -e "$slower" --against "$reference" -f 'throughput/.*/markets=8$'
expect_out '^Comparison'
for file in report.html report.md; do
    grep -q 'Interleaved in blocks of old, new, new, old' "$TMP/slow/$file" || failed "$file has no comparison"
done
[ -e "$TMP/slow/result.json" ] || failed "no result"
grep -q '"engine": "old:reference"' "$TMP/slow/result.json" || failed "the old engine's case is not kept"
grep -q '"id": "conformance/inproc/old:reference/rules"' "$TMP/slow/result.json" || failed "the old engine was not held to the rules"
"$HEADROOM" compare "$TMP/slow/result.json" >"$TMP/out" 2>"$TMP/err"
expect_out 'throughput/inproc/markets=8 +throughput'
expect_exit 0 "$HEADROOM" report "$TMP/slow/result.json"
# Four times as slow is more than any noise: unless the machine voided a run, it is found.
if [ "$status" -ne 3 ]; then
    [ "$status" -eq 1 ] || failed "a quarter of the rate was not found (exit $status)"
    expect_exit 1 "$HEADROOM" compare "$TMP/slow/result.json"
    expect_exit 0 "$HEADROOM" compare "$TMP/slow/result.json" --fail-on none
fi

# Of cases that -f chose all gate, then and later.
run "$TMP/chosen" --against reference -S run.blocks=6 -f 'throughput/.*/batch=16$'
expect_out 'of 1 gating figure'
"$HEADROOM" compare "$TMP/chosen/result.json" >"$TMP/out" 2>"$TMP/err"
expect_out 'of 1 gating figure'
expect_exit 3 "$HEADROOM" compare "$TMP/chosen/result.json" --gate ':capacity$'

# An old engine that is wrong is no measure of anything.
expect_exit 1 "$HEADROOM" run "$TINY" -o "$TMP/wrong" --against "$BUILD/mutants/newest_first.so" -f 'markets=8$'
expect_out 'does not conform'

# Bad names: one line.
expect_exit 6 "$HEADROOM" run "$TINY" --against "$TMP/none.so"
[ "$(wc -l <"$TMP/err")" -eq 1 ] || failed "not one line for a missing engine"
expect_refused "$HEADROOM" run "$TINY" --against null
expect_err 'the null engine is the ruler'
expect_refused "$HEADROOM" run "$TINY" --against reference -S run.blocks=5
