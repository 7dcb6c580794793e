#!/usr/bin/env bash
# Results become a history; what changed, and since when, is told and drawn.
. tests/cli/check.sh
golden=tests/golden/compare
DB=$TMP/history.sqlite

"$HEADROOM" history add "$golden/old.json" --db "$DB" >"$TMP/out" 2>"$TMP/err"
grep -q 'has no SQLite' "$TMP/err" && skip "built without SQLite"
grep -q ': added$' "$TMP/out" || failed "a result was not added"
expect_exit 0 "$HEADROOM" history add "$golden/old.json" --db "$DB"
expect_out 'is there already'

# Twelve days as they were, twelve at nine tenths.
for day in $(seq -w 1 24); do
    file=$golden/old.json
    [ "$day" -gt 12 ] && file=$TMP/slow.json
    if [ "$day" = 01 ]; then sed 's/"estimate": 3\([0-9.]*\),/"estimate": 2\1,/' "$golden/old.json" >"$TMP/slow.json"; fi
    sed "s/2026-01-02T03:04:05Z/2026-03-${day}T03:04:05Z/" "$file" >"$TMP/day$day.json"
done
cmp -s "$golden/old.json" "$TMP/slow.json" && failed "the fixture has no estimate to change"
expect_exit 0 "$HEADROOM" history add "$TMP"/day*.json --db "$DB"
expect_exit 0 "$HEADROOM" history show --db "$DB"
expect_out 'throughput/inproc/markets=1000 +throughput +25 .* since 2026-03-13 0123456789 \(worse\)'
expect_out 'load=closed/markets=1000 +p50 +25 .* none'
expect_exit 0 "$HEADROOM" history show --db "$DB" -f 'flow=liquid' --json -
expect_out '"changes": \[\]'
expect_exit 0 "$HEADROOM" history plot "$TMP/plots" --db "$DB"
for file in history.dat history.gp; do
    [ -s "$TMP/plots/$file" ] || failed "$file was not written"
done
if command -v gnuplot >/dev/null 2>&1; then
    [ -s "$TMP/plots/history.svg" ] || failed "the picture was not drawn"
fi

# One picture holds a few figures: those that changed come first, and what is left out is told.
expect_exit 0 "$HEADROOM" history plot "$TMP/all" --db "$DB" -f .
expect_err 'left out: [0-9]+'
grep -q "markets=1000 throughput'" "$TMP/all/history.gp" || failed "the figure that changed is not drawn"
grep -q "p50 (less is better)'" "$TMP/plots/history.gp" || failed "the picture does not say which way is better"

# Bad input: one line.
expect_refused "$HEADROOM" history
expect_refused "$HEADROOM" history forget --db "$DB"
expect_refused "$HEADROOM" history add --db "$DB"
expect_refused "$HEADROOM" history show --db "$TMP/none.sqlite"
expect_err 'no history at'
expect_refused "$HEADROOM" history show --db "$DB" -f '('
expect_refused "$HEADROOM" history plot "$TMP/plots" --db "$DB" -f 'no such figure'
head -c 3000 /dev/zero | tr '\0' x >"$TMP/other"
expect_refused "$HEADROOM" history show --db "$TMP/other"
expect_refused "$HEADROOM" history add "$golden/old.json" --db "$TMP/other"
expect_err "$TMP/other"
head -c 700 "$golden/old.json" >"$TMP/short.json"
expect_refused "$HEADROOM" history add "$TMP/short.json" --db "$DB"
expect_err 'short.json:[0-9]+: '
sed 's/"complete": true/"complete": false/' "$golden/old.json" >"$TMP/cut.json"
expect_exit 0 "$HEADROOM" history add "$TMP/cut.json" "$golden/old.json" --db "$DB" # the others are not held up
expect_out 'cut.json: left out: the run was interrupted'
expect_out 'old.json: is there already'
expect_refused "$HEADROOM" history add reports/plan-samples/linux-rtx-3090.json --db "$DB"
expect_err 'made up'
head -c 5000 "$DB" >"$TMP/damaged"
expect_refused "$HEADROOM" history show --db "$TMP/damaged"
