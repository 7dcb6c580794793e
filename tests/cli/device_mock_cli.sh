#!/usr/bin/env bash
# The CUDA and the Metal way from end to end, against drivers that are none: what works, and how each failure is told.
. tests/cli/check.sh

[ -e "$BUILD/mocks/libcuda.so.1" ] || skip "no mock libraries are built on this system"
with=(env "LD_LIBRARY_PATH=$BUILD/mocks")

# Found, told, and right: every event, though nothing is done before it is waited for.
expect_exit 0 "${with[@]}" "$HEADROOM" probe
expect_out '^  compute +cuda: Mock GPU 0, gpu, 4 GiB, 2 compute units$'
expect_exit 0 "${with[@]}" "$HEADROOM" conform -e device:cuda --requests 20000
expect_out '^CONFORMS: device:cuda'
HEADROOM_MOCK_CUDA_UNIFIED=1 expect_exit 0 "${with[@]}" "$HEADROOM" conform -e device:cuda --requests 2000
expect_exit 0 "${with[@]}" "$HEADROOM" conform -e device:auto --requests 1000

# What a driver can say before there is a device: one line, exit 6.
missing() { # MOCK TEXT
    HEADROOM_MOCK=$1 expect_exit 6 "${with[@]}" "$HEADROOM" conform -e device:cuda
    expect_err "^headroom: device:cuda: no device: .*$2"
    [ "$(wc -l <"$TMP/err")" -eq 1 ] || failed "more than one line: $1"
}
missing cuInit=100 'no CUDA-capable device is detected'
missing cuDriverGetVersion=999 'cuDriverGetVersion'
HEADROOM_MOCK_CUDA_VERSION=10010 missing none=0 'of CUDA 10.1, too old'
HEADROOM_MOCK_CUDA_DEVICES=0 missing none=0 'sees no device in this host'
missing cuInit=-11 'crashes with signal 11'
missing cuInit=-14 'gives no answer within 30 seconds' # the alarm that a driver which hangs is ended by

# And after: the engine is refused, and nothing crashes or hangs.
for mock in cuCtxCreate_v2=2 cuMemAlloc_v2=2 cuModuleLoadData=209 nvrtcCompileProgram=6 cuLaunchKernel=719@50 \
    cuEventSynchronize=719@9; do
    HEADROOM_MOCK=$mock expect_exit 1 "${with[@]}" "$HEADROOM" conform -e device:cuda --requests 100
    expect_out '^DOES NOT CONFORM: no figure of device:cuda'
done

# In a run: a device that cannot be used is skipped with the reason, and the others are measured.
skipped() { # MOCK REASON
    rm -rf "$TMP/run"
    HEADROOM_MOCK=$1 expect_exit 0 "${with[@]}" "$HEADROOM" run tests/profiles/tiny.yaml -f '^device/' \
        -S device.apis=cuda,host -o "$TMP/run"
    grep -q "\"reason\": \".*$2" "$TMP/run/result.json" || failed "$1 is not told as the reason"
    grep -q '"line": "2 suites: 2 pass"' "$TMP/run/result.json" || failed "$1 spoils the run"
    grep -q '"id": "device/inproc/device:host/flow=[^"]*/batch=' "$TMP/run/result.json" || failed "nothing is measured after $1"
}
skipped cuMemAlloc_v2=2 'bytes of device memory: CUDA: cuMemAlloc_v2: out of memory'
skipped nvrtcCompileProgram=6 'NVRTC 13.0 does not compile the kernels for sm_90'
skipped cuModuleLoadData=209 'code of NVRTC 13.0 for sm_90, under CUDA 13.0'
HEADROOM_MOCK_CUDA_VERSION=10010 skipped none=0 'of CUDA 10.1, too old'

# A language model's weights: proved against the processors' answers.
decoded() { # API
    rm -rf "$TMP/run"
    expect_exit 0 "${with[@]}" "$HEADROOM" run tests/profiles/tiny.yaml -f "decode/device=$1/" -S "device.apis=$1" -o "$TMP/run"
    grep -q '"line": "2 suites: 2 pass"' "$TMP/run/result.json" || failed "$1 did not decode"
    [ "$(grep -c "\"id\": \"inference/inproc/reference/decode/device=$1/model=tiny-[48]\"" "$TMP/run/result.json")" -eq 2 ] ||
        failed "$1 did not decode both models"
}
decoded cuda

# What NVML counts is told as power, and as what a joule buys.
rm -rf "$TMP/run"
expect_exit 0 "${with[@]}" "$HEADROOM" run tests/profiles/tiny.yaml -f ^device/ -S device.apis=cuda -o "$TMP/run"
tr -d '\n' <"$TMP/run/result.json" | grep -q '"estimate": [0-9][^{}]*"name": "device_power"' ||
    failed "no power of the device"

# Metal: by names that no search path has, so the libraries are there from the start.
with=(env "LD_PRELOAD=$BUILD/mocks/libobjc.A.dylib $BUILD/mocks/CoreGraphics $BUILD/mocks/Metal")
expect_exit 0 "${with[@]}" "$HEADROOM" probe
expect_out '^ +metal: Mock M9, gpu, 8 GiB$'
expect_exit 0 "${with[@]}" "$HEADROOM" conform -e device:metal --requests 20000
expect_out '^CONFORMS: device:metal'
decoded metal
HEADROOM_MOCK=hasUnifiedMemory=1 expect_exit 6 "${with[@]}" "$HEADROOM" conform -e device:metal
expect_err "^headroom: device:metal: no device: no GPU here shares the host's memory"
HEADROOM_MOCK=status=1@40 expect_exit 1 "${with[@]}" "$HEADROOM" conform -e device:metal --requests 100
expect_out '^DOES NOT CONFORM: no figure of device:metal'
exit 0
