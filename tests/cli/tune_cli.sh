#!/usr/bin/env bash
# headroom tune: tells, sets only what is asked for, and puts back what is still as it was set.
. tests/cli/check.sh

root=$TMP/host
record=$TMP/tuned.json
put() {
    mkdir -p "$root$(dirname "$1")"
    printf '%s\n' "$2" >"$root$1"
}
is() { [ "$(cat "$root$1")" = "$2" ] || failed "$1 is $(cat "$root$1"), not $2"; }
gov() { echo "/sys/devices/system/cpu/cpu$1/cpufreq/scaling_governor"; }
for cpu in 0 1 2; do put "$(gov $cpu)" powersave; done
put "$(gov 1)" performance
put /proc/sys/vm/swappiness 60
put /proc/sys/kernel/numa_balancing 0
put /proc/sys/kernel/sched_rt_runtime_us 950000
put /sys/kernel/mm/transparent_hugepage/enabled 'always [madvise] never'

expect_exit 0 "$HEADROOM" tune --root "$root"
expect_out 'not set  governor .*powersave .*2 of 3 are not'
expect_out ' set      numa-balancing'
expect_out 'not set  realtime-share'
expect_out '^2 of 5 are as wanted'
expect_exit 0 "$HEADROOM" tune --check --root "$root" --json -
[ "$(grep -c '"set": false' "$TMP/out")" -eq 3 ] || failed "the check as JSON"

# By itself only what takes nothing from others; by name the rest.
expect_exit 0 "$HEADROOM" tune --apply --root "$root" --record "$record"
is "$(gov 0)" performance
is "$(gov 2)" performance
is /proc/sys/vm/swappiness 1
is /proc/sys/kernel/sched_rt_runtime_us 950000
expect_refused "$HEADROOM" tune --apply realtime-share --root "$root" --record "$record"
expect_err 'is there already'
is /proc/sys/kernel/sched_rt_runtime_us 950000
expect_exit 0 "$HEADROOM" tune --apply realtime-share --root "$root" --record "$TMP/second.json"
is /proc/sys/kernel/sched_rt_runtime_us -1
expect_exit 0 "$HEADROOM" tune --apply swappiness --root "$root" --record "$TMP/third.json"
expect_err 'nothing was changed'
[ ! -e "$TMP/third.json" ] || failed "a record of nothing"

# What somebody changed since stays, and stays in the record; the rest is as it was.
put /proc/sys/vm/swappiness 30
expect_exit 1 "$HEADROOM" tune --undo --root "$root" --record "$record"
expect_err 'somebody changed it since'
is /proc/sys/vm/swappiness 30
is "$(gov 0)" powersave
is "$(gov 1)" performance
put /proc/sys/vm/swappiness 1
expect_exit 0 "$HEADROOM" tune --undo --root "$root" --record "$record"
is /proc/sys/vm/swappiness 60
[ ! -e "$record" ] || failed "the record is left"
expect_refused "$HEADROOM" tune --undo --root "$root" --record "$record"

# A record may only name what is tuned here.
for setting in /etc/passwd /sys/devices/system/cpu/../../../etc/cpufreq/scaling_governor /proc/sys/vm/swappiness/../x; do
    printf '{"record": "headroom-tuned", "changes": [{"name": "x", "setting": "%s", "was": "1", "set": "2"}]}' "$setting" >"$TMP/bad.json"
    expect_refused "$HEADROOM" tune --undo --root "$root" --record "$TMP/bad.json"
    expect_err 'bad.json:1: change 1 is of no setting'
done
printf '{"record": ' >"$TMP/bad.json"
expect_refused "$HEADROOM" tune --undo --root "$root" --record "$TMP/bad.json"
expect_err 'bad.json:1:'

expect_refused "$HEADROOM" tune --apply governer --root "$root" --record "$record"
expect_err "did you mean 'governor'"
expect_refused "$HEADROOM" tune governor --root "$root"
expect_refused "$HEADROOM" tune --apply --undo --root "$root"

# There must be something to put it back from.
put /proc/sys/vm/swappiness 60
expect_refused "$HEADROOM" tune --apply swappiness --root "$root" --record -
is /proc/sys/vm/swappiness 60

# A kernel that makes something else of what it was told (this file shows its number otherwise): that is in the record.
if [ -w /proc/self/coredump_filter ] && [ "$(cat /proc/self/coredump_filter)" != 00000001 ]; then
    ln -sf /proc/self/coredump_filter "$root/proc/sys/vm/swappiness"
    expect_exit 1 "$HEADROOM" tune --apply swappiness --root "$root" --record "$TMP/half.json"
    expect_err 'was told 1 and is 00000001'
    grep -q '"set": "00000001"' "$TMP/half.json" || failed "what the kernel made of it is not in the record"
fi

