#!/bin/bash
# What careless and hostile users do: outputs that are devices, links or the input, streams that came
# closed, names and patterns beyond reason. One line and exit 2, nothing lost, nothing replaced.
# The inner shells are to expand what stands in single quotes.
# shellcheck disable=SC2016
. tests/cli/check.sh

printf 'N,0,1,1,B,L,D,100,5\nN,0,2,2,S,L,D,100,5\n' >"$TMP/flow.csv"

# ---- a device, a pipe or a link is written, never replaced by a file ----
ln -s target.json "$TMP/link.json"
expect_exit 0 "$HEADROOM" probe --json "$TMP/link.json"
[ -L "$TMP/link.json" ] || failed "a link was replaced"
grep -q '"schema"' "$TMP/target.json" || failed "the link's target was not written"
mkfifo "$TMP/pipe"
cat "$TMP/pipe" >"$TMP/through" &
expect_exit 0 "$HEADROOM" probe --json "$TMP/pipe"
wait $!
[ -p "$TMP/pipe" ] || failed "a pipe was replaced"
grep -q '"schema"' "$TMP/through" || failed "nothing came through the pipe"

# ---- a full disk is said ----
if [ -c /dev/full ]; then
    ln -s /dev/full "$TMP/full"
    expect_exit 2 "$HEADROOM" probe --json "$TMP/full"
    expect_err 'cannot write .*/full: No space left'
    expect_exit 2 "$HEADROOM" run tests/profiles/tiny.yaml -n --json "$TMP/full"
    expect_err 'cannot write .*/full: No space left'
fi

# ---- a stream that came closed does not become the next file ----
"$HEADROOM" replay "$TMP/flow.csv" --events "$TMP/events" <&- >&- 2>&-
"$HEADROOM" replay "$TMP/flow.csv" --events "$TMP/events.whole" 2>"$TMP/err" ||
    failed "exit $? of a plain replay"
expect_same "$TMP/events" "$TMP/events.whole"
"$HEADROOM" list >&- 2>"$TMP/err"
[ $? -eq 2 ] || failed "a closed standard output went unsaid"
expect_err 'cannot write standard output'

# ---- engines that are none, and engines that lie ----
head -c 3000 "$BUILD/skeleton.so" >"$TMP/cut_short.so"
expect_refused "$HEADROOM" conform -e "$TMP/cut_short.so"
expect_refused "$HEADROOM" conform -e "$BUILD/plugins/dies_on_loading.so"
expect_err 'crashes with signal 6 while it is loaded'
expect_refused "$HEADROOM" flow --count 1000 -o "$TMP/flow.out" -e "$BUILD/plugins/answers_strangers.so"
expect_err 'answered a request that is not in the batch'

# ---- runs ----
TINY=tests/profiles/tiny.yaml
"$HEADROOM" run "$TINY" -S run.suites=conformance -f conformance -o "$TMP/mine" >"$TMP/out" 2>"$TMP/err"
cp "$TMP/mine/result.json" "$TMP/before.json"
expect_refused "$HEADROOM" run "$TINY" -o "$TMP/mine"
expect_err 'mine already holds a run'
expect_same "$TMP/before.json" "$TMP/mine/result.json"
expect_refused "$HEADROOM" run "$TINY" -n -f "$(head -c 60000 /dev/zero | tr '\0' '(')"
expect_refused "$HEADROOM" run "$TINY" -n -S run.suites=,
expect_exit 0 "$HEADROOM" run "$TINY" -n -S run.suites=latency,all
expect_out 'throughput/'
[ -s "$TMP/mine/MANIFEST.sha256" ] || failed "no manifest"

# ---- outputs over each other or over the input, and a format that is not the file's ----
expect_refused "$HEADROOM" report "$TMP/mine/result.json" --md "$TMP/mine/result.json"
expect_same "$TMP/before.json" "$TMP/mine/result.json"
expect_refused "$HEADROOM" report "$TMP/mine/result.json" --md "$TMP/one" --html "$TMP/one"
expect_refused "$HEADROOM" replay "$TMP/flow.csv" --events "$TMP/one" --books "$TMP/one"
expect_refused "$HEADROOM" replay "$TMP/flow.csv" --events - --json -
expect_exit 0 "$HEADROOM" replay "$TMP/flow.csv" --events /dev/null --books /dev/null --json /dev/null
expect_refused "$HEADROOM" replay "$TMP/flow.csv" --format itch50
expect_err 'holds no message of ITCH 5.0'

# ---- an engine that cannot be judged has not failed: the run broke, and says why ----
# (what a caller left open would count too)
expect_exit 2 bash -c 'exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    ulimit -n 4; exec "$HEADROOM" run tests/profiles/tiny.yaml -o "$TMP/few"'
expect_err '^headroom: the run broke: .*Too many open files'
grep -q 'conformance could not be judged' "$TMP/few/result.json" || failed "the result does not say why"

# ---- limits of the process, and a signal while nothing comes in ----
expect_exit 2 bash -c 'ulimit -f 1; exec "$HEADROOM" flow --count 10000 -o "$TMP/limited"'
expect_err 'limited: cannot be written: File too large'
mkfifo "$TMP/silent"
exec 7<>"$TMP/silent"
printf 'N,0,1,1,B,L,D,100,5\n' >&7
# The shell ignores SIGINT in what it starts beside itself, so TERM stands for Ctrl-C.
"$HEADROOM" replay "$TMP/silent" --markets 1 --orders 10 --levels 10 2>"$TMP/err" &
pid=$!
sleep 0.3
kill -TERM "$pid"
wait "$pid"
[ $? -eq 143 ] || failed "a replay that waits for input did not stop"
expect_err 'stopped by a signal|Interrupted'
exec 7>&-

# ---- an engine that takes the process along is named ----
expect_refused "$HEADROOM" replay "$TMP/flow.csv" -e "$BUILD/plugins/leaves.so"
expect_err 'plugins/leaves.so ended the process'
case $BUILD in
*asan* | *tsan*) ;; # there the sanitizer tells it
*)
    expect_exit 134 sh -c 'ulimit -c 0; exec "$HEADROOM" replay "$TMP/flow.csv" -e "$BUILD/plugins/dies_at_work.so"'
    expect_err 'crashed with the engine .*dies_at_work.so in it'
    ;;
esac

# ---- every case that a result holds can be asked for ----
expect_exit 0 "$HEADROOM" run "$TINY" -n -f 'conformance/.*/rules'
expect_refused "$HEADROOM" run "$TINY" -n -f '((((a{1,200}){1,200}){1,200}){1,200})'
expect_exit 0 "$HEADROOM" run "$TINY" -n -f 'marke(t){1,2}s/'
