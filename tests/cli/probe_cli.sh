#!/usr/bin/env bash
# headroom probe: text, JSON, captured hosts, bad usage; scripts/capture-host.
. tests/cli/check.sh

hosts=tests/golden/hosts

expect_exit 0 "$HEADROOM" probe
expect_out '^fingerprint [0-9a-f]{16}$'
expect_out '^  processor '
expect_out '^  memory +[0-9.]+ [KMGT]iB'
expect_out '^ready for measuring\?$'
expect_out '^(ready|usable|not ready): '

# JSON on standard output is only JSON, a record that the tool itself reads as one.
expect_exit 0 "$HEADROOM" probe --json -
expect_out '^\{'
expect_out '"name": "headroom-result"'
expect_out '"readiness"'
[ "$(tail -c 2 "$TMP/out" | head -c 1)" = '}' ] || failed "standard output does not end with the JSON"
expect_exit 0 "$HEADROOM" probe --json "$TMP/probe.json"
expect_out '^fingerprint '
grep -q '"ceilings": \[\]' "$TMP/probe.json" || failed "no ceilings were asked for"
grep -qF -- '"--json"' "$TMP/probe.json" || failed "the record lacks the command line's options"

# A captured host; the one fact no file of it holds is named with the reason.
expect_exit 0 "$HEADROOM" probe --root $hosts/raspberry-pi-5/root
expect_out '^Raspberry Pi 5 Model B Rev 1.0: Cortex-A76, 4 cores, 8 GiB'
expect_out '^  caches +L1 data: 4 × 64 KiB'
expect_out 'governor +ondemand +set the performance governor'
expect_exit 0 "$HEADROOM" probe --root $hosts/apple-m2-max/root/
expect_out '^Mac14,6: Apple M2 Max, 12 cores, 32 GiB, macOS 15.1'
expect_out 'Performance cores: 8'
expect_out 'threads cannot be bound'
HEADROOM_ROOT=$hosts/vm-2cpu/root expect_exit 0 "$HEADROOM" probe
expect_out 'KVM guest'

# An empty root: nothing is known, nothing breaks.
mkdir "$TMP/empty"
expect_exit 0 "$HEADROOM" probe --root "$TMP/empty"
expect_out 'unknown processor'
expect_out '/proc/meminfo: no MemTotal'

# Devices that compute: a captured host's are told; what is none on this one has a reason.
expect_exit 0 "$HEADROOM" probe --root $hosts/epyc-2x64/root
expect_out '^  compute +cuda: NVIDIA H100 PCIe, gpu, 79 GiB, 114 compute units$'
expect_exit 0 "$HEADROOM" probe --only compute
expect_out '"(cuda|metal|opencl)": [[{]'
! grep -q '"cpu": {' "$TMP/out" || failed "--only compute says more than it was asked"
expect_refused "$HEADROOM" probe --only nothing
expect_err 'no such probe'
expect_refused "$HEADROOM" probe --only cpu --ceilings

# Bad usage: one line, exit 2.
expect_refused "$HEADROOM" probe --root "$TMP/absent"
expect_err 'absent: not a folder'
expect_refused "$HEADROOM" probe --root "$TMP/empty" --ceilings
expect_err 'leave out --root'
expect_refused "$HEADROOM" probe --ceilings --seconds 0
expect_refused "$HEADROOM" probe --seconds 1e9
expect_refused "$HEADROOM" probe --bogus
expect_refused "$HEADROOM" probe one
expect_refused "$HEADROOM" probe --json "$TMP/absent/file.json"

# Ceilings, short; every one is a number or says why not.
expect_exit 0 "$HEADROOM" probe --ceilings --seconds 1 --json "$TMP/ceilings.json"
expect_out '^  clock/cost +[0-9.]+ ns'
expect_out '^  memory/bandwidth/read/threads=1 +[0-9.]+ .B/s'
expect_out '^  memory/lines/'
expect_out '^  cpu/compares +[0-9.]+ .? ?compares/s'
grep -q '"complete": true' "$TMP/ceilings.json" || failed "the record is not complete"

# Ctrl-C: what was finished is written, marked incomplete.
"$HEADROOM" probe --ceilings --seconds 20 --json "$TMP/stopped.json" >"$TMP/out" 2>"$TMP/err" &
child=$!
sleep 1
kill -INT "$child" 2>/dev/null
wait "$child"
status=$?
[ "$status" -eq 130 ] || failed "exit $status after an interrupt, expected 130"
grep -q '"complete": false' "$TMP/stopped.json" || failed "the interrupted record is not marked"

# A capture says, elsewhere, what the host says here; and holds no name of it.
if [ "$(uname -s)" = Linux ]; then
    expect_exit 0 scripts/capture-host "$TMP/captured"
    expect_out 'files in'
    expect_exit 0 "$HEADROOM" probe --root "$TMP/captured"
    expect_out '^fingerprint '
    expect_exit 0 "$HEADROOM" probe --root "$TMP/captured" --json "$TMP/there.json"
    expect_exit 0 "$HEADROOM" probe --json "$TMP/here.json"
    [ ! -x build/headroom ] || [ -s "$TMP/captured/compute.json" ] || failed "the devices that compute were not captured"
    for key in cores threads packages total_bytes swap_bytes mtu_bytes perf_event_paranoid; do
        grep "\"$key\"" "$TMP/there.json" >"$TMP/there.$key"
        grep "\"$key\"" "$TMP/here.json" >"$TMP/here.$key"
        expect_same "$TMP/there.$key" "$TMP/here.$key"
    done
    [ "$(cat "$TMP/captured/proc/sys/kernel/hostname")" = captured ] || failed "the host's name was captured"
    [ -z "$(find "$TMP/captured" -name address -o -name serial -o -name product_uuid)" ] || failed "addresses or serials were captured"
    for address in /sys/class/net/*/address; do
        mac=$(cat "$address" 2>/dev/null)
        case $mac in '' | 00:00:00:00:00:00) continue ;; esac
        ! grep -rqi -- "$mac" "$TMP/captured" || failed "a MAC address was captured"
    done
    expect_exit 2 scripts/capture-host "$TMP/captured"
    expect_err 'not empty'
fi
expect_exit 2 scripts/capture-host
expect_exit 2 scripts/capture-host --bogus
exit 0
