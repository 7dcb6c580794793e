#!/usr/bin/env bash
# `headroom flow`: the same seed gives the same bytes, in both forms and from any shadow; presets; refusals.
. tests/cli/check.sh

golden=tests/golden/flow
settings=(--markets 4 --seed 7 -S flow.levels=3 -S flow.orders_per_level=2 -S flow.l2_share=0.25 -S flow.accounts=5)

expect_exit 0 "$HEADROOM" flow --count 400 "${settings[@]}" -o "$TMP/flow.csv"
expect_golden "$TMP/flow.csv" $golden/generated.csv
expect_err '400 requests for 4 markets, seed 7: 42 build the books'
sha=$(sed -n 's/^sha256 //p' "$TMP/err")
digest=$(sed -n 's/^digest //p' "$TMP/err")
for engine in oracle reference; do
    expect_exit 0 "$HEADROOM" flow --count 400 "${settings[@]}" --format bin -e $engine -o "$TMP/flow.bin"
    expect_err "^sha256 $sha\$"
    tail -c +17 "$TMP/flow.bin" >"$TMP/requests"
    [ "$(wc -c <"$TMP/requests")" -eq 12800 ] || failed "400 requests of 32 bytes"
    if command -v sha256sum >/dev/null; then
        [ "$(sha256sum <"$TMP/requests" | cut -d ' ' -f 1)" = "$sha" ] || failed "the sha256 is of the requests"
    fi
    expect_exit 0 "$HEADROOM" replay "$TMP/flow.bin" -e $engine --markets 4 --l2 1 --events "$TMP/events" --books "$TMP/books"
    expect_err "^digest $digest\$"
    expect_golden "$TMP/events" $golden/generated.events
    expect_golden "$TMP/books" $golden/generated.books
done
expect_exit 0 "$HEADROOM" replay $golden/generated.csv --markets 4 --l2 1 --events -
expect_same "$TMP/out" $golden/generated.events

# A longer flow begins with the shorter one; another seed is another flow; standard output.
expect_exit 0 "$HEADROOM" flow --count 1000 "${settings[@]}" -o -
head -n 400 "$TMP/out" >"$TMP/head"
expect_same "$TMP/head" $golden/generated.csv
expect_exit 0 "$HEADROOM" flow --count 400 "${settings[@]}" --seed 8 -o "$TMP/other.csv"
if cmp -s "$TMP/other.csv" $golden/generated.csv; then failed "seed 8 gives the flow of seed 7"; fi

# Every preset can be generated, and single settings win over it.
for preset in configs/flows/*.yaml; do
    name=$(basename "$preset" .yaml)
    head -n 1 "$preset" | grep -q '^summary: ' || failed "$preset does not say what it stands for"
    expect_exit 0 "$HEADROOM" flow --count 3000 --preset "$name" --markets 20 -S flow.levels=4 -S flow.orders_per_level=2 -o "$TMP/p.csv"
    expect_exit 0 "$HEADROOM" replay "$TMP/p.csv" --markets 20
    expect_err '3000 requests'
done

expect_refused "$HEADROOM" flow --preset none -o -
expect_err 'no flow preset'
expect_refused "$HEADROOM" flow -S flow.levels=0 -o -
expect_refused "$HEADROOM" flow -S flow.crossing=2 -o -
expect_refused "$HEADROOM" flow -S flow.levles=3 -o -
expect_err 'flow\.levels'
expect_refused "$HEADROOM" flow --format itch50 -o -
expect_refused "$HEADROOM" flow --count 0 -o -
expect_refused "$HEADROOM" flow
expect_err '-o FILE is missing'
expect_refused "$HEADROOM" flow -o "$TMP/no/such/folder"
[ ! -w /dev/full ] || expect_refused "$HEADROOM" flow --count 1000 -o /dev/full
