#!/usr/bin/env bash
# A server and its clients as two programs: every link answers rightly, the counters of both sides add up, what is bad
# input is told in one line, and both end when they should. Ports are the system's choice.
. tests/cli/check.sh

server=
trap '[ -z "$server" ] || kill -9 $server 2>/dev/null; rm -rf "$TMP"' EXIT

# serve ARGUMENTS…: in the background, on ports of its own; its addresses are in $TMP/ports then.
serve() {
    rm -f "$TMP/ports"
    "$HEADROOM" serve --ports-file "$TMP/ports" --json "$TMP/served.json" "$@" >"$TMP/serve.out" 2>"$TMP/serve.err" </dev/null &
    server=$!
    for _ in $(seq 600); do
        [ -s "$TMP/ports" ] && return
        kill -0 $server 2>/dev/null || break
        sleep 0.05
    done
    cat "$TMP/serve.err" >&2
    failed "headroom serve $* did not start"
}

# stop [SIGNAL]: ends it, and it must end well.
stop() {
    kill -"${1:-TERM}" $server
    wait $server
    status=$?
    server=
    [ $status -eq 0 ] || { cat "$TMP/serve.err" >&2; failed "serve ended with $status after SIG${1:-TERM}"; }
}

at() { grep "^$1:" "$TMP/ports"; }

# number FILE KEY: of a JSON file with one key a line.
number() { sed -n "s/^ *\"$2\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$1" | head -n 1; }

expect_exit 0 "$HEADROOM" serve --help
expect_out 'qzmq'
expect_exit 0 "$HEADROOM" drive --help
expect_out 'sent = acked \+ lost'

# ---- bad input: one line ---------------------------------------------------------------------
expect_refused "$HEADROOM" serve --listen 127.0.0.1:5555
expect_err 'LINK://HOST:PORT'
expect_refused "$HEADROOM" serve --listen tcp://127.0.0.1:99999
expect_err 'no port'
expect_refused "$HEADROOM" serve --listen tcp://::1:0
expect_err 'brackets'
expect_refused "$HEADROOM" serve --listen tcp://
expect_err 'no host'
expect_exit "$("$HEADROOM" list | grep -E '^ *zmq ' | grep -q 'not available' && echo 6 || echo 2)" "$HEADROOM" serve --listen 'zmq://[::1]:0'
expect_exit 6 "$HEADROOM" serve --listen pigeon://127.0.0.1:0
expect_err "no link 'pigeon'"
expect_exit 6 "$HEADROOM" serve --listen ring://127.0.0.1:0
expect_exit 6 "$HEADROOM" serve -e "$TMP/no.so"
expect_refused "$HEADROOM" serve --listen tcp://127.0.0.1:0 --metrics nowhere:nothing
expect_refused "$HEADROOM" serve --listen tcp://127.0.0.1:0 --connections 0
expect_refused "$HEADROOM" serve --listen tcp://127.0.0.1:0 --orders 0
nine=$(printf 'tcp://127.0.0.1:0,%.0s' 1 2 3 4 5 6 7 8 9)
expect_refused "$HEADROOM" serve --listen "$nine"
expect_err 'at most 8'
expect_refused "$HEADROOM" drive tcp://127.0.0.1:0
expect_refused "$HEADROOM" drive tcp://127.0.0.1:5555 --batch 2000
expect_refused "$HEADROOM" drive tcp://127.0.0.1:5555 --duration 5
expect_refused "$HEADROOM" drive tcp://127.0.0.1:5555 --window 1 --batch 16
expect_refused "$HEADROOM" drive tcp://127.0.0.1:5555 --rate 0
expect_refused "$HEADROOM" drive tcp://127.0.0.1:5555 --duration 0s
expect_err 'at least 1ms'
expect_refused "$HEADROOM" drive tcp://127.0.0.1:5555 --requests 1000000G
expect_err 'fewer --requests'
expect_refused "$HEADROOM" drive tcp://127.0.0.1:5555 --rate 1G --duration 100000h
expect_err 'fewer --requests'
expect_refused "$HEADROOM" drive tcp://127.0.0.1:5555 --key "$TMP/any.key" # what is not sealed must not look so
expect_err 'qtcp'
expect_refused "$HEADROOM" serve --listen tcp://127.0.0.1:0 --client-key "$TMP/any.pub"
expect_err 'qtcp'
(ulimit -n 64 && expect_refused "$HEADROOM" serve --listen tcp://127.0.0.1:0 --connections 100 && expect_err 'ulimit -Hn') || exit 1
expect_refused "$HEADROOM" drive tcp://127.0.0.1:1 --metrics
expect_refused "$HEADROOM" drive tcp://127.0.0.1:1 # nobody is there
expect_err 'cannot connect to 127\.0\.0\.1:1'

# ---- every link -------------------------------------------------------------------------------
listen=tcp://127.0.0.1:0,unix://$TMP/socket
for link in uring zmq; do
    "$HEADROOM" list | grep -E "^ *$link " | grep -q 'not available' || listen=$listen,$link://127.0.0.1:0
done
keys=()
if "$HEADROOM" keys "$TMP/server" >/dev/null 2>&1; then
    "$HEADROOM" keys "$TMP/desk" >/dev/null 2>&1
    "$HEADROOM" keys "$TMP/other" >/dev/null 2>&1
    keys=(--key "$TMP/server.key" --client-key "$TMP/desk.pub")
    listen=$listen,qtcp://127.0.0.1:0
    case $listen in *zmq*) listen=$listen,qzmq://127.0.0.1:0 ;; esac
