#!/usr/bin/env bash
# headroom snapshot, recover, verify: a ledger is made, read back, damaged in every way, and told about.
. tests/cli/check.sh

flip() { # FILE BYTE: its lowest bit
    byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
    printf '%b' "\\0$(printf '%03o' $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
poke() { printf '%b' "$(printf '%s' "$3" | sed 's/../\\x&/g')" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; } # FILE BYTE HEX
crc32c_of() { # FILE BYTES: CRC-32C of its first bytes, as hex in the order of a little-endian file
    sum=$((0xffffffff))
    for byte in $(head -c "$2" "$1" | od -An -v -tu1); do
        sum=$((sum ^ byte))
        for _ in 1 2 3 4 5 6 7 8; do sum=$(((sum >> 1) ^ (sum & 1 ? 0x82F63B78 : 0))); done
    done
    sum=$((sum ^ 0xffffffff))
    printf '%02x%02x%02x%02x' $((sum & 255)) $((sum >> 8 & 255)) $((sum >> 16 & 255)) $((sum >> 24))
}
value() { sed -n "s/^$1 *//p" "$TMP/out" | tail -n 1; }

L=$TMP/ledger
expect_exit 0 "$HEADROOM" snapshot "$L" --markets 300 --requests 20k --every 8k -S flow.l2_share=0.3 \
    -S flow.levels=3 -S flow.orders_per_level=2
expect_out '^journal .*syncs'
[ "$(grep -c '^snapshot .*300 markets' "$TMP/out")" -eq 3 ] || failed "three snapshots were to be made"
digest=$(value digest) root=$(value root)
[ ${#root} -eq 64 ] || failed "no root"

# The same flow without a ledger has the same digest, by the generator's own count.
requests=$(sed -n 's/^journal *\([0-9]*\) requests.*/\1/p' "$TMP/out")
expect_exit 0 "$HEADROOM" flow --count "$requests" --markets 300 -S flow.l2_share=0.3 -S flow.levels=3 \
    -S flow.orders_per_level=2 -o /dev/null
grep -q "digest $digest" "$TMP/err" || failed "another digest than the flow's own"

# Any engine, with and without snapshots, comes to the same books.
for how in '-e reference' '-e oracle' '-e oracle --journal-only' '-e device:host -t 3'; do
    # shellcheck disable=SC2086
    expect_exit 0 "$HEADROOM" recover "$L" $how
    [ "$(value digest) $(value root)" = "$digest $root" ] || failed "recovered otherwise: $how"
    expect_out '^lost *nothing'
done
expect_exit 0 "$HEADROOM" verify "$L" --replay --root "$root"
[ "$(grep -c 'the same root' "$TMP/out")" -eq 3 ] || failed "not every snapshot was replayed"
expect_out '^journal .*good$'
expect_exit 1 "$HEADROOM" verify "$L" --root "${root//[0-9]/0}"
expect_out '^DAMAGED *the root is not'

# A proof holds under its root alone, for its market alone, of its state alone.
expect_exit 0 "$HEADROOM" verify "$L" --proof 7
cp "$TMP/out" "$TMP/proof.json"
expect_exit 0 "$HEADROOM" verify --check "$TMP/proof.json" --root "$root"
expect_out '^holds *market 7 of 300'
expect_exit 1 "$HEADROOM" verify --check "$TMP/proof.json" --root "${root//[0-9]/0}"
for edit in 's/"market": 7/"market": 8/' 's/\("state": "0700000.\)./\15/' '/"beside"/{n;s/[0-9a-f]\{8\}/00000000/;}' '/"state"/s/44/45/'; do
    sed "$edit" "$TMP/proof.json" >"$TMP/forged.json"
    cmp -s "$TMP/proof.json" "$TMP/forged.json" && failed "nothing was forged: $edit"
    "$HEADROOM" verify --check "$TMP/forged.json" --root "$root" >"$TMP/out" 2>&1 && failed "held: $edit"
done
expect_refused "$HEADROOM" verify "$L" --proof 300
expect_refused "$HEADROOM" verify "$L" --proof many
expect_exit 2 "$HEADROOM" verify "$L" --proof 7 --root "${root//[0-9]/0}"
expect_err 'its root is'
[ ! -s "$TMP/out" ] || failed "a proof under another root than the one asked for"
echo '{"market": 1}' >"$TMP/forged.json"
expect_refused "$HEADROOM" verify --check "$TMP/forged.json"

# A flipped bit in a snapshot is found, named by market, and the snapshot passed over.
newest=$(printf '%s\n' "$L"/snapshot-* | tail -n 1)
cp -r "$L" "$TMP/bad"
flip "$TMP/bad/${newest##*/}" $((128 + 64 + 8 * 123 + 4)) # the sum of market 123
expect_exit 1 "$HEADROOM" verify "$TMP/bad"
expect_out '^DAMAGED *market 123: '
expect_exit 0 "$HEADROOM" recover "$TMP/bad"
expect_out '^note *a snapshot is passed over: .*market 123'
[ "$(value root)" = "$root" ] || failed "another root from the older snapshot"
flip "$TMP/bad/${newest##*/}" $((128 + 64 + 8 * 123 + 4))
flip "$TMP/bad/${newest##*/}" 9000
expect_exit 1 "$HEADROOM" verify "$TMP/bad"
expect_out '^DAMAGED *markets? [0-9]+'

# A flipped bit in the journal is named by file and byte; what is lost, by request.
rm -rf "$TMP/bad" && cp -r "$L" "$TMP/bad"
rm "$TMP/bad"/snapshot-*
journal=$(printf '%s\n' "$TMP/bad"/journal-* | head -n 1)
flip "$journal" 200000
expect_exit 1 "$HEADROOM" recover "$TMP/bad"
expect_out "^lost *requests [0-9]+ to $requests at least: .*/${journal##*/}: byte [0-9]+: .*bit 0 of byte 200000 was flipped"
expect_exit 1 "$HEADROOM" verify "$TMP/bad"
expect_out 'bit 0 of byte 200000 was flipped'
expect_exit 2 "$HEADROOM" snapshot "$TMP/bad"
expect_err 'is damaged, and no snapshot is made of it'

# A torn end is no loss; a missing file is.
rm -rf "$TMP/bad" && cp -r "$L" "$TMP/bad"
newest_bad=$TMP/bad/${newest##*/}
size=$(wc -c <"$TMP/bad/${journal##*/}")
truncate -s $((size - 100)) "$TMP/bad/${journal##*/}"
expect_exit 1 "$HEADROOM" recover "$TMP/bad" # the snapshot is of a later request
expect_out '^lost .*the journal ends at request [0-9]+, before the snapshot'
expect_exit 1 "$HEADROOM" verify "$TMP/bad"
expect_out '^DAMAGED *the journal ends at request [0-9]+, before the snapshot'
rm "$newest_bad"
expect_exit 0 "$HEADROOM" recover "$TMP/bad"
expect_out '^torn '
rm "$TMP/bad"/snapshot-*
rm "$TMP/bad"/journal-*
expect_exit 2 "$HEADROOM" recover "$TMP/bad"
expect_err 'holds no journal'
expect_exit 2 "$HEADROOM" recover "$TMP/nowhere"
expect_err 'makes one'

# A snapshot that does not follow from its requests: every sum right, and not what was matched.
"$HEADROOM" snapshot "$TMP/other" --markets 300 --requests 20k --seed 2 -S flow.l2_share=0.3 -S flow.levels=3 \
    -S flow.orders_per_level=2 >/dev/null || failed "another ledger"
other=$(printf '%s\n' "$TMP/other"/snapshot-* | tail -n 1)
cp "$L"/journal-* "$TMP/other/"
if [ "${other##*/}" = "${newest##*/}" ]; then
    expect_exit 1 "$HEADROOM" verify "$TMP/other"
    expect_out '^DAMAGED .*of other requests than those in the journal'
    expect_exit 2 "$HEADROOM" recover "$TMP/other"
    expect_err 'headroom recover --journal-only'
    expect_exit 0 "$HEADROOM" recover "$TMP/other" --journal-only
    [ "$(value root)" = "$root" ] || failed "another root from the journal alone"
    # As if no journal had been kept beside it: the head without the sum of its requests.
    poke "$other" 56 00000000
    poke "$other" 124 "$(crc32c_of "$other" 124)"
    expect_exit 0 "$HEADROOM" verify "$TMP/other"
    expect_exit 1 "$HEADROOM" verify "$TMP/other" --replay
    expect_out '^DAMAGED *market [0-9]+: it does not follow'
fi

# A full disk: one line, and what was acknowledged is recovered. And a kill at any moment.
(
    ulimit -f 400
    exec "$HEADROOM" snapshot "$TMP/full" --markets 300 --requests 100k --sync batch
) >"$TMP/out" 2>"$TMP/err"
[ $? -eq 2 ] || failed "a full disk is exit 2"
expect_err 'requests up to [0-9]+ are acknowledged'
acknowledged=$(sed -n 's/.*requests up to \([0-9]*\) are.*/\1/p' "$TMP/err")
expect_exit 0 "$HEADROOM" recover "$TMP/full" -e oracle
[ "$(sed -n 's/^reached *request \([0-9]*\),.*/\1/p' "$TMP/out")" -eq "$acknowledged" ] || failed "not all of $acknowledged"
"$HEADROOM" snapshot "$TMP/killed" --markets 300 --requests 50M --every 10k >/dev/null 2>&1 &
pid=$!
for _ in $(seq 200); do # one writer: the second one is told who the first one is, and changes nothing
    [ -s "$(printf '%s\n' "$TMP/killed"/journal-* | head -n 1)" ] && break
    sleep 0.02
done
expect_exit 2 "$HEADROOM" snapshot "$TMP/killed"
expect_err "killed is being written by process $pid: a ledger has one writer"
"$HEADROOM" verify "$TMP/killed" >"$TMP/out" 2>"$TMP/err" # whatever it finds while it is written
expect_err "killed is being written by process $pid: what is told of it is told of this moment"
kill -9 $pid
wait $pid 2>/dev/null || true
expect_exit 0 "$HEADROOM" recover "$TMP/killed"
[ ! -s "$TMP/err" ] || failed "a dead writer is still one"
reached=$(sed -n 's/^reached *request \([0-9]*\),.*/\1/p' "$TMP/out")
right=$(value root)
expect_exit 0 "$HEADROOM" recover "$TMP/killed" -e oracle --journal-only
[ "$(value root)" = "$right" ] || failed "another root after a kill"
expect_exit 0 "$HEADROOM" flow --count "$reached" --markets 300 -o /dev/null
grep -q "digest $(value digest)" "$TMP/err" || failed "another digest after a kill"

# What is no file under a file's name is not waited for.
mkdir "$TMP/pipes"
cp "$L"/journal-* "$TMP/pipes/"
mkfifo "$TMP/pipes/snapshot-00000000000000000005.hrs"
expect_exit 0 timeout 20 "$HEADROOM" recover "$TMP/pipes"
expect_out 'passed over: .* is no plain file'
[ "$(value root)" = "$root" ] || failed "another root beside a pipe"
expect_exit 1 timeout 20 "$HEADROOM" verify "$TMP/pipes"

# What cannot be.
expect_refused "$HEADROOM" snapshot "$L" --requests 5
expect_refused "$HEADROOM" snapshot "$TMP/new" -e null
expect_refused "$HEADROOM" snapshot "$TMP/new" --sync always
expect_refused "$HEADROOM" snapshot "$TMP/new" --level 99
expect_refused "$HEADROOM" verify
expect_refused "$HEADROOM" verify "$L" --root 12
expect_refused "$HEADROOM" recover "$L" --at 99999999
