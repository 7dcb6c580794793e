#!/usr/bin/env bash
# The one call for a machine with a GPU: its refusals, and the program that needs no libraries, on the host's own device.
. tests/cli/check.sh

expect_refused scripts/measure-device -a vulkan
expect_err '^measure-device: -a vulkan is none'
expect_refused scripts/measure-device -o "$TMP"
expect_err 'is there already: give another folder'

VARIANT=$(basename "$BUILD")
expect_exit 0 env -u MAKEFLAGS make "VARIANT=${VARIANT%%-*}" device-bench
! ldd "$BUILD/device-bench" 2>/dev/null | grep -Ev 'vdso|lib(c|m|dl|pthread|asan|ubsan|tsan|gcc_s)[.-]|ld-' ||
    failed "device-bench needs a library"
expect_exit 2 "$BUILD/device-bench" -n none
expect_exit 0 "$BUILD/device-bench" -a host -n 20000 -k 1000 -r 1 -s 60 -m 1000 -f sparse
expect_out '"engine": "device:host", "scenarios": [0-9]+, "requests": [0-9]+, "right": true'
expect_out '"flow": "sparse", "batch": 16384, "throughput": .*"pinned": .*"resident": '
expect_out '"flow": "sparse", "offered": 150000000, "reached": '
expect_out '"error": "", "seconds"'
[ "$(uname -s)" = Darwin ] || {
    expect_exit 77 "$BUILD/device-bench" -a metal
    expect_err 'no device by metal'
}
