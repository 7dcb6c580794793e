#!/bin/bash
# What `headroom run -f cluster` promises: the same digests over forked processes and over the ranks of
# each MPI that is here, one report, and a dead rank's name. No figure is looked at.
. tests/cli/check.sh

TINY=tests/profiles/tiny.yaml
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # a container's only user is root
limit="timeout -s KILL 120"
command -v timeout >/dev/null || limit=

# digests RESULT: of the cluster's cases, by name.
digests() {
    grep -oE '"(digest|id)": "[^"]*"' "$1" | sed 's/.*: "//; s/"$//' |
        awk 'length($0) == 16 && $0 !~ /\// { digest = $0; next } /^cluster/ { if (digest) print $0, digest } { digest = "" }' | sort
}

# with_ranks MPIRUN N OUTPUT [ARGUMENT…]
with_ranks() {
    mpirun=$1 ranks=$2 output=$3
    shift 3
    case $mpirun in *openmpi*) oversubscribe=--oversubscribe ;; *) oversubscribe= ;; esac
    # shellcheck disable=SC2086
    $limit "$mpirun" $oversubscribe -np "$ranks" "$HEADROOM" run "$TINY" -f '^cluster/' -o "$output" "$@" \
        >"$TMP/out" 2>"$TMP/err" </dev/null
}

# ---- without mpirun: forked, and said so ----
"$HEADROOM" run "$TINY" -f '^cluster/' -S cluster.ranks=3 -o "$TMP/forked" >"$TMP/out" 2>"$TMP/err" </dev/null
status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || failed "exit $status of a run over forked ranks"
for case in link ranks=1 ranks=2 ranks=3 router/ranks=2 router-owns/ranks=3 weak/ranks=3 layout=documents/ranks=3 \
    flow=zipf/even/ranks=3 flow=zipf/cut/ranks=3 generate=ranks/ranks=3; do
    grep -q "\"id\": \"cluster/inproc/reference/$case\"" "$TMP/forked/result.json" || failed "no case $case"
done
grep -q '"ranks_by": "forked processes"' "$TMP/forked/result.json" || failed "it does not say who the ranks were"
grep -Eq '"id": "cluster/[^"]*nodes=' "$TMP/forked/result.json" && failed "processes of one host are called nodes"
digests "$TMP/forked/result.json" >"$TMP/digests"
[ "$(grep -c . "$TMP/digests")" -ge 5 ] || failed "hardly any case has a digest"

# ---- what cannot be is told ----
printf 'markets: 10\nnode1:\n  first: 0\n  last: 5\nnode2:\n  first: 5\n  last: 9\n' >"$TMP/bad.yaml"
expect_refused "$HEADROOM" run "$TINY" -S cluster.layouts="$TMP/bad.yaml"
expect_err 'bad.yaml:7: node2 overlaps node1'
expect_refused "$HEADROOM" run "$TINY" -S cluster.layouts=nowhere
expect_refused "$HEADROOM" run "$TINY" -n -S cluster.generate=all
expect_err 'cluster.generate=all: router or ranks'
expect_exit 0 "$HEADROOM" run "$TINY" -n -S cluster.ranks=2 -S cluster.generate=ranks
expect_out 'cluster/inproc/reference/generate=ranks/ranks=2'
expect_out 'cluster/inproc/reference/weak/generate=ranks/ranks=2'
expect_out 'cluster/inproc/reference/router/ranks=1'
expect_exit 6 "$HEADROOM" run "$TINY" -n -p mpi
expect_err "mpirun -np N headroom run -f cluster"
expect_exit 0 "$HEADROOM" run "$TINY" -n -S cluster.ranks=2
expect_out 'cluster/inproc/reference/ranks=2'
cp "$HEADROOM" "$TMP/alone"
expect_exit 6 env OMPI_COMM_WORLD_RANK=0 HEADROOM_CONFIGS="$PWD/configs" "$TMP/alone" run "$TINY"
expect_err 'rank 0, but this build has no openmpi: scripts/bootstrap'
expect_exit 2 env PMI_RANK=0 HEADROOM_MPI=mine "$HEADROOM" run "$TINY"
expect_err 'HEADROOM_MPI=mine: openmpi, mpich or none'
for alone in HEADROOM_MPI=none PMI_SIZE=1; do # the only one is no rank
    expect_exit 0 env PMI_RANK=0 "$alone" HEADROOM_CONFIGS="$PWD/configs" "$TMP/alone" run "$TINY" -n
done
expect_exit 0 "$HEADROOM" run "$TINY" -n --against reference -f cluster
expect_out 'cluster/inproc/reference/ranks .*the ranks have one engine'

# ---- with each MPI ----
tried=
for kind in openmpi mpich; do
    mpirun=$(command -v "mpirun.$kind") || continue
    [ -e "$(dirname "$(readlink -f "$HEADROOM")")/headroom-$kind.so" ] || continue
    tried="$tried $kind"
    with_ranks "$mpirun" 3 "$TMP/$kind"
    status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || failed "exit $status of $mpirun"
    [ "$(grep -c '^report: ' "$TMP/out")" -eq 1 ] || failed "not one rank alone reported"
    grep -q '"ranks": 3' "$TMP/$kind/result.json" || failed "not three ranks"
    digests "$TMP/$kind/result.json" >"$TMP/digests.mpi"
    [ -s "$TMP/digests.mpi" ] || failed "no digests over $kind"
    # A case that the machine disturbed has none: those that both have are the same.
    join "$TMP/digests" "$TMP/digests.mpi" | awk '$2 != $3' >"$TMP/differ"
    [ ! -s "$TMP/differ" ] || { cat "$TMP/differ" >&2; failed "digests over $kind differ from forked ranks'"; }

    # Wrong input: one line of one rank, no hang.
    ! with_ranks "$mpirun" 2 "$TMP/never" -S no.such=1 || failed "a wrong setting passed under $mpirun"
    [ "$(grep -c 'unknown setting no.such' "$TMP/err")" -eq 1 ] || failed "it is not said once"

    # A rank that is killed: its name, a report of what there is, and no hang.
    with_ranks "$mpirun" 3 "$TMP/killed-$kind" -S run.runs=5000 -S cluster.orders=100k -S run.budget=1h &
    job=$!
    victim=
    for _ in $(seq 400); do
        sleep 0.1
        grep -q 'measuring: cluster' "$TMP/err" 2>/dev/null || continue
        for process in $(pgrep -f "$TMP/killed-$kind"); do
            [ "$(tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null |
                sed -nE 's/^(OMPI_COMM_WORLD_RANK|PMI_RANK)=//p')" = 2 ] || continue
            [ "$(cat "/proc/$process/comm" 2>/dev/null)" = headroom ] && victim=$process
        done
        [ -z "$victim" ] || break
    done
    [ -n "$victim" ] || failed "rank 2 was not found under $mpirun"
    kill -9 "$victim"
    ! wait "$job" || failed "a run with a dead rank ended well"
    for _ in $(seq 100); do # Open MPI's mpirun does not wait for the witness
        grep -q '"complete": false' "$TMP/killed-$kind/result.json" &&
            grep -q "rank 2 of 3 (host .*, process $victim) died" "$TMP/killed-$kind/result.json" && break
        sleep 0.1
    done
    grep -q "rank 2 of 3 (host .*, process $victim) died" "$TMP/killed-$kind/result.json" ||
        failed "the report does not name the dead rank"
    grep -q '"complete": true' "$TMP/killed-$kind/result.json" && failed "a partial result says it is whole"
done
[ -n "$tried" ] || skip "no MPI here: forked ranks were tested, ranks of mpirun were not"
