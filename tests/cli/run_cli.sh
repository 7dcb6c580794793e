#!/bin/bash
# What `headroom run` and `list` promise on the command line: files, streams, exit statuses. Sizes are
# tiny and no figure is looked at; a busy machine may void a run (exit 3), never the answers.
. tests/cli/check.sh

TINY=tests/profiles/tiny.yaml

# run_tiny FOLDER [ARGUMENT…]: exit 0, or 3 if the machine was too busy for a case to count.
run_tiny() {
    folder=$1
    shift
    "$HEADROOM" run "$TINY" -o "$folder" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
    status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || failed "exit $status of headroom run $TINY"
}

# value FILE PYTHON-LIKE-PATH is not to be had in shell: grep on the sorted, indented JSON.
has() {
    grep -Eq -- "$2" "$1" || failed "$1 does not match: $2"
}

# ---- a whole run ----
run_tiny "$TMP/run"
for file in result.json report.html report.md junit.xml env/topology.xml MANIFEST.sha256; do
    [ -s "$TMP/run/$file" ] || failed "no $file"
done
ls "$TMP/run/hist/"*.hlog >/dev/null 2>&1 || failed "no hist/*.hlog"
started=$(sed -n 's/^ *"started": "\(.*\)",$/\1/p' "$TMP/run/result.json")
for file in "$TMP/run/hist/"*.hlog; do
    has "$file" "^#\[StartTime: [1-9][0-9]+\.000 \(seconds since epoch\), $started\]$"
done
ls "$TMP/run/plots/"*.gp >/dev/null 2>&1 || failed "no plots/*.gp"
has "$TMP/run/result.json" '"complete": true'
has "$TMP/run/result.json" '"id": "throughput/inproc/reference/markets=8"'
has "$TMP/run/result.json" '"id": "latency/inproc/reference/load=closed/markets=8"'
has "$TMP/run/result.json" '"id": "latency/inproc/reference/worst=queue_middle"'
has "$TMP/run/result.json" '"name": "p999_over_median_case"'
has "$TMP/run/result.json" '"name": "p99_net"'
has "$TMP/run/report.md" 'Worst cases'
has "$TMP/run/report.md" '^\| Tiny at 4 bits \| processors, [0-9]+ threads \(weights alone\) \|'
has "$TMP/run/report.md" '^\| Tiny at 8 bits \| host: .* \(CPU, no GPU\) \(weights alone\) \|'
has "$TMP/run/result.json" '"id": "markets/inproc/reference/markets=8/depth=8"'
has "$TMP/run/result.json" '"id": "scaling/inproc/reference/shards=1"'
has "$TMP/run/result.json" '"curve"'
# The regimes: one processor is a reason to skip them; else they are measured, and the worst is told.
for regime in static crash worst/of=static,crash; do
    has "$TMP/run/result.json" "\"id\": \"throughput/inproc/reference/regime=$regime\""
done
grep -q 'there is one processor' "$TMP/run/result.json" || has "$TMP/run/result.json" '"name": "read_over_unread"'
grep -q 'digest.*is not the oracle' "$TMP/run/result.json" && failed "a digest differs"
if command -v sha256sum >/dev/null; then
    (cd "$TMP/run" && sha256sum --quiet -c MANIFEST.sha256) || failed "the manifest does not hold"
fi
expect_exit 0 "$HEADROOM" report "$TMP/run/result.json"

# ---- the same seed, the same flow and digests ----
run_tiny "$TMP/again" -f 'throughput/'
grep -h '"sha256"' "$TMP/again/result.json" | sort -u | sed -n 1,1p >"$TMP/flow"
grep -qF "$(tr -d ' ,' <"$TMP/flow" | cut -d: -f2)" "$TMP/run/result.json" || failed "the flow's hash differs"

