#!/usr/bin/env bash
# conform_cli.sh - may this engine be measured? The command's verdicts, exits and streams.
. tests/cli/check.sh

conform() {
    expect_exit "$1" "$HEADROOM" conform "${@:2}"
}

# Right engines, and the first step after them.
for engine in oracle reference device:host; do
    conform 0 -e $engine --requests 20k
    expect_out '^scenarios: [0-9]+ passed, 0 failed, 0 skipped$'
    expect_out '^hostile flow: [0-9]+ requests in [0-9]+ rounds from seed 1: every event, book and digest'
    expect_out "^CONFORMS: $engine may be measured; next: headroom run -e $engine\$"
done
HEADROOM_ENGINE=oracle conform 0 --requests 1 --verbose
expect_out '^passed "a day order rests"$'

# Wrong ones: the scenarios, or a short flow that repeats.
conform 1 -e "$BUILD/skeleton.so"
expect_out '^FAILED "a day order rests"'
expect_out '^the first 10 failures are shown; --verbose shows all$'
expect_out '^DOES NOT CONFORM'
# The skeleton is copied with engine.h beside it, as it says, and loads.
if command -v "${CC:-cc}" >/dev/null 2>&1; then
    cp engine-under-test/skeleton.c engine-under-test/engine.h "$TMP"
    (cd "$TMP" && "${CC:-cc}" -std=c11 -fPIC -shared skeleton.c -o my-engine.so) || failed 'the skeleton does not compile alone'
    (cd "$TMP" && expect_exit 1 "$HEADROOM" conform -e my-engine.so) || exit 1
    expect_out '^DOES NOT CONFORM: no figure of my-engine.so'
fi

conform 1 -e "$BUILD/mutants/partial_fill_forgets_post.so"
expect_out '^FAILED hostile flow of seed [0-9]+, shrunk to [0-9] requests$'
expect_out '^  expected  .*would_cross$'
repeat=$(sed -n 's/^  repeat    headroom //p' "$TMP/out")
# shellcheck disable=SC2086
expect_exit 1 "$HEADROOM" $repeat
expect_out '^FAILED hostile flow of seed'

# The flow that it saves, replayed: the mutant and the oracle part where it said.
conform 1 -e "$BUILD/mutants/partial_fill_forgets_post.so" --flow "$TMP/failing.bin"
wanted=$(sed -n 's/^  expected  //p' "$TMP/out")
replay=$(sed -n 's/^  flow      headroom //p' "$TMP/out")
# shellcheck disable=SC2086
expect_exit 0 "$HEADROOM" ${replay/$BUILD\/mutants\/partial_fill_forgets_post.so/oracle}
grep -qxF "$wanted" "$TMP/out" || failed "the oracle's replay has no line $wanted"
# shellcheck disable=SC2086
expect_exit 0 "$HEADROOM" $replay
! grep -qxF "$wanted" "$TMP/out" || failed "the mutant's replay has the line $wanted"
conform 1 -e "$BUILD/mutants/partial_fill_forgets_post.so" --flow /nonexistent/failing.bin
expect_out '^  flow      not saved: '

conform 1 -e "$BUILD/mutants/crashes_when_full.so"
expect_out 'FAILED engine mutant crashed with signal 11'

# JSON alone on standard output, the account beside it.
conform 1 -e "$BUILD/mutants/partial_fill_forgets_post.so" --json -
expect_out '^  "conforms": false,$'
expect_out '"failed_seed": [0-9]+'
expect_err '^DOES NOT CONFORM'
head -c 1 "$TMP/out" | grep -q '{' || failed 'standard output does not start with {'
conform 0 -e oracle --requests 1 --json "$TMP/verdict.json"
grep -q '"conforms": true' "$TMP/verdict.json" || failed 'no verdict in the JSON file'
conform 2 -e oracle --requests 1 --json /nonexistent/verdict.json
expect_err 'cannot write /nonexistent/verdict.json'

# What cannot be judged.
conform 2 -e null
expect_err 'engine null is a ruler'
conform 6 -e nonesuch
expect_err 'no engine "nonesuch"'
conform 6 -e ./nonesuch.so
conform 2 -e ./Makefile
expect_err 'not a shared library'
conform 2 -e "$BUILD/plugins/wrong_size.so"
expect_err 'struct_size'
conform 1 -e "$BUILD/plugins/makes_nothing.so"
expect_out 'create\(\) with plain limits returned'
conform 2 -e oracle --requests many
