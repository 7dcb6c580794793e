#!/usr/bin/env bash
# The gate: stored results are compared, what does not belong together is refused, and the exit
# status says what a build must know.
. tests/cli/check.sh
golden=tests/golden/compare
old=$golden/old.json new=$golden/new.json

# One regression among the figures that gate; the others' verdicts beside it.
expect_exit 1 "$HEADROOM" compare "$old" "$new" --md "$TMP/c.md" --junit "$TMP/c.xml" --json "$TMP/c.json"
cp "$TMP/out" "$TMP/c.txt"
expect_golden "$TMP/c.txt" "$golden/compare.txt"
expect_golden "$TMP/c.md" "$golden/compare.md"
expect_golden "$TMP/c.xml" "$golden/compare.xml"
expect_exit 1 "$HEADROOM" compare "$old" "$new" --json -
expect_same "$TMP/out" "$TMP/c.json"
expect_exit 0 "$HEADROOM" compare "$old" "$new" --fail-on none
expect_exit 0 "$HEADROOM" compare "$old" "$old"
expect_out 'of 4 gating figures'
expect_exit 0 "$HEADROOM" compare "$new" "$old" --gate ':throughput$' # faster is no regression
expect_out 'improvement'
expect_exit 4 "$HEADROOM" compare "$old" "$new" --gate ':p99$' --fail-on inconclusive
expect_exit 0 "$HEADROOM" compare "$old" "$new" --gate ':p99$'
expect_exit 0 "$HEADROOM" compare "$old" "$new" --gate 'flow=liquid:throughput$'
expect_out 'stayed the same'
expect_exit 1 "$HEADROOM" compare "$old" "$new" --gate 'markets=1000:throughput$' --min-effect 5
expect_exit 0 "$HEADROOM" compare "$old" "$new" --gate 'markets=1000:throughput$' --min-effect '8 %'
# A second result of the old build that lies as far off makes it noise.
expect_exit 0 "$HEADROOM" compare "$old" "$new" --gate 'markets=1000:throughput$' --again "$new"
expect_exit 1 "$HEADROOM" compare "$old" "$old" "$new" # several new ones: the worst counts

# What cannot be trusted, or is not in both, does not pass the gate.
edit() { # EXPRESSION NAME
    sed "$1" "$new" >"$TMP/$2.json"
    cmp -s "$new" "$TMP/$2.json" && failed "the fixture has no $1"
}
edit 's|"digest": "00000000000000bb"|"digest": "00000000000000be"|' digest
expect_exit 3 "$HEADROOM" compare "$old" "$TMP/digest.json" --gate 'flow=liquid:'
expect_out 'the answers differ'
edit 's|"batch": 8|"batch": 9|' params
expect_exit 3 "$HEADROOM" compare "$old" "$TMP/params.json" --gate 'batch=8:'
expect_out 'set up differently'
expect_exit 3 "$HEADROOM" compare "$old" "$new" --gate 'no such figure'

# What does not belong together: one line, exit 5.
refused() {
    expect_exit 5 "$HEADROOM" compare "$@"
    [ "$(wc -l <"$TMP/err")" -eq 1 ] || failed "not one line: $*"
}
edit 's/"fingerprint": "a1/"fingerprint": "b1/' host
refused "$old" "$TMP/host.json"
expect_err 'different hosts'
expect_exit 0 "$HEADROOM" compare "$old" "$TMP/host.json" --across-hosts --all
expect_out '× 0.932'
expect_out 'over 4 main figures new is × 0.998 of old'
grep -qi regress "$TMP/out" && failed "a regression between hosts"
edit 's/"sha256": "1f1f/"sha256": "2f1f/' flow
refused "$old" "$TMP/flow.json"
expect_err 'different orders .workload 1f1f1f1f and 2f1f1f1f'
refused "$old" "$TMP/flow.json" --across-hosts
refused "$old" "$new" --again "$TMP/flow.json"
edit 's/"complete": true/"complete": false/' cut
refused "$old" "$TMP/cut.json"
expect_err 'cut.json was interrupted'

