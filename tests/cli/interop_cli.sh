#!/usr/bin/env bash
# ML-KEM-768 and ML-DSA-65 against PQClean's code for them, which the npm package pqclean ships: for the tests
# only, fetched once into build/, checked against its hash, never part of the program.
. tests/cli/check.sh

version=0.8.1
hash=fb916d92700976236d5418b22e2296dce9da9e172a496cb8e0a09a673d6d10b85a969e477ee21cc4db17f6e4b4b7b9dedad11673b3417781a989005319320904
home=build/pqclean-$version
libs=$(scripts/private-openssl --libs)
[ -n "$libs" ] || skip "built without OpenSSL 3.5"
if [ ! -f "$home/pqclean.tgz" ]; then
    [ -z "${HEADROOM_NO_INSTALL:-}" ] || skip "nothing may be fetched here"
    command -v npm >/dev/null 2>&1 || skip "npm, which would bring PQClean, is not installed"
    mkdir -p "$TMP/npm"
    (cd "$TMP/npm" && timeout 60 npm pack --silent pqclean@$version >/dev/null 2>&1) || skip "PQClean cannot be had (no network, or refused)"
    mkdir -p "$home"
    mv "$TMP/npm"/pqclean-*.tgz "$home/pqclean.tgz"
fi
[ "$(sha512sum "$home/pqclean.tgz" 2>/dev/null | cut -d' ' -f1)" = $hash ] || {
    rm -f "$home/pqclean.tgz"
    failed "PQClean $version is not what it was when this test was written"
}
tar -xzf "$home/pqclean.tgz" -C "$TMP" package/deps/PQClean || failed "PQClean does not unpack"
theirs=$TMP/package/deps/PQClean
# shellcheck disable=SC2086
cc -O1 -w -std=c11 -D_GNU_SOURCE -I. -I"$theirs" -I"$theirs/common" -o "$TMP/interop" tests/interop/pqclean_interop.c \
    "$theirs"/crypto_kem/ml-kem-768/clean/*.c "$theirs"/crypto_sign/ml-dsa-65/clean/*.c "$theirs"/common/fips202.c \
    "$theirs"/common/randombytes.c "$BUILD/libheadroom.a" $libs -lm >"$TMP/out" 2>&1 || failed "PQClean does not build"
expect_exit 0 "$TMP/interop"
