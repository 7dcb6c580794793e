#!/usr/bin/env bash
# Two network namespaces with a cable between them: orders are served across it, and when it is cut in the midst of
# them the clients end with a reason and counters that add up, while the server goes on with who is on its own side.
. tests/cli/check.sh

here=hr-$$-a
there=hr-$$-b
near=hra$$
far=hrb$$
server=
clean() {
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null
    ip netns del $here 2>/dev/null
    ip netns del $there 2>/dev/null
    rm -rf "$TMP"
}
trap clean EXIT

command -v ip >/dev/null || skip "no ip command (package iproute2)"
{ ip netns add $here && ip netns add $there && ip link add $near netns $here type veth peer name $far netns $there; } 2>"$TMP/err" ||
    skip "no network namespaces for this user: $(head -n 1 "$TMP/err")"
ip -n $here addr add 10.199.0.1/30 dev $near
ip -n $there addr add 10.199.0.2/30 dev $far
ip -n $here link set lo up
ip -n $here link set $near up
ip -n $there link set $far up

# number FILE KEY: of a JSON file with one key a line.
number() { sed -n "s/^ *\"$2\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$1" | head -n 1; }

# crossed: bytes that went over the cable to the server.
crossed() { ip netns exec "$there" cat "/sys/class/net/$far/statistics/tx_bytes"; }

ip netns exec $here "$HEADROOM" serve --listen tcp://10.199.0.1:0,tcp://127.0.0.1:0 --renew --metrics off \
    --ports-file "$TMP/ports" --json "$TMP/served.json" >"$TMP/serve.out" 2>"$TMP/serve.err" </dev/null &
server=$!
for _ in $(seq 600); do
    [ -s "$TMP/ports" ] && break
    sleep 0.05
done
[ -s "$TMP/ports" ] || failed "serve did not start: $(cat "$TMP/serve.err")"
cable=$(grep 10.199 "$TMP/ports") own=$(grep 127.0.0.1 "$TMP/ports")

# ---- across the cable ------------------------------------------------------------------------
before=$(crossed)
expect_exit 0 ip netns exec $there "$HEADROOM" drive --requests 100k --clients 5 --new-engine --json "$TMP/drove.json" "$cable"
expect_out 'digest .*the oracle.s is the same'
sent=$(number "$TMP/drove.json" sent)
bytes=$(($(crossed) - before))
[ $bytes -ge $((sent * 60)) ] || failed "$sent orders of 60 bytes, and only $bytes bytes crossed the cable"

# ---- cut in the midst ------------------------------------------------------------------------
before=$(crossed)
ip netns exec $there timeout 120 "$HEADROOM" drive --requests 3M --rate 50k --lost-after 1s --new-engine \
    --json "$TMP/cut.json" "$cable" >"$TMP/cut.out" 2>"$TMP/cut.err" </dev/null &
driver=$!
for _ in $(seq 600); do
    [ $(($(crossed) - before)) -gt 600000 ] && break
    sleep 0.05
done
ip -n $there link set $far down
wait $driver
status=$?
cp "$TMP/cut.out" "$TMP/out"
[ $status -eq 3 ] || failed "clients whose cable was cut ended with $status"
expect_out '^verdict +INVALID: orders were lost'
sent=$(number "$TMP/cut.json" sent) acked=$(number "$TMP/cut.json" acked) lost=$(number "$TMP/cut.json" lost)
[ "$sent" -eq $((acked + lost)) ] || failed "$sent sent, $acked acked, $lost lost"
[ "$lost" -gt 0 ] || failed "a cut cable lost nothing"
[ "$acked" -gt 0 ] || failed "nothing was answered before the cable was cut"

# ---- the others go on, and so does who comes when the cable is whole again --------------------
expect_exit 0 ip netns exec $here "$HEADROOM" drive --requests 100k --clients 5 --new-engine "$own"
expect_out 'digest .*the oracle.s is the same'
ip -n $there link set $far up
# What the kernel still has of the lost orders may come into the new engine: its digest is not looked at.
ip netns exec $there "$HEADROOM" drive --requests 100k --clients 5 --new-engine --json "$TMP/again.json" "$cable" >"$TMP/out" 2>"$TMP/err"
[ "$(number "$TMP/again.json" acked)" = "$(number "$TMP/again.json" sent)" ] || failed "the mended cable is not served"

kill -TERM $server
wait $server || failed "serve ended with $? after SIGTERM"
server=
received=$(number "$TMP/served.json" received)
[ "$received" -eq $(($(number "$TMP/served.json" accepted) + $(number "$TMP/served.json" rejected))) ] || failed "the server's counters do not add up"
[ "$(number "$TMP/served.json" bad)" -eq 0 ] || failed "a cut cable made bad messages"
