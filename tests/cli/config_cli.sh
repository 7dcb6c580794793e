#!/usr/bin/env bash
# config_cli.sh - settings from profiles, flags and the environment: what is wrong is said in one line.
. tests/cli/check.sh

"$HEADROOM" --help | grep -q '^  run ' || skip "this program has no run command"

bad() { # text of a profile, what must be said
    printf '%b' "$1" >"$TMP/bad.yaml"
    expect_refused "$HEADROOM" run -n "$TMP/bad.yaml"
    expect_err "$2"
}

bad '' 'bad.yaml:1: the file holds no settings'
bad 'flow:\n  marktes: 10\n' 'bad.yaml:2: unknown setting flow.marktes; did you mean flow.markets[?]'
bad 'flow:\n  markets: ten\n' "bad.yaml:2: flow.markets: 'ten'"
bad 'run:\n  budget: 10\n' 'bad.yaml:2: run.budget: .*no unit'
bad 'run:\n  runs: 0\n' 'bad.yaml:2: run.runs is 0; it must be 1 to'
bad 'flow:\n  markets: 1\n  markets: 2\n' 'bad.yaml:3: .*given twice, first on line 2'
bad 'a: &a [1,1,1]\nb: [*a,*a]\n' 'bad.yaml:1: anchors'
bad 'flow: {markets: {x: 1}}\n' 'bad.yaml:1: .*nested too deep'
bad '\xff\xfe\x00' 'bad.yaml:1: '
bad 'flow:\n  levels: 4096\n  price_mid: 10\n' 'flow.price_mid'

# Anchors that would expand without end, and depth without end, cost nothing.
{
    echo 'a0: &a0 [x]'
    for i in $(seq 1 40); do echo "a$i: &a$i [*a$((i - 1)),*a$((i - 1))]"; done
} >"$TMP/bomb.yaml"
expect_refused "$HEADROOM" run -n "$TMP/bomb.yaml"
head -c 100000 /dev/zero | tr '\0' '[' >"$TMP/deep.yaml"
expect_refused "$HEADROOM" run -n "$TMP/deep.yaml"
head -c 2000000 /dev/zero | tr '\0' '#' >"$TMP/huge.yaml"
expect_refused "$HEADROOM" run -n "$TMP/huge.yaml"
expect_err 'larger than 1 MiB'

mkdir "$TMP/folder.yaml"
expect_refused "$HEADROOM" run -n "$TMP/folder.yaml"
expect_err 'is a folder'
expect_refused "$HEADROOM" run -n "$TMP/none.yaml"
expect_err 'none.yaml: No such file'
expect_refused "$HEADROOM" run -n quikc
expect_err 'did you mean quick[?]'
expect_refused "$HEADROOM" run -n -S flow.markets
expect_refused "$HEADROOM" run -n -S flow.preset=nosuch
expect_err 'no flow preset'
expect_refused "$HEADROOM" run -n -S flow.zipf=nan
expect_refused env HEADROOM_FLOW_MARKETS=-3 "$HEADROOM" run -n quick
expect_err 'HEADROOM_FLOW_MARKETS'
expect_refused env HEADROOM_FLOW_MARKTES=3 "$HEADROOM" run -n quick
expect_err 'did you mean HEADROOM_FLOW_MARKETS[?]'
expect_refused env HEADROOM_CONFIGS="$TMP" "$HEADROOM" run -n quick

# The table explains itself.
expect_exit 0 "$HEADROOM" run --help
expect_out '^  flow.markets '
expect_out '^  capacity.bound '

printf 'summary: mine\nflow:\n  markets: 10\n' >"$TMP/mine.yaml"
expect_exit 0 "$HEADROOM" run -n "$TMP/mine.yaml"
for profile in quick standard; do
    expect_exit 0 "$HEADROOM" run -n "$profile"
done
