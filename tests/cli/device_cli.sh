#!/usr/bin/env bash
# The engine on a device, from end to end: the same bytes as the oracle, and a clear word where there is no device.
. tests/cli/check.sh

# A driver that is not there is one line with the reason, exit 6.
no_device() { # ENGINE TEXT
    OCL_ICD_VENDORS=/nonexistent expect_exit 6 "$HEADROOM" conform -e "$1"
    expect_err "^headroom: $1: no device: .*$2"
    [ "$(wc -l <"$TMP/err")" -eq 1 ] || failed "more than one line for $1"
}
expect_exit 6 "$HEADROOM" conform -e device:vulkan
expect_err 'built in are .*device:host, device:auto, device:cuda, device:metal, device:opencl'
[ "$(uname -s)" = Darwin ] || no_device device:metal 'of macOS only'

# The same events and books, byte for byte, whatever the batches are.
expect_exit 0 "$HEADROOM" flow --count 30000 --markets 300 -S flow.l2_share=0.2 -o "$TMP/flow.csv"
same() { # ENGINE BATCH
    expect_exit 0 "$HEADROOM" replay "$TMP/flow.csv" -e "$1" --batch "$2" --markets 300 --l2 60 --orders 100000 \
        --levels 100000 --events "$TMP/events.$1" --books "$TMP/books.$1"
    expect_same "$TMP/events.oracle" "$TMP/events.$1"
    expect_same "$TMP/books.oracle" "$TMP/books.$1"
}
expect_exit 0 "$HEADROOM" replay "$TMP/flow.csv" -e oracle --markets 300 --l2 60 --orders 100000 --levels 100000 \
    --events "$TMP/events.oracle" --books "$TMP/books.oracle"
same device:host 1
same device:host 4096
# More than a device can number is refused by name.
expect_refused "$HEADROOM" replay "$TMP/flow.csv" -e device:host --markets 300 --orders 4e9 --levels 100000
expect_err 'device:host: .* orders on the device'

if ! "$HEADROOM" replay "$TMP/flow.csv" -e device:opencl --markets 300 --l2 60 --orders 100000 --levels 100000 \
    >"$TMP/out" 2>"$TMP/err"; then
    expect_err '^headroom: device:opencl: no device: '
    skip "no OpenCL device here: install PoCL"
fi
same device:opencl 5000
expect_exit 0 "$HEADROOM" conform -e device:opencl --requests 5000
expect_out '^CONFORMS: device:opencl'
[ "$(uname -s)" = Darwin ] || no_device device:opencl 'the OpenCL loader knows no driver'
