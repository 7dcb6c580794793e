#!/usr/bin/env bash
# The kernels as OpenCL C 1.2 and as Metal: clang reads them, and refuses what those compilers would refuse.
. tests/cli/check.sh

command -v clang >/dev/null 2>&1 || skip "clang is not installed: the kernels' dialects are not checked"
shape=(-DK_GROUP=64 -DK_ITEMS=8 -DK_DIGIT_BITS=4 -Wall -Wno-unused-function -Werror -fsyntax-only)
opencl=(clang -x cl -cl-std=CL1.2 -Xclang -finclude-default-header "${shape[@]}")
metal=(clang -x c -std=c11 -fdouble-square-bracket-attributes -Wno-unknown-attributes -Itests/metal
    -D__METAL_VERSION__=240 -DK_METAL_SHIM "${shape[@]}")
"${opencl[@]}" /dev/null 2>/dev/null || skip "this clang reads no OpenCL C"

# The text that a device's compiler is given, as the Makefile makes it.
text() { # HEADER…
    for header in "$@"; do sed '/^#include "/d' "engine-under-test/device/kernel_$header.h"; done
}
# For Metal: a value comes by reference, which C has not; tests/metal/metal_stdlib stands in for the rest.
for_metal() {
    sed 's/constant T &name/const T name/' "$1" >"$1.c"
}

text dialect layout group book match >"$TMP/match"
text dialect walk ceilings >"$TMP/ceilings"
text dialect matrix product >"$TMP/product"
for kernel in match ceilings product; do
    for_metal "$TMP/$kernel"
    expect_exit 0 "${opencl[@]}" "$TMP/$kernel"
    expect_exit 0 "${metal[@]}" "$TMP/$kernel.c"
done

# The check can fail: these are C, and wrong on a device.
wrong() { # KERNEL…
    { cat "$TMP/ceilings" && printf '%s\n' "$@"; } >"$TMP/wrong"
    for_metal "$TMP/wrong"
    expect_exit 1 "${metal[@]}" "$TMP/wrong.c"
    expect_err "$reason"
}
reason='address space'
wrong 'K_KERNEL wrong(K_BUF(u32, a, 0) K_IDS) { u32 *plain = a; *plain = 1u; }'
expect_exit 1 "${opencl[@]}" "$TMP/wrong"
wrong 'K_FN void set(u32 *at) { *at = 1u; }' 'K_KERNEL wrong(K_BUF(u32, a, 0) K_IDS) { set(a); }'
expect_exit 1 "${opencl[@]}" "$TMP/wrong"
wrong 'K_FN void set(K_TG u32 *at) { *at = 1u; }' 'K_KERNEL wrong(K_BUF(u32, a, 0) K_IDS) { set(a); }'
expect_exit 1 "${opencl[@]}" "$TMP/wrong"
reason=error
wrong 'K_KERNEL wrong(K_BUF(u32, a, 0) K_IDS) { u32 half = a[0]; a[1] = half; }'
expect_exit 1 "${opencl[@]}" "$TMP/wrong"
wrong 'K_KERNEL wrong(K_BUF(u32, a, 0) K_IDS) { a[0] = (u32)(a[1] * (double)2); }'
wrong 'K_KERNEL wrong(K_BUF(k_au32, a, 0) K_IDS) { a[0] = 1u; }'
exit 0