# Bad input: one line, exit 2.
expect_refused "$HEADROOM" compare
expect_refused "$HEADROOM" compare "$old"
expect_err 'holds one engine'
expect_refused "$HEADROOM" compare "$old" "$TMP/none.json"
expect_err 'none.json'
head -c 700 "$new" >"$TMP/short.json"
expect_refused "$HEADROOM" compare "$old" "$TMP/short.json"
expect_err 'short.json:[0-9]+: '
edit 's/"major": 1/"major": 2/' major
expect_refused "$HEADROOM" compare "$old" "$TMP/major.json"
edit 's/"status": "pass"/"status": "fine"/' status
expect_refused "$HEADROOM" compare "$old" "$TMP/status.json"
expect_err 'status.json: result\.'
expect_refused "$HEADROOM" compare "$old" "$new" --gate '('
expect_refused "$HEADROOM" compare "$old" "$new" --min-effect none
expect_refused "$HEADROOM" compare "$old" "$new" --min-effect -3
expect_refused "$HEADROOM" compare "$old" "$new" --fail-on sometimes
expect_refused "$HEADROOM" compare "$old" "$new" --md "$new"
expect_refused "$HEADROOM" compare "$old" "$new" --md "$TMP/x" --json "$TMP/x"
cp "$old" "$TMP/again.json"
expect_refused "$HEADROOM" compare "$old" "$new" --again "$TMP/again.json" --json "$TMP/again.json"
expect_err 'is an input, and would be written over'
expect_refused "$HEADROOM" compare "$old" "$new" --md "$TMP/no/such/folder.md"

# How often is the gate wrong? Anyone can ask.
expect_exit 0 "$HEADROOM" compare --selftest
expect_out 'keeps its promises'
[ "$(grep -c 'holds$' "$TMP/out")" -ge 8 ] || failed "fewer promises than made"

# What CI calls: arguments are checked before anything is measured.
expect_refused_many() {
    expect_exit 2 "$@"
    grep -q 'scripts/capacity-gate' "$TMP/err" || failed "no usage: $*"
}
expect_refused_many scripts/capacity-gate --no-such-option
expect_refused_many scripts/capacity-gate operand
expect_exit 0 scripts/capacity-gate -h

# Its comment: renewed where there is one already, which is told by its first line; nothing without a comparison.
mkdir "$TMP/bin"
cat >"$TMP/bin/gh" <<'G'
#!/bin/sh
echo "$*" >>"$TMP/gh.log"
for word; do case $word in body=@*) cp "${word#body=@}" "$TMP/gh.body" ;; esac; done
case "$*" in *--jq*) cat "$TMP/gh.ids" ;; esac
G
chmod +x "$TMP/bin/gh"
export TMP
comment() { expect_exit "$1" env PATH="$TMP/bin:$PATH" GH_REPO=me/mine scripts/capacity-comment 7 "$2"; }
: >"$TMP/gh.ids"
comment 0 "$TMP/no-such.md"
[ ! -e "$TMP/gh.log" ] || failed "a comment without a comparison"
comment 0 "$TMP/c.md"
grep -q 'POST repos/me/mine/issues/7/comments' "$TMP/gh.log" || failed "no comment was made"
[ "$(head -n 1 "$TMP/gh.body")" = '<!-- headroom capacity gate -->' ] || failed "the comment cannot be found again"
tail -n +2 "$TMP/gh.body" | cmp -s - "$TMP/c.md" || failed "the comment is not the comparison"
printf '41\n42\n' >"$TMP/gh.ids"
comment 0 "$TMP/c.md"
grep -q 'PATCH repos/me/mine/issues/comments/41 ' "$TMP/gh.log" || failed "the comment was not renewed"
expect_exit 2 scripts/capacity-comment 7
mkdir "$TMP/none"
for tool in env bash sed rm cat mktemp head; do ln -s "$(command -v $tool)" "$TMP/none/$tool"; done
expect_exit 0 env PATH="$TMP/none" GH_REPO=me/mine scripts/capacity-comment 7 "$TMP/c.md"
expect_err 'no comment was made'
