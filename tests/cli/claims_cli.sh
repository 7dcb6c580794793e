#!/usr/bin/env bash
# Claims are judged, by results and without; bad files give one clear line and exit 2; --fail-on is a gate.
. tests/cli/check.sh
golden=tests/golden/claims
run=reports/reference-runs/vm-zen5-2cpu/result.json

# By arithmetic alone: every refutation with its numbers.
expect_exit 0 "$HEADROOM" claims
[ ! -s "$TMP/err" ] || failed "the table said something on standard error"
cp "$TMP/out" "$TMP/arithmetic.txt"
expect_golden "$TMP/arithmetic.txt" "$golden/arithmetic.txt"
grep -q 'validated' "$TMP/out" && failed "something was validated without a measurement"
expect_out '12\.48 Gb/s against 10 Gb/s'
expect_out '512 GB against 192 GB'
expect_out '800 GB against 200 GB'
expect_out '54\.55 ms against 1 ms'
expect_out '15 tokens/s against 7\.184 tokens/s'
expect_out '^  port_10g +10 Gb/s  IEEE 802\.3ae$' # and who says so

# By a real result: one verdict for each claim.
expect_exit 0 "$HEADROOM" claims "$run" --json -
sed -n 's/^   "id": "\(.*\)",$/\1/p; s/^   "verdict": "\(.*\)"$/    \1/p' "$TMP/out" >"$TMP/verdicts.txt"
expect_golden "$TMP/verdicts.txt" "$golden/vm-zen5-2cpu.txt"
expect_exit 0 "$HEADROOM" claims "$run" --md "$TMP/claims.md" --junit "$TMP/claims.xml" --json "$TMP/claims.json"
[ ! -s "$TMP/out" ] || failed "outputs into files wrote to standard output too"
grep -q '^- \*\*refuted by arithmetic\*\* Q01: ' "$TMP/claims.md" || failed "the Markdown has no reason for Q01"
grep -q '<testcase classname="claims" name="Q01">' "$TMP/claims.xml" || failed "the JUnit file has no Q01"
grep -q '"counts"' "$TMP/claims.json" || failed "the JSON file has no counts"

# Claims of one's own, as a gate.
cat >"$TMP/mine.yaml" <<'Y'
rate:
  claim: orders a second on one thread
  value: 20e6 orders/s
  case: throughput/inproc/*/markets=1000
  field: throughput
tail:
  claim: 99th percentile at a million a second
  value: 5 us
  direction: at_most
  case: latency/inproc/*/rate=1000000
  field: p99
Y
expect_exit 0 "$HEADROOM" claims "$run" --claims "$TMP/mine.yaml" --fail-on refuted,short
expect_out 'Validated \(2\)'
sed 's/20e6/200e6/' "$TMP/mine.yaml" >"$TMP/proud.yaml"
expect_exit 1 "$HEADROOM" claims "$run" --claims "$TMP/proud.yaml" --fail-on refuted
expect_err '1 of 2 claims failed: rate$'
expect_out 'Refuted by measurement \(1\)'
expect_exit 0 "$HEADROOM" claims "$run" --claims "$TMP/proud.yaml"
expect_exit 1 "$HEADROOM" claims --claims "$TMP/mine.yaml" --fail-on untested

# A part of them.
expect_exit 0 "$HEADROOM" claims --only contradicts,external
expect_out '^  [0-9]+ claims: [0-9]+ contradict others, [0-9]+ external\.$'
grep -q '^  Q01 ' "$TMP/out" && failed "--only showed more than was asked for"
expect_exit 0 "$HEADROOM" claims --only validated # by arithmetic alone nothing is
expect_out 'None of [0-9]+ claims got a verdict that --only names'
expect_refused "$HEADROOM" claims --only everything
expect_err '[-]-only everything: no such verdict'

# Nothing that is read is written over, and no two outputs go to one place.
cp "$run" "$TMP/kept.json"
cp "$TMP/mine.yaml" "$TMP/kept.yaml"
for option in json md junit; do
    expect_refused "$HEADROOM" claims "$TMP/kept.json" "--$option" "$TMP/./kept.json"
    expect_err 'is an input, and would be written over'
    expect_refused "$HEADROOM" claims --claims "$TMP/kept.yaml" "--$option" "$TMP/kept.yaml"
done
expect_same "$TMP/kept.json" "$run"
expect_same "$TMP/kept.yaml" "$TMP/mine.yaml"
expect_refused "$HEADROOM" claims "$run" --json "$TMP/x" --md "$TMP/x"
expect_err 'both go to .*: name two files'
expect_refused "$HEADROOM" claims "$run" --json - --junit -

# What is wrong is told in one line with its place, and nothing is run or read for it.
expect_refused "$HEADROOM" claims --fail-on everything
expect_refused "$HEADROOM" claims --claims "$TMP/none.yaml"
expect_refused "$HEADROOM" claims "$TMP/none.json"
echo '[]' >"$TMP/list.json"
expect_refused "$HEADROOM" claims "$TMP/list.json"
expect_err "^headroom: $TMP/list.json:1: no run record" # the file is named once
expect_refused "$HEADROOM" claims "$TMP/mine.yaml"
# shellcheck disable=SC2016
for formula in 'value <= $(touch '"$TMP"'/owned)' 'value <= `id`' 'system <= 1' 'value <= "a"' 'value <= 1;1' \
    'value <= /etc/passwd' 'value <= 9^9^9' 'value <= open(1)'; do
    printf 'x:\n  claim: c\n  value: 1\n  must: |-\n    %s\n' "$formula" >"$TMP/bad.yaml"
    expect_refused "$HEADROOM" claims --claims "$TMP/bad.yaml"
    expect_err 'bad\.yaml:[0-9]+:[0-9]+: '
done
[ -e "$TMP/owned" ] && failed "a formula ran a command"
printf 'x:\n  claim: c\n  value: 1\n  must: value <= 10 Gb/s\n' >"$TMP/bad.yaml"
expect_refused "$HEADROOM" claims --claims "$TMP/bad.yaml"
expect_err 'bad\.yaml:4:15: 1 and b/s are of different kinds'
head -c 2000000 /dev/zero | tr '\0' 'a' >"$TMP/large.yaml"
expect_refused "$HEADROOM" claims --claims "$TMP/large.yaml"
printf 'x: &a\n  claim: c\n' >"$TMP/anchor.yaml"
expect_refused "$HEADROOM" claims --claims "$TMP/anchor.yaml"
expect_refused "$HEADROOM" run quick --claims "$TMP/bad.yaml" -o "$TMP/run"
[ -e "$TMP/run" ] && failed "a run began with claims that cannot be read"

# A run judges at its end, and the report shows it.
printf 'r:\n  claim: a rate\n  value: 1 orders/s\n  case: throughput/*\n  field: throughput\n' >"$TMP/low.yaml"
"$HEADROOM" run tests/profiles/tiny.yaml -f 'throughput/.*/markets=' --claims "$TMP/low.yaml" -o "$TMP/run" >"$TMP/out" 2>"$TMP/err"
[ -s "$TMP/run/result.json" ] || failed "no result"
grep -q '"verdict": "\(validated\|not testable here\)"' "$TMP/run/result.json" || failed "the run did not judge"
expect_out '1 claims?: 1 '
expect_exit 0 "$HEADROOM" report "$TMP/run/result.json" --md -
expect_out '^\| r \| a rate \|'
exit 0
