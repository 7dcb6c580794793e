#!/usr/bin/env bash
# `headroom replay`: golden events and books, forms of input, limits, and what is refused and how.
. tests/cli/check.sh

golden=tests/golden/flow
flow=$golden/rules.csv

# Every rule once, the same from every engine, batch size and form.
for engine in oracle reference; do
    for batch in 1 7 4096; do
        expect_exit 0 "$HEADROOM" replay $flow -e $engine --markets 3 --l2 1 --batch $batch \
            --events "$TMP/events" --books "$TMP/books"
        expect_golden "$TMP/events" $golden/rules.events
        expect_golden "$TMP/books" $golden/rules.books
        [ ! -s "$TMP/out" ] || failed "standard output is not asked for"
        expect_err 'digest 4354ef4ac8c1221a'
    done
done

# Standard input from a pipe and from a file, carriage returns, no last newline, zstd, standard output.
"$HEADROOM" replay - --markets 3 --l2 1 --events - <$flow >"$TMP/piped" 2>/dev/null
expect_same "$TMP/piped" $golden/rules.events
# shellcheck disable=SC2002
cat $flow | "$HEADROOM" replay - --markets 3 --l2 1 --events - --books - >"$TMP/piped" 2>/dev/null
cat $golden/rules.events $golden/rules.books >"$TMP/both"
expect_same "$TMP/piped" "$TMP/both"
sed 's/$/\r/' $flow | head -c -2 >"$TMP/dos.csv"
expect_exit 0 "$HEADROOM" replay "$TMP/dos.csv" --markets 3 --l2 1 --events -
expect_same "$TMP/out" $golden/rules.events
if command -v zstd >/dev/null; then
    zstd -q $flow -o "$TMP/flow.zst"
    expect_exit 0 "$HEADROOM" replay "$TMP/flow.zst" --markets 3 --l2 1 --events -
    expect_same "$TMP/out" $golden/rules.events
fi
mkfifo "$TMP/fifo"
cat $flow >"$TMP/fifo" &
expect_exit 0 "$HEADROOM" replay "$TMP/fifo" --markets 3 --l2 1 --events -
expect_same "$TMP/out" $golden/rules.events
wait

# Without --markets: as many as the file names.
printf 'N,6,1,1,B,L,D,5,5\n' >"$TMP/seven.csv"
expect_exit 0 "$HEADROOM" replay "$TMP/seven.csv" --json -
expect_out '"markets": 7,'
expect_out '"complete": true'
expect_exit 0 "$HEADROOM" replay "$TMP/seven.csv" --markets 6 --events -
expect_out '^1,J,6,1,bad_market$'
printf 'N,4294967295,1,1,B,L,D,5,5\n' >"$TMP/far.csv"
expect_refused "$HEADROOM" replay "$TMP/far.csv"
expect_err 'say with --markets'
expect_exit 0 "$HEADROOM" replay "$TMP/far.csv" --markets 1 --events -
expect_out '^1,J,4294967295,1,bad_market$'

# Room for less than the flow needs.
printf 'N,0,1,1,B,L,D,5,5\nN,0,1,2,B,L,D,5,5\nN,0,1,3,B,L,I,5,5\n' >"$TMP/two.csv"
expect_exit 0 "$HEADROOM" replay "$TMP/two.csv" --orders 1 --events -
expect_out '^2,J,0,2,capacity$'
expect_out '^3,X,0,3,5,ioc$'
expect_exit 0 "$HEADROOM" replay "$TMP/two.csv" --orders 1 --levels 1 --markets 1 --events -
expect_out '^2,J,0,2,capacity$'
"$HEADROOM" replay - --orders 1 --levels 1 --markets 1 --events - <"$TMP/two.csv" >"$TMP/out" 2>/dev/null
expect_out '^2,J,0,2,capacity$'

# A bad line stops it, with its number; what came before it is processed and written, books too.
printf '# one\nN,0,1,1,B,L,D,5,5\n\nN,0,1,2,B,L,D,5,x\nN,0,1,3,B,L,D,5,5\n' >"$TMP/bad.csv"
expect_refused "$HEADROOM" replay "$TMP/bad.csv" --events "$TMP/events" --books "$TMP/books" --json "$TMP/json"
expect_err 'bad\.csv:4: qty is not an unsigned number'
printf '1,A,0,1,5,5\n' >"$TMP/expected"
expect_same "$TMP/events" "$TMP/expected"
printf '0,B,5,1,1,5\n' >"$TMP/expected"
expect_same "$TMP/books" "$TMP/expected"
grep -q '"complete": false' "$TMP/json" || failed "--json of a flow that stopped"

# Inputs and outputs that cannot be.
expect_refused "$HEADROOM" replay "$TMP/none.csv" --events "$TMP/not-made"
expect_err 'none\.csv: No such file'
[ ! -e "$TMP/not-made" ] || failed "an output was made although there is no input"
expect_refused "$HEADROOM" replay "$TMP"
expect_err 'is a directory'
expect_refused "$HEADROOM" replay $flow --events "$TMP/no/such/folder"
expect_err 'cannot be written: No such file'
expect_refused "$HEADROOM" replay "$TMP/two.csv" --events "$TMP/two.csv"
expect_err 'is the input'
[ -s "$TMP/two.csv" ] || failed "the input was written over"
if [ -w /dev/full ]; then
    expect_refused "$HEADROOM" replay $flow --events /dev/full
    expect_err 'No space left'
    expect_refused "$HEADROOM" replay $flow --books /dev/full
    expect_err 'No space left'
fi
expect_refused "$HEADROOM" replay $flow --format xml
expect_refused "$HEADROOM" replay $flow --format bin
expect_err 'byte 0'
expect_refused "$HEADROOM" replay $flow --markets 0
expect_refused "$HEADROOM" replay $flow --markets 3 --l2 4
expect_refused "$HEADROOM" replay $flow --batch 0
expect_refused "$HEADROOM" replay
expect_exit 6 "$HEADROOM" replay $flow -e no-such-engine
: >"$TMP/empty.csv"
expect_exit 0 "$HEADROOM" replay "$TMP/empty.csv" --events "$TMP/events" --books "$TMP/books"
expect_err '0 requests'
cat "$TMP/events" "$TMP/books" >"$TMP/both"
[ ! -s "$TMP/both" ] || failed "an empty flow has no events"

# A recorded market: orders, an execution of the first one, one that our engine trades with another, and
# one for which too little is left of the right one.
{
    printf '34200.1,1,11,18,5853300,1\n34200.2,1,12,18,5853300,1\n34200.3,4,11,3,5853300,1\n'
    printf '34200.4,4,12,5,5853300,1\n34200.5,4,99,5,5853300,1\n34200.6,5,0,5,5853300,1\n'
    printf '34200.7,3,12,13,5853300,1\n34200.8,4,11,15,5853300,1\n'
} >"$TMP/day.lobster"
expect_exit 0 "$HEADROOM" replay "$TMP/day.lobster" --events - --json "$TMP/json"
expect_out '^3,T,0,9223372036854775809,11,5853300,3$'
expect_out '^4,T,0,9223372036854775810,11,5853300,5$'
expect_err 'fidelity 0\.3333: 1 of 3 .* 1 met another, 1 met none'
expect_err '1 about orders never seen, 1 trades of no displayed order'
grep -q '"fidelity": 0.333' "$TMP/json" || failed "fidelity is in the JSON"
