#!/usr/bin/env bash
# A server among people who mean no good: garbage on every port, handshakes by strangers, changed, repeated and cut
# messages, clients and servers that are killed. Whoever behaves is answered, all of it and rightly, the counters of both
# sides add up, and memory stays flat. What lies on the wire of a sealed port shows no order. Ports are the system's choice.
. tests/cli/check.sh

attack=$BUILD/port_attack
[ -x "$attack" ] || skip "no $attack: make attack"
markets=40
# shellcheck disable=SC2046
trap 'kill -9 $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$TMP"' EXIT # what this test started, and no more

# await FILE PID: until it is there.
await() {
    for _ in $(seq 600); do
        [ -s "$1" ] && return
        kill -0 "$2" 2>/dev/null || break
        sleep 0.05
    done
    cat "$TMP"/*.err >&2
    failed "$1 did not come"
}

serve() {
    rm -f "$TMP/ports"
    "$HEADROOM" serve --ports-file "$TMP/ports" --json "$TMP/served.json" --markets $markets --renew "$@" \
        >"$TMP/serve.out" 2>"$TMP/serve.err" </dev/null &
    server=$!
    await "$TMP/ports" $server
}

stop() {
    kill -TERM $server
    wait $server || failed "serve ended with $?"
}

at() { grep "^$1:" "$TMP/ports"; }
number() { sed -n "s/^ *\"$2\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$1" | head -n 1; }

# drive NAME ADDRESS ARGUMENTS…: with the known key where one is asked for; its counts are in $TMP/NAME.json.
drive() {
    local name=$1 key=()
    case $2 in q*) key=(--key "$TMP/desk.key" --server-key "$TMP/server.pub") ;; esac
    shift
    "$HEADROOM" drive "$@" --markets $markets --json "$TMP/$name.json" ${key[@]+"${key[@]}"} \
        >"$TMP/$name.out" 2>"$TMP/$name.err"
}

# of a drive that was answered: all of it, once.
whole() {
    if [ "$(number "$TMP/$1.json" sent)" -eq 0 ] || [ "$(number "$TMP/$1.json" acked)" != "$(number "$TMP/$1.json" sent)" ] ||
        [ "$(number "$TMP/$1.json" lost)$(number "$TMP/$1.json" duplicated)" != 00 ]; then
        cat "$TMP/$1.out" "$TMP/$1.err" >&2
        failed "$1 was not answered as it should be"
    fi
}

# of any drive: nothing is forgotten.
sums() {
    [ "$(number "$TMP/$1.json" offered)" = $(($(number "$TMP/$1.json" sent) + $(number "$TMP/$1.json" refused))) ] ||
        failed "$1: offered is not sent and refused"
    [ "$(number "$TMP/$1.json" sent)" = $(($(number "$TMP/$1.json" acked) + $(number "$TMP/$1.json" lost))) ] ||
        failed "$1: sent is not acked and lost"
}

resident_kib() { # of the engine's process: the parent has one child
    ps -o rss= --ppid $server 2>/dev/null | tr -d ' '
}

links=tcp
"$HEADROOM" list | grep -E '^ *zmq ' | grep -q 'not available' || links="$links zmq"
sealed=
if "$HEADROOM" keys "$TMP/server" >/dev/null 2>&1; then
    "$HEADROOM" keys "$TMP/desk" >/dev/null 2>&1
    case $links in *zmq*) sealed=qzmq ;; esac
    links="$links qtcp $sealed"
else
    skip "built without OpenSSL 3.5" # the plain links are attacked in the unit tests too
fi
listen=
for link in $links; do listen=$listen,$link://127.0.0.1:0; done

# ---- garbage and floods, while a good client goes on -------------------------------------------------
serve --listen "${listen#,}" --metrics off --key "$TMP/server.key" --client-key "$TMP/desk.pub"
garbage() { # COUNT for each link
    for link in $links; do
        n=$1
        [ "$link" = qtcp ] && n=$(($1 / 50)) # a connection each
        "$attack" garbage "$(at "$link")" "$n" >>"$TMP/attack.out" 2>>"$TMP/attack.err" || failed "the attack did not come off"
    done
}
good=$(at "${sealed:-qtcp}")
among() { # COUNT: a good client among so much garbage for each link, and handshakes that come to nothing
    drive good "$good" --new-engine --requests 30k --rate 25k --batch 16 --clients 4 &
    pid=$!
    garbage "$1"
    [ -z "$sealed" ] || "$attack" flood "$(at qzmq)" "$TMP/server.pub" 100 >>"$TMP/attack.out" 2>>"$TMP/attack.err"
    wait $pid || { cat "$TMP/good.out" "$TMP/good.err" >&2; failed "the good client did not pass"; }
    whole good
    [ "$(number "$TMP/good.json" digest)" = "$(number "$TMP/good.json" oracle_digest)" ] || failed "digests"
}
among 10000
warm=$(resident_kib)
among 60000
hot=$(resident_kib)
# Sessions that were begun and not ended are kept for 10 s: a hundred more of them.
[ -z "$warm" ] || [ "$hot" -lt $((warm + 12288)) ] || failed "memory grew from $warm to $hot KiB"
# Who is known still comes in on every port.
for link in $links; do
    drive after "$(at "$link")" --new-engine --requests 5k || { cat "$TMP/after.err" >&2; failed "$link after the attack"; }
    whole after
done
# Not the right keys: refused, and the port goes on.
"$HEADROOM" keys "$TMP/other" >/dev/null 2>&1
expect_refused "$HEADROOM" drive "$good" --markets $markets --key "$TMP/desk.key" --server-key "$TMP/other.pub"

# ---- somebody on the wire of a sealed port: reads, changes, repeats, cuts --------------------------------
relay() { # ADDRESS [WHAT SIZE NTH]: its address is in $TMP/door
    rm -f "$TMP/door"
    address=$1
    shift
    "$attack" relay "${address#*://}" "$TMP/door" "$TMP/capture" "$@" 2>>"$TMP/attack.err" &
    middle=$!
    await "$TMP/door" $middle
}
if [ -n "$sealed" ]; then
    relay "$(at zmq)" # in clear, to see that it would be seen
    drive clear "zmq://$(cat "$TMP/door")" --new-engine --requests 5k --clients 2 || { cat "$TMP/clear.err" >&2; failed "through a relay"; }
    kill -9 $middle
    grep -aq HRO1 "$TMP/capture" || failed "the relay sees no orders"
    grep -aq HRE1 "$TMP/capture" || failed "the relay sees no events"
    relay "$(at qzmq)"
    drive sealed "qzmq://$(cat "$TMP/door")" --new-engine --requests 5k --clients 2 || { cat "$TMP/sealed.err" >&2; failed "sealed, through a relay"; }
    kill -9 $middle
    [ "$(wc -c <"$TMP/capture")" -gt 600000 ] || failed "a capture of $(wc -c <"$TMP/capture") bytes"
    ! grep -aqE 'HRO1|HRE1' "$TMP/capture" || failed "orders in clear on a sealed port"
    whole sealed
    for what in flip replay cut; do # the 40th message of 16 orders
        relay "$(at qzmq)" $what $((16 * 60 + 28)) 40
        drive good "$(at qzmq)" --requests 12k --rate 12k --batch 16 --clients 2 &
        pid=$!
        drive victim "qzmq://$(cat "$TMP/door")" --requests 20k --rate 20k --batch 16 --clients 3 --lost-after 600ms
        status=$?
        kill -9 $middle
        wait $pid # 3: two clients in the same markets cannot be compared with the oracle
        whole good
        sums victim
        [ $status -eq 3 ] || failed "a $what that nobody noticed: $status"
        [ "$(number "$TMP/victim.json" lost)" -gt 0 ] || failed "a $what that cost nothing"
    done
fi

# ---- killed: a client, the server's engine, the server --------------------------------------------------------
"$HEADROOM" drive "$good" --requests 1M --rate 50k --markets $markets --key "$TMP/desk.key" --server-key "$TMP/server.pub" \
    >"$TMP/killed.out" 2>"$TMP/killed.err" &
victim=$!
drive good "$(at tcp)" --requests 16k --rate 10k --clients 2 &
pid=$!
sleep 0.5
kill -9 $victim
wait $pid
whole good
stop
[ $(($(number "$TMP/served.json" accepted) + $(number "$TMP/served.json" rejected))) -eq "$(number "$TMP/served.json" received)" ] ||
    failed "accepted and rejected are not received"
[ "$(number "$TMP/served.json" bad)" -gt 0 ] || failed "no bad orders counted"
[ "$(grep -cE '"bad": [1-9]' "$TMP/served.json")" -gt "$(echo "$links" | wc -w)" ] || failed "a port that counted no bad message"

for victim in engine server; do
    serve --listen tcp://127.0.0.1:0 --metrics off
    engine=$(ps -o pid= --ppid $server | tr -d ' ')
    [ -n "$engine" ] || break # a system whose ps does not tell
    drive orphan "$(at tcp)" --requests 1M --rate 50k &
    pid=$!
    sleep 0.4
    [ $victim = engine ] && kill -9 "$engine"
    [ $victim = server ] && kill -9 $server
    wait $pid
    [ $? -eq 3 ] || { cat "$TMP/orphan.out" "$TMP/orphan.err" >&2; failed "a drive whose $victim was killed"; }
    sums orphan
    grep -q 'ended the connection' "$TMP/orphan.out" || failed "a drive that does not say why it ended"
    wait $server
    status=$?
    if [ $victim = engine ]; then
        [ $status -eq 1 ] || failed "serve without its engine ended with $status"
        grep -q 'no more' "$TMP/serve.err" || failed "serve does not say what became of its engine"
    fi
    for _ in $(seq 100); do kill -0 "$engine" 2>/dev/null || break; sleep 0.05; done
    ! kill -0 "$engine" 2>/dev/null || failed "an engine without its server goes on"
done
