#!/usr/bin/env bash
# What the profile planet promises, with few markets: every one proved, no tape of their load, figures of
# size and loading. Nothing here depends on how fast the machine is; a busy one may void a run (exit 3).
. tests/cli/check.sh

small() { # FOLDER [ARGUMENT…]
    folder=$1
    shift
    "$HEADROOM" run planet -f 'planet' -S markets.planet=2000 -S markets.requests=50k -S run.ceilings=0s \
        -S run.runs=2 -o "$folder" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
    status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || failed "exit $status of headroom run planet"
}

has() {
    grep -Eq -- "$2" "$1" || failed "$1 does not match: $2"
}

digest_of() { # KEY FILE
    sed -n "s/^.*\"$1\": \"\\([0-9a-f]\\{16\\}\\)\".*/\\1/p" "$2" | sort -u
}

# ---- the plan: one case of five million, inside the profile's five minutes ----
expect_exit 0 "$HEADROOM" run planet -n
expect_out 'markets/inproc/reference/planet +3 '
seconds=$(sed -n 's/.*cases, about \([0-9]*\) s.*/\1/p' "$TMP/out")
[ "${seconds:-999}" -le 300 ] || failed "the plan of planet takes $seconds s"

# ---- a small one ----
small "$TMP/run"
has "$TMP/run/result.json" '"id": "markets/inproc/reference/planet"'
has "$TMP/run/result.json" '"l2_levels": 20'
has "$TMP/run/result.json" '"load": 144000'
has "$TMP/run/result.json" '"steady": 50000'
grep -q 'digest.*is not the oracle' "$TMP/run/result.json" && failed "a digest differs"
if [ "$status" -eq 0 ]; then
    for metric in load_rate_markets bytes_per_l3_market bytes_per_l2_market resident_peak; do
        has "$TMP/run/result.json" "\"name\": \"$metric\""
    done
    [ "$(digest_of digest "$TMP/run/result.json")" = "$(digest_of oracle_digest "$TMP/run/result.json")" ] ||
        failed "the digest is not the oracle's"
fi

# ---- the same seed, the same flow; another seed, another ----
small "$TMP/again" -S run.batch=100
small "$TMP/other" -S flow.seed=2
oracle=$(digest_of oracle_digest "$TMP/run/result.json")
[ -n "$oracle" ] || failed "no digest of the oracle"
[ "$(digest_of oracle_digest "$TMP/again/result.json")" = "$oracle" ] || failed "the flow is not repeatable"
[ "$(digest_of oracle_digest "$TMP/other/result.json")" = "$oracle" ] && failed "the seed does nothing"
exit 0
