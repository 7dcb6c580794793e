#!/usr/bin/env bash
# soak_cli.sh - a long run keeps its answers and its size, and one that does not is found out. Sizes and
# digests are looked at, rates never.
. tests/cli/check.sh

# A few million: the prefix and the followed markets are the oracle's, and memory is flat.
expect_exit 0 "$HEADROOM" soak --requests 3M
expect_out '^prefix     [0-9a-f]{16} after 300000 requests: the oracle.s is the same$'
expect_out '^16 markets [0-9a-f]{16} after [0-9]+ requests: the oracle.s is the same$'
expect_out '^digest     [0-9a-f]{16} after 3000000 requests and [0-9]+ events, '
expect_out '^memory     .*: flat$'
[ "$(grep -cE '^ +[0-9]+ +[0-9.]+ +[0-9.]+ +[0-9.]+$' "$TMP/out")" -eq 10 ] || failed "not a line for every tenth"

# It is the flow of `headroom flow`, which ends in the same digest whatever the engine.
digest=$(sed -n 's/^digest     \([0-9a-f]*\) .*/\1/p' "$TMP/out")
expect_exit 0 "$HEADROOM" flow --count 3M --format bin -o /dev/null
expect_err "^digest $digest\$"
for engine in oracle reference; do
    expect_exit 0 "$HEADROOM" soak -e $engine --requests 200001 --prefix 7000 --markets 100 --seed 5 \
        --preset crossing -S flow.levels=3
    expect_out '^prefix     [0-9a-f]{16} after 7000 requests: the oracle.s is the same$'
    expect_out '^2 markets  [0-9a-f]{16} after '
    sed -n 's/^\(digest     [0-9a-f]* after 200001\) .*/\1/p' "$TMP/out" >"$TMP/digest.$engine"
    [ -s "$TMP/digest.$engine" ] || failed "no digest after 200001 requests"
done
expect_same "$TMP/digest.oracle" "$TMP/digest.reference"

# Few markets: the prefix alone. An odd count is kept to the request.
expect_exit 0 "$HEADROOM" soak --requests 12347 --markets 1
grep -qE '^[0-9]+ market' "$TMP/out" && failed "one of one market was followed to the end"
expect_out '^digest .* after 12347 requests'

# Wrong in the prefix; wrong only after it, in a market that is followed; growing.
expect_exit 1 "$HEADROOM" soak -e "$BUILD/mutants/newest_first.so" --requests 50k --markets 8
expect_out '^prefix .* the oracle.s is [0-9a-f]{16}$'
expect_err 'answered wrongly'
expect_exit 1 "$HEADROOM" soak -e "$BUILD/plugins/wrong_later.so" --requests 400k --markets 128
expect_out '^prefix .* the oracle.s is the same$'
expect_out '^2 markets .* the oracle.s is [0-9a-f]{16}$'
expect_err 'answered wrongly'
expect_exit 1 "$HEADROOM" soak -e "$BUILD/plugins/grows.so" --requests 400k --markets 8 -S flow.levels=4
expect_out '^memory .*IT GROWS$'
expect_err 'grows: [0-9.]+ MiB more after 400000 requests'

# Refusals, and Ctrl-C.
expect_refused "$HEADROOM" soak --requests 9
expect_refused "$HEADROOM" soak --requests 1000 --markets 64 --prefix 0
expect_refused "$HEADROOM" soak -S no.such=1
expect_refused "$HEADROOM" soak --preset no-such
expect_refused "$HEADROOM" soak -e null --requests 1000
expect_exit 6 "$HEADROOM" soak -e no-such-engine
"$HEADROOM" soak --requests 1e12 --markets 4 >"$TMP/out" 2>"$TMP/err" </dev/null &
pid=$!
for _ in $(seq 200); do
    grep -q 'memory, MiB' "$TMP/out" && break
    sleep 0.05
done
kill -INT "$pid"
wait "$pid"
status=$?
[ "$status" -eq 130 ] || failed "exit $status after SIGINT, expected 130"
expect_err 'stopped by a signal after [0-9]+ of 1000000000000 requests'