fi
serve --listen "$listen" --metrics off --renew --markets 50 ${keys[@]+"${keys[@]}"}
drives=0
while read -r address; do
    key=()
    case $address in q*) key=(--key "$TMP/desk.key" --server-key "$TMP/server.pub") ;; esac
    for more in "--batch 256 --clients 20" "--batch 1 --clients 3 --rate 100k"; do
        # shellcheck disable=SC2086
        expect_exit 0 "$HEADROOM" drive "$address" --requests 20k --markets 50 --new-engine --json "$TMP/drive.json" \
            ${key[@]+"${key[@]}"} $more
        expect_out '^offered     [0-9]+ = 20000 sent \+ [0-9]+ refused$'
        expect_out '^sent        20000 = 20000 acked \+ 0 lost; 0 duplicated$'
        expect_out '^received    20000 = [0-9]+ accepted \+ [0-9]+ rejected$'
        expect_out "the oracle's is the same"
        expect_out '^verdict     PASS$'
        [ ! -s "$TMP/err" ] || failed "lines on standard error where there is no terminal"
        [ "$(number "$TMP/drive.json" digest)" = "$(number "$TMP/drive.json" oracle_digest)" ] || failed "digests differ"
        drives=$((drives + 1))
    done
done <"$TMP/ports"
# The same orders again: the books are not empty, so nothing is compared and the result cannot be used.
expect_exit 3 "$HEADROOM" drive "$(at tcp)" --requests 20k --markets 50
expect_out 'had taken 20000 orders before'
expect_out '^digest .*: not compared$'
# Other markets, another flow, too many orders.
expect_refused "$HEADROOM" drive "$(at tcp)" --markets 51
expect_err 'the server has 50 markets \(.*this flow 51'
expect_refused "$HEADROOM" drive "$(at tcp)" --markets 50 -S flow.levels=1000
expect_err 'serve --orders, --levels'
stop
[ -e "$TMP/socket" ] && failed "the socket is left"
[ "$(number "$TMP/served.json" received)" -eq $(((drives + 1) * 20000)) ] || failed "the server counted $(number "$TMP/served.json" received) orders"
[ $(($(number "$TMP/served.json" accepted) + $(number "$TMP/served.json" rejected))) -eq $(((drives + 1) * 20000)) ] ||
    failed "accepted and rejected are not received"
[ "$(number "$TMP/served.json" lost)$(number "$TMP/served.json" duplicated)$(number "$TMP/served.json" cut)$(number "$TMP/served.json" bad)" = 0000 ] ||
    failed "a server that counts what did not happen"
grep -q '^digest' "$TMP/serve.out" || failed "no summary"

# ---- several addresses, too little room, two at once -------------------------------------------------
serve --listen tcp://127.0.0.1:0 --metrics off --renew --markets 50 --connections 30
expect_exit 0 "$HEADROOM" drive "$(at tcp | sed 's/127\.0\.0\.1/localhost/')" --markets 50 --requests 20k --new-engine
expect_refused "$HEADROOM" drive "$(at tcp)" --markets 50 --clients 31
expect_err 'serve --connections'
"$HEADROOM" drive "$(at tcp)" --markets 50 --requests 40k --rate 10k --new-engine >"$TMP/shared" 2>&1 &
pid=$!
while kill -0 $pid 2>/dev/null; do # another client of the same engine
    "$HEADROOM" drive "$(at tcp)" --markets 50 --requests 100 --clients 1 >"$TMP/out" 2>&1
done
wait $pid
[ $? -eq 3 ] || failed "two at once: $(cat "$TMP/shared")"
grep -q 'others used' "$TMP/shared" || failed "two at once: $(cat "$TMP/shared")"
stop

