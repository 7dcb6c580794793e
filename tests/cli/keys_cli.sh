#!/usr/bin/env bash
# Key files: made once, readable by their owner alone, never written over; what is no key is refused.
. tests/cli/check.sh

expect_exit 0 "$HEADROOM" keys --help
expect_out 'NAME\.key'
expect_refused "$HEADROOM" keys
if ! "$HEADROOM" keys "$TMP/probe" >"$TMP/out" 2>"$TMP/err"; then
    expect_refused "$HEADROOM" keys "$TMP/probe"
    expect_err 'OpenSSL 3\.5'
    [ ! -e "$TMP/probe.key" ] || failed "a key file in a build that makes none"
    skip "built without OpenSSL 3.5"
fi

umask 000 # whatever the user's is
expect_exit 0 "$HEADROOM" keys "$TMP/desk"
expect_out '^[0-9a-f]{64}  .*/desk\.pub$'
[ "$(stat -c %a "$TMP/desk.key" 2>/dev/null || stat -f %Lp "$TMP/desk.key")" = 600 ] || failed "desk.key is not 0600"
grep -q 'BEGIN PRIVATE KEY' "$TMP/desk.key" || failed "desk.key is no PEM"
grep -q 'BEGIN PUBLIC KEY' "$TMP/desk.pub" || failed "desk.pub is no PEM"
! grep -q PRIVATE "$TMP/desk.pub" || failed "desk.pub holds the private key"

# Both files name the same key, and another pair another.
cut -d' ' -f1 "$TMP/out" >"$TMP/first"
expect_exit 0 "$HEADROOM" keys --show "$TMP/desk.key" "$TMP/desk.pub"
[ "$(cut -d' ' -f1 "$TMP/out" | sort -u)" = "$(cat "$TMP/first")" ] || failed "the files of a pair name different keys"
expect_exit 0 "$HEADROOM" keys "$TMP/other"
! grep -q "$(cat "$TMP/first")" "$TMP/out" || failed "two pairs with one key"

# Nothing is written over, whichever file is there; and nothing is left of a pair that was not made.
cp "$TMP/desk.key" "$TMP/kept"
expect_refused "$HEADROOM" keys "$TMP/desk"
expect_err 'desk\.key is there already'
cmp -s "$TMP/desk.key" "$TMP/kept" || failed "desk.key was written over"
mv "$TMP/desk.key" "$TMP/elsewhere.key"
expect_refused "$HEADROOM" keys "$TMP/desk"
expect_err 'desk\.pub is there already'
[ ! -e "$TMP/desk.key" ] || failed "half a pair was left"
[ -e "$TMP/desk.pub" ] || failed "desk.pub was taken away"
ln -s "$TMP/nowhere" "$TMP/link.key"
expect_refused "$HEADROOM" keys "$TMP/link"
[ ! -e "$TMP/nowhere" ] || failed "a link was followed"

# Bad files.
chmod 644 "$TMP/elsewhere.key"
expect_refused "$HEADROOM" keys --show "$TMP/elsewhere.key"
expect_err 'chmod 600'
chmod 600 "$TMP/elsewhere.key"
head -c 700 "$TMP/elsewhere.key" >"$TMP/cut.key"
chmod 600 "$TMP/cut.key"
expect_refused "$HEADROOM" keys --show "$TMP/cut.key"
expect_err 'cut\.key: no ML-DSA-65 private key'
echo hello >"$TMP/text.pub"
expect_refused "$HEADROOM" keys --show "$TMP/text.pub"
expect_err 'text\.pub: no ML-DSA-65 public key'
if command -v openssl >/dev/null 2>&1; then # another kind of key, and one with a passphrase, which is not asked for
    openssl genpkey -algorithm ED25519 -out "$TMP/ed.key" 2>/dev/null
    openssl genpkey -algorithm ED25519 -aes256 -pass pass:secret -out "$TMP/locked.key" 2>/dev/null
    chmod 600 "$TMP/ed.key" "$TMP/locked.key"
    expect_refused "$HEADROOM" keys --show "$TMP/ed.key"
    expect_refused "$HEADROOM" keys --show "$TMP/locked.key"
fi
head -c 100000 /dev/zero >"$TMP/long.pub"
expect_refused "$HEADROOM" keys --show "$TMP/long.pub"
expect_err 'too long'
expect_refused "$HEADROOM" keys --show "$TMP/absent"
expect_refused "$HEADROOM" keys "$TMP/no/such/folder/x"
expect_refused "$HEADROOM" keys one two
for shell in bash zsh fish; do
    expect_exit 0 "$HEADROOM" completion $shell
    expect_out keys
done
