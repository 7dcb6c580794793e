# shellcheck shell=bash
# check.sh - what the command-line tests share. Sourced from the top of the tree: . tests/cli/check.sh
#
# $HEADROOM is the program, $TMP a fresh folder that is removed at the end. A failed expectation
# prints what was expected and what came, and ends the test with status 1.

set -u
HEADROOM=${HEADROOM:-$PWD/build/release/headroom}
BUILD=${HEADROOM_TEST_BUILD:-$(dirname "$HEADROOM")}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/headroom-cli.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
export HEADROOM BUILD TMP
export CI=1 LC_ALL=C
export POCL_CACHE_DIR=$BUILD/pocl-cache # whoever asks for devices writes there, not in the user's home
unset HEADROOM_ENGINE HEADROOM_SEED 2>/dev/null || true

failed() {
    printf 'FAILED: %s\n' "$*" >&2
    [ -s "$TMP/out" ] && { echo '--- standard output (last lines):'; tail -n 15 "$TMP/out"; } >&2
    [ -s "$TMP/err" ] && { echo '--- standard error (last lines):'; tail -n 15 "$TMP/err"; } >&2
    exit 1
}

skip() {
    printf 'skipped: %s\n' "$*" >&2
    exit 77
}

# expect_exit N COMMAND…: runs it, keeps $TMP/out and $TMP/err.
expect_exit() {
    expected=$1
    shift
    "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
    actual=$?
    [ "$actual" -eq "$expected" ] || failed "exit $actual, expected $expected: $*"
}

# One clear line on standard error, and exit 2.
expect_refused() {
    expect_exit 2 "$@"
    lines=$(wc -l <"$TMP/err")
    [ "$lines" -eq 1 ] || failed "$lines lines on standard error, expected 1: $*"
}

expect_out() {
    grep -Eq -- "$1" "$TMP/out" || failed "standard output does not match: $1"
}

expect_err() {
    grep -Eq -- "$1" "$TMP/err" || failed "standard error does not match: $1"
}

expect_same() {
    cmp -s -- "$1" "$2" || {
        diff -- "$1" "$2" | head -n 20 >&2
        failed "files differ: $1 $2"
    }
}

# expect_golden FILE GOLDEN: the same, or HEADROOM_BLESS=1 accepts FILE as right.
expect_golden() {
    if [ -n "${HEADROOM_BLESS:-}" ]; then
        cp -- "$1" "$2"
    else
        expect_same "$2" "$1"
    fi
}