# What a network card is set to: a driver that does not tell makes no row of its own; by name alone, and back.
net=$TMP/net
root_before=$root root=$net
for nic in eth0 eth1 lo; do put /sys/class/net/$nic/mtu 1500; done
put /sys/class/net/bonding_masters eth0 # a file beside them, and no interface
put /ethtool/eth0/gro 1
put /ethtool/eth1/gro 0
put /ethtool/eth0/rx-ring-unused 3840
put /ethtool/eth0/tso 1
root=$root_before
expect_exit 0 "$HEADROOM" tune --root "$net"
expect_out 'not set  receive-merging  *1 .*wanted 0 .*1 of 2 are not; 1 cannot be known'
expect_out ' set      send-cutting  *1 '
expect_out 'not set  receive-ring-unused  *3840 '
expect_out 'unknown  interrupt-delay  *cannot be known here: .*/ethtool/eth0/rx-usecs: No such file'
expect_out 'not set  link-size  *1500 .*3 of 3 are not'
expect_out '^1 of 4 are as wanted; 3 cannot be known here'
expect_exit 0 "$HEADROOM" tune --check --root "$net" --json -
[ "$(grep -c '"set": null' "$TMP/out")" -eq 3 ] || failed "what cannot be known, as JSON"
expect_exit 0 "$HEADROOM" tune --apply --root "$net" --record "$TMP/cards.json" # nothing of it unasked
expect_err 'nothing was changed'
expect_exit 0 "$HEADROOM" tune --apply receive-merging receive-ring-unused interrupt-delay --root "$net" --record "$TMP/cards.json"
expect_err 'interrupt-delay cannot be known here'
expect_err '^2 set'
[ "$(cat "$net/ethtool/eth0/gro")$(cat "$net/ethtool/eth0/rx-ring-unused")" = 00 ] || failed "what was asked for is not set"
expect_exit 0 "$HEADROOM" tune --undo --root "$net" --record "$TMP/cards.json"
[ "$(cat "$net/ethtool/eth0/gro") $(cat "$net/ethtool/eth0/rx-ring-unused")" = "1 3840" ] || failed "not put back"
printf '{"record": "headroom-tuned", "changes": [{"name": "x", "setting": "/ethtool/eth0/../gro", "was": "1", "set": "2"}]}' >"$TMP/bad.json"
expect_refused "$HEADROOM" tune --undo --root "$net" --record "$TMP/bad.json"

# The kernel's own answers, and its obedience, where there is an interface that is nobody's.
namespace=hr-$$-tune
if command -v ip >/dev/null && ip netns add $namespace 2>/dev/null; then
    trap 'ip netns del $namespace; rm -rf "$TMP"' EXIT
    if ip -n $namespace link add hr0 type veth peer name hr1 2>/dev/null; then
        # told WHAT: of hr0, as the kernel says it
        told() { ip netns exec $namespace "$HEADROOM" tune --json - 2>/dev/null | sed -n "/\"name\": \"$1\"/,/}/p"; }
        told receive-merging | grep -q '"unknown": 0' || failed "the kernel knows what it merges"
        told interrupt-delay | grep -q 'its driver does not tell' || failed "a cable without a card has no interrupts"
        before=$(told send-cutting | grep '"set":')
        expect_exit 0 ip netns exec $namespace "$HEADROOM" tune --apply receive-merging --record "$TMP/live.json"
        expect_err '^/ethtool/.*/gro: 0, was 1'
        told receive-merging | grep -q '"set": true' || failed "the kernel was told, and says otherwise"
        expect_exit 0 ip netns exec $namespace "$HEADROOM" tune --undo --record "$TMP/live.json"
        told receive-merging | grep -q '"set": false' || failed "it was not put back"
        [ "$(told send-cutting | grep '"set":')" = "$before" ] || failed "something else was changed"
        # Told, but not to be changed: a cable merges nothing itself.
        printf '{"record": "headroom-tuned", "changes": [{"name": "receive-merging-card", "setting": "/ethtool/hr0/lro", "was": "1", "set": "0"}]}' >"$TMP/fixed.json"
        ip netns exec $namespace "$HEADROOM" tune --undo --record "$TMP/fixed.json" >"$TMP/out" 2>"$TMP/err" && failed "what cannot be changed was"
        expect_err 'hr0: its driver does not let it be changed'
    fi
    ip netns del $namespace
    trap 'rm -rf "$TMP"' EXIT
fi

# What a result says that it brings.
expect_exit 0 "$HEADROOM" run tests/profiles/tiny.yaml -f '^wire/inproc/.*/tuning' -o "$TMP/wire"
expect_exit 0 "$HEADROOM" tune --root "$root" --result "$TMP/wire/result.json"
expect_out 'measured: throughput [0-9.e+]+ orders/s, without [0-9.e+]+: [0-9.]+ times'
expect_err 'was measured on another host'
expect_refused "$HEADROOM" tune --root "$root" --result "$TMP/bad.json"