# ---- streams ----
HEADROOM_SET=flow.walk=0.02 run_tiny "$TMP/json" -f 'throughput/.*/batch' --json -
head -c 1 "$TMP/out" | grep -q '{' || failed "standard output is not only JSON"
tail -n 1 "$TMP/out" | grep -q '^}$' || failed "standard output is not only JSON"
has "$TMP/json/result.json" '"id": "throughput/inproc/reference/batch=16"'
grep -q '"id": "latency' "$TMP/json/result.json" && failed "the filter let latency through"
grep -A 1 '"flow.walk"' "$TMP/json/result.json" | grep -q '"origin": "environment"' ||
    failed "a setting of the environment is not said to be one"

# ---- the plan measures nothing ----
expect_exit 0 "$HEADROOM" run "$TINY" -n -o "$TMP/nothing"
expect_out 'throughput/inproc/reference/markets=8'
expect_out 'cases, about [0-9]+ s'
expect_out 'throughput/inproc/reference/regime=crash'
[ -e "$TMP/nothing" ] && failed "a plan made a folder"

expect_exit 0 "$HEADROOM" run "$TINY" -n -S latency.worst_orders=0
grep -q 'worst=' "$TMP/out" && failed "worst cases are planned although there are none"
expect_exit 0 "$HEADROOM" run "$TINY" -n -f 'worst='
expect_out 'worst=sweep'

# ---- a missed bound is an answer: it is told, and the exit status is no error's ----
run_tiny "$TMP/worst" -f 'worst=fok_short' -S latency.worst_bound=1 -S latency.worst_requests=10k \
    -S latency.worst_orders=200k
has "$TMP/worst/result.json" 'times the median request of a plain market \(at most 1\)|also when tried again'
[ "$status" -eq 0 ] || has "$TMP/worst/result.json" 'also when tried again'

# ---- what is no result ----
expect_exit 3 "$HEADROOM" run "$TINY" -e null -o "$TMP/null"
has "$TMP/null/result.json" 'the null engine is the ruler'
expect_exit 1 "$HEADROOM" run "$TINY" -e "$BUILD/skeleton.so" -o "$TMP/skeleton"
has "$TMP/skeleton/result.json" 'does not conform'

# ---- refusals ----
expect_exit 6 "$HEADROOM" run "$TINY" -e no-such-engine
expect_exit 6 "$HEADROOM" run "$TINY" -e "$TMP/no-such.so"
expect_exit 6 "$HEADROOM" run "$TINY" -p no-such-path
expect_refused "$HEADROOM" run no-such-profile
expect_refused "$HEADROOM" run "$TINY" -f '('
expect_refused "$HEADROOM" run "$TINY" -f 'matches-nothing'
expect_refused "$HEADROOM" run "$TINY" -S no.such=1
expect_refused "$HEADROOM" run "$TINY" -S run.suites=nonsense
expect_refused "$HEADROOM" run "$TINY" -S throughput.regimes=statc
expect_err 'did you mean static'
expect_exit 2 "$HEADROOM" run "$TINY" -f regime -S throughput.regimes=broad -o "$TMP/broad"
expect_err "broad is a flow of 100000 markets; a regime is of one"
expect_refused "$HEADROOM" run "$TINY" -o /proc/no/such

# ---- Ctrl-C: what was finished is kept ----
"$HEADROOM" run "$TINY" -o "$TMP/stopped" -S throughput.requests=4M -S run.budget=1h -S run.runs=200 \
    >"$TMP/out" 2>"$TMP/err" </dev/null &
pid=$!
for _ in $(seq 200); do
    grep -q 'throughput/' "$TMP/err" && break
    sleep 0.05
done
kill -INT "$pid"
wait "$pid"
status=$?
[ "$status" -eq 130 ] || failed "exit $status after SIGINT, expected 130"
has "$TMP/stopped/result.json" '"complete": false'
has "$TMP/stopped/result.json" '"id": "conformance/inproc/reference/rules"'

# ---- list ----
expect_exit 0 "$HEADROOM" list
expect_out 'reference +all of the rules'
expect_out 'inproc'
expect_out 'standard'
expect_exit 0 "$HEADROOM" list --json
expect_out '"available": true'
