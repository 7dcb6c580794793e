#!/usr/bin/env bash
# Results are rendered again, the same way each time; bad ones give one clear line and exit 2.
. tests/cli/check.sh
golden=tests/golden/reports

expect_exit 0 "$HEADROOM" report "$golden/sample.json"
[ ! -s "$TMP/err" ] || failed "the text summary said something on standard error"
cp "$TMP/out" "$TMP/text"
expect_golden "$TMP/text" "$golden/sample.txt"
expect_exit 0 "$HEADROOM" report "$golden/sample.json" --md "$TMP/sample.md"
[ ! -s "$TMP/out" ] || failed "--md FILE wrote to standard output too"
expect_golden "$TMP/sample.md" "$golden/sample.md"
"$HEADROOM" report - --md - <"$golden/sample.json" >"$TMP/piped.md" || failed "a result on standard input"
expect_same "$TMP/sample.md" "$TMP/piped.md"

# Colours only when asked for; escape sequences in a result never reach the terminal.
grep -q "$(printf '\033')" "$TMP/text" && failed "colours without --color"
expect_exit 0 "$HEADROOM" report --color "$golden/sample.json"
expect_out "$(printf '\033')\\[31minvalid"
sed 's/invented figures: this/\\u001b]0;owned\\u0007 \\u202e this/' "$golden/sample.json" >"$TMP/escape.json"
expect_exit 0 "$HEADROOM" report "$TMP/escape.json"
grep -q "$(printf '\033')" "$TMP/out" && failed "an escape sequence came through"

# All forms at once; the block to paste ends the text.
expect_exit 0 "$HEADROOM" report "$golden/sample.json" --html "$TMP/r.html" --plots "$TMP/plots" \
    --junit "$TMP/junit.xml" --gbench "$TMP/gbench.json"
for file in r.html junit.xml gbench.json plots/load.gp plots/load.dat plots/ceilings.gp; do
    [ -s "$TMP/$file" ] || failed "$file was not written"
done
tail -n 4 "$TMP/text" | grep -q 'repeat      headroom run' || failed "the text does not end in the block to paste"

# Without gnuplot data and scripts are written all the same, and it is said.
mkdir "$TMP/bin"
expect_exit 0 env PATH="$TMP/bin" "$HEADROOM" report "$golden/sample.json" --plots "$TMP/bare"
expect_err 'no picture was drawn'
for file in scaling.gp scaling.dat; do
    [ -s "$TMP/bare/$file" ] || failed "no $file without gnuplot"
done
[ -e "$TMP/bare/scaling.svg" ] && failed "a picture without gnuplot"
expect_exit 0 env PATH="$TMP/bin" "$HEADROOM" report "$golden/sample.json" --html "$TMP/bare.html"
grep -q 'gnuplot was not there' "$TMP/bare.html" || failed "the HTML does not say why it has no pictures"
if command -v gnuplot >/dev/null 2>&1; then
    [ -s "$TMP/plots/load.svg" ] || failed "load.svg was not drawn"
    (cd "$TMP/bare" && for script in *.gp; do LC_ALL=C.UTF-8 gnuplot "$script" || exit 1; done) >"$TMP/out" 2>"$TMP/err" ||
        failed "a script cannot be run alone"
    [ ! -s "$TMP/err" ] || failed "gnuplot complains about a script"
fi

# Several, side by side.
sed 's/"sample machine/"another machine/' "$golden/sample.json" >"$TMP/other.json"
expect_exit 0 "$HEADROOM" report "$golden/sample.json" "$TMP/other.json"
expect_out '^ *B +another machine .invented figures.'
expect_out 'throughput/inproc/reference/markets=1000 +throughput, orders/s +28.9 M'
expect_exit 0 "$HEADROOM" report "$golden/sample.json" "$TMP/other.json" --html "$TMP/both.html"
expect_refused "$HEADROOM" report "$golden/sample.json" "$TMP/other.json" --junit "$TMP/j.xml"
expect_err 'take one result, 2 were given'

# What is no result.
expect_refused "$HEADROOM" report
expect_refused "$HEADROOM" report "$TMP/none.json"
expect_err 'none.json'
expect_refused "$HEADROOM" report "$TMP"
echo '{"schema": {"name": "headroom-result", "major": 1' >"$TMP/short.json"
expect_refused "$HEADROOM" report "$TMP/short.json"
expect_err 'short.json:[0-9]+: '
: >"$TMP/empty.json"
expect_refused "$HEADROOM" report "$TMP/empty.json"
sed 's/"major": 1/"major": 2/' "$golden/sample.json" >"$TMP/major.json"
expect_refused "$HEADROOM" report "$TMP/major.json"
sed 's/"status": "ok"/"status": "fine"/' "$golden/sample.json" >"$TMP/status.json"
expect_refused "$HEADROOM" report "$TMP/status.json"
expect_err 'status.json: result\..*status must be one of \["ok"'
expect_refused "$HEADROOM" report "$golden/sample.json" --html "$TMP/no/such/folder.html"
expect_err 'no/such/folder.html: No such file'
expect_refused "$HEADROOM" report "$golden/sample.json" --plots "$TMP/no/such/plots"
[ "$(find "$TMP" -mindepth 1 -name '*.??????' -newer "$TMP/text" | wc -l)" -eq 0 ] || failed "temporary files were left behind"