# ---- no new engine unless the server was told; a line a second if asked for; SIGINT -----------------
serve --listen tcp://127.0.0.1:0 --metrics off --lines --markets 20
expect_exit 0 "$HEADROOM" drive "$(at tcp)" --markets 20 --rate 30k --duration 1300ms --clients 4 --lines
[ "$(grep -c 'orders/s sent' "$TMP/err")" -ge 1 ] || failed "no line a second"
expect_out "the oracle's is the same" # of what was sent until then
expect_refused "$HEADROOM" drive "$(at tcp)" --markets 20 --new-engine
expect_err 'serve --renew'
# A port that is taken.
expect_refused "$HEADROOM" serve --listen "$(at tcp)" --metrics off
expect_err 'cannot listen on'
# Interrupted: what was sent is accounted for.
"$HEADROOM" drive "$(at tcp)" --markets 20 --requests 1M --rate 1k >"$TMP/out" 2>"$TMP/err" &
pid=$!
sleep 1
kill -INT $pid
wait $pid
[ $? -eq 130 ] || failed "drive after SIGINT"
stop INT
grep -q 'orders/s' "$TMP/serve.err" || failed "serve --lines printed none"

# ---- metrics: what is scraped is what was done ---------------------------------------------------
metric() { sed -n "s/^$1 //p" "$TMP/scraped"; }
scrape() { # without a tool that may not be there
    local port
    port=$(sed -n 's|^http://127\.0\.0\.1:\([0-9]*\)/metrics$|\1|p' "$TMP/ports")
    exec 9<>"/dev/tcp/127.0.0.1/$port" || failed "nobody serves metrics"
    printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&9
    tr -d '\r' <&9 >"$TMP/scraped"
    exec 9>&-
    head -n 1 "$TMP/scraped" | grep -q '^HTTP/1\.1 200 ' || failed "no metrics"
}
expect_refused "$HEADROOM" serve --listen tcp://127.0.0.1:99999 --metrics 127.0.0.1:0
if ! grep -q 'no metrics' "$TMP/err"; then # a build without libmicrohttpd says so
    serve --listen tcp://127.0.0.1:0 --metrics 127.0.0.1:0 --markets 20
    scrape
    [ "$(metric 'orders_total{result="accepted"}')" = 0 ] || failed "orders before there were any"
    expect_exit 0 "$HEADROOM" drive "$(at tcp)" --markets 20 --requests 30k --json "$TMP/drive.json"
    scrape
    [ "$(metric 'orders_total{result="accepted"}')" = "$(number "$TMP/drive.json" accepted)" ] || failed "accepted"
    [ "$(metric 'orders_total{result="rejected"}')" = "$(number "$TMP/drive.json" rejected)" ] || failed "rejected"
    [ "$(metric 'trades_executed_total{status="success"}')" = "$(number "$TMP/drive.json" trades)" ] || failed "trades"
    [ "$(metric headroom_events_total)" = "$(number "$TMP/drive.json" events)" ] || failed "events"
    [ "$(metric order_latency_seconds_count)" = 30000 ] || failed "latency of $(metric order_latency_seconds_count) orders"
    grep -q "^headroom_connections_total{port=\"$(at tcp)\"} 20$" "$TMP/scraped" || failed "connections"
    expect_refused "$HEADROOM" serve --listen tcp://127.0.0.1:0 --metrics "$(grep -o '127.0.0.1:[0-9]*/' "$TMP/ports" | tr -d /)"
    expect_err 'cannot listen on'
    stop
fi

# ---- keys: who is not known does not come in, and the server must be who it should be ----------------
[ ${#keys[@]} -gt 0 ] || exit 0
expect_refused "$HEADROOM" serve --listen qtcp://127.0.0.1:0
expect_err 'headroom keys'
chmod 644 "$TMP/other.key"
expect_refused "$HEADROOM" serve --listen qtcp://127.0.0.1:0 --key "$TMP/other.key" --client-key "$TMP/desk.pub"
expect_err 'chmod 600'
chmod 600 "$TMP/other.key"
"$HEADROOM" keys "$TMP/second" >/dev/null 2>&1
serve --listen qtcp://127.0.0.1:0 --metrics off --markets 20 --renew "${keys[@]}" --client-key "$TMP/second.pub"
expect_refused "$HEADROOM" drive "$(at qtcp)" --markets 20
expect_err '--server-key'
expect_refused "$HEADROOM" drive "$(at qtcp)" --markets 20 --key "$TMP/other.key" --server-key "$TMP/server.pub"
expect_err 'no sealed session|ended the connection|does not know this --key'
expect_refused "$HEADROOM" drive "$(at qtcp)" --markets 20 --key "$TMP/desk.key" --server-key "$TMP/other.pub"
expect_err 'not pinned|key'
expect_refused "$HEADROOM" drive "tcp${TMP:+}$(at qtcp | sed 's/^qtcp//')" --markets 20 # no way to talk in clear
for known in desk second; do
    expect_exit 0 "$HEADROOM" drive "$(at qtcp)" --markets 20 --requests 10k --new-engine --key "$TMP/$known.key" --server-key "$TMP/server.pub"
done
stop
