#!/usr/bin/env bash
# The suite durability: every case on a small flow, nothing lost in a few kills, and what cannot be says so.
. tests/cli/check.sh

command -v python3 >/dev/null || skip "no python3 to read the record with"
run() {
    "$HEADROOM" run quick -f durability -S run.runs=1 -S run.pin=false -S durability.ceilings=20ms -S run.ceilings=0s \
        -S conformance.requests=2000 -S durability.orders=20k -S durability.requests=40k -S durability.markets=50 \
        -S durability.threads=1,3 -S durability.ways=pwrite,uring -S durability.kills=12 "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
}

mkdir "$TMP/disk"
run -S durability.folder="$TMP/disk" -o "$TMP/run"
case $? in 0 | 3) ;; *) failed "durability" ;; esac # a disturbed host may void a figure, not a digest
python3 - "$TMP/run/result.json" <<'P' >"$TMP/out" 2>&1 || failed "what the record says of durability"
import json, sys
record = json.load(open(sys.argv[1]))
suite = next(s for s in record["suites"] if s["name"] == "durability")
cases = {c["id"].split("/", 3)[3]: c for c in suite["cases"]}
journals = [n for n in cases if n.startswith("journal/")]
assert len(journals) == 6, journals
assert {"snapshot/markets=50,threads=1", "snapshot/markets=50,threads=3", "kills"} <= set(cases), cases.keys()
for name, case in cases.items():
    if case["status"] == "skip":
        assert "uring" in name and case["reason"], name
        continue
    checks = [k for r in case["runs"] for k in r["checks"] if k["check"] == "digest"]
    assert checks and all(k["status"] == "ok" for k in checks), name
kills = {m["name"]: m["estimate"] for m in cases["kills"]["metrics"]}
assert cases["kills"]["status"] == "invalid" or (kills["kills"] == 12 and kills["lost"] == 0), kills
assert {"disk/sync", "disk/write", "disk/buffered", "disk/read"} <= {c["id"] for c in record["ceilings"]}
P
[ -z "$(ls -A "$TMP/disk")" ] || failed "the suite left files behind: $(ls "$TMP/disk")"

run -S durability.folder="$TMP/nowhere" -o "$TMP/none"
grep -q 'no folder can be made in it' "$TMP/none/result.json" || failed "a folder that is not there is a reason"

# A disk that is full while it is measured: one reason, no figure.
if [ "$(id -u)" -eq 0 ] && mkdir "$TMP/small" && mount -t tmpfs -o size=3m tmpfs "$TMP/small" 2>/dev/null; then
    "$HEADROOM" snapshot "$TMP/small/ledger" --markets 300 --requests 200k --sync batch >"$TMP/out" 2>"$TMP/err"
    status=$?
    acknowledged=$(sed -n 's/.*No space left on device; requests up to \([0-9]*\) are acknowledged.*/\1/p' "$TMP/err")
    "$HEADROOM" recover "$TMP/small/ledger" >"$TMP/out" 2>&1 || status=recover
    umount "$TMP/small"
    [ "$status" = 2 ] || failed "a full disk: exit $status"
    grep -q "^reached *request ${acknowledged:-none}," "$TMP/out" || failed "not all of ${acknowledged:-none} on a full disk"
else
    echo "no file system may be mounted here: the full disk is only a limit on file sizes (ledger_cli)" >&2
fi
