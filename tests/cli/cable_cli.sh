#!/usr/bin/env bash
# The wire suite's own network: its cases are measured, or skipped with the reason; and nothing of it is left when the
# run was stopped or killed.
. tests/cli/check.sh

[ -e /proc/self/ns/net ] || skip "a system without network namespaces"
# Who may not is told so, case by case.
chmod 755 "$TMP" # the other user reads nothing of ours but the program
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    mkdir "$TMP/theirs"
    chown 65534 "$TMP/theirs"
    if setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$HEADROOM" -a -r tests/profiles/tiny.yaml; then
        expect_exit 0 setpriv --reuid=65534 --regid=65534 --clear-groups \
            "$HEADROOM" run tests/profiles/tiny.yaml -f '^wire/tcp/.*round_trip/cable=veth' -o "$TMP/theirs/result"
        grep -q 'no network namespaces for this user: ' "$TMP/theirs/result/result.json" || failed "skipped without the reason"
    fi
fi

"$HEADROOM" run tests/profiles/tiny.yaml -f '^wire/.*cable=veth' -o "$TMP/result" >"$TMP/out" 2>"$TMP/err" </dev/null
status=$?
case $status in 0 | 3) ;; *) failed "exit $status" ;; esac
! grep -q 'no network namespaces' "$TMP/result/result.json" || skip "no network namespaces for this user"
grep -q '"cable_bytes"' "$TMP/result/result.json" || failed "what crossed the cable is not told"
rm -r "$TMP/result"

# held FOLDER...: other network namespaces than this one's that descriptors in these folders hold.
home=$(readlink /proc/self/ns/net)
held() { find "$@" -lname 'net:*' -printf '%l\n' 2>/dev/null | grep -vxF "$home" | sort -u; }

for signal in TERM KILL; do
    "$HEADROOM" run tests/profiles/tiny.yaml -f '^wire/tcp/.*round_trip/cable=veth' -S wire.round_trips=1M -S run.budget=1h \
        -o "$TMP/$signal" >"$TMP/out" 2>"$TMP/err" </dev/null &
    pid=$!
    names=
    for _ in $(seq 400); do
        names=$(held "/proc/$pid/fd")
        [ -z "$names" ] || [ -z "$(ps -o pid= --ppid $pid)" ] || break
        sleep 0.02
    done
    [ -n "$names" ] || failed "a run that never held a namespace"
    kill -$signal $pid
    wait $pid 2>/dev/null
    status=$?
    [ $signal = KILL ] || [ $status -eq 143 ] || failed "exit $status after SIGTERM"
    for _ in $(seq 200); do
        left=$(held /proc/[0-9]*/fd | grep -xF "$names")
        [ -n "$left" ] || break
        sleep 0.05
    done
    [ -z "$left" ] || failed "somebody still holds $left after SIG$signal"
done
exit 0
