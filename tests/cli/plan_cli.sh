#!/usr/bin/env bash
# What should I buy: the same answer each time, from results and a catalog; bad ones give one clear line.
. tests/cli/check.sh
golden=tests/golden/plan
real=reports/reference-runs/vm-zen5-2cpu/result.json
samples=reports/plan-samples
documents=configs/catalog/documents.yaml
plan() {
    "$HEADROOM" plan "$real" $samples/linux-rtx-3090.json $samples/mac-mini-m4-pro-48.json --catalog $documents \
        --require markets=5e6 --require 'rate=1e6@p99.9<=10us' --budget 'AUD 8343' \
        --restrict 'AUD 3900:vendor=Apple' --horizon 36mo --energy 0.15/kWh "$@"
}

# The documents' own question.
expect_exit 0 plan
[ ! -s "$TMP/err" ] || failed "the plan said something on standard error"
cp "$TMP/out" "$TMP/budget.txt"
expect_golden "$TMP/budget.txt" $samples/budget.txt
expect_out 'Each is answered alone: the rates are of 1' # a rate over 1000 markets is none over 5 million
expect_out '^made up: No measured machine meets|^made up: '
expect_out '6 905 +3 527 Apple \+ 3 378 free +373 Apple \+ 1 065 free'
expect_out '3557 / 36 mo \+ 0\.096 kW × 730 h × 0\.15 = AUD 98\.81 \+ 10\.51 = 109\.32'
expect_exit 0 plan --json -
cp "$TMP/out" "$TMP/plan.json"
expect_golden "$TMP/plan.json" $golden/budget.json

# And the other half of that question: the largest model, at the rate that the documents expect of it.
expect_exit 0 "$HEADROOM" plan "$real" $samples/linux-rtx-3090.json $samples/mac-mini-m4-pro-48.json --catalog $documents \
    --require decode=15@model=llama-3.1-70b --require decode=15@model=llama-3.1-8b --budget 'AUD 8343' \
    --restrict 'AUD 3900:vendor=Apple' --energy 0.15/kWh
cp "$TMP/out" "$TMP/models.txt"
expect_golden "$TMP/models.txt" $samples/models.txt
expect_out 'with its GPU at most 273 GB/s / 39\.1 GB a token = 6\.98 tokens/s'
expect_out '25\.8 GB / 936 GB/s of the GPU \+ 13\.3 GB / 51\.0 GB/s\) = 3\.46 tokens/s'
expect_out 'its GPU was not asked: at most 936 GB/s'

# A GPU that was asked answers for its machine, and is told as what it is.
sed '/decode\/model=llama-3.1-8b"/,/"bits"/{
    s|decode/model|decode/device=cuda/model|
    s|"bits": 4,|"bits": 4, "device": {"kind": "gpu"},|
    }' $samples/linux-rtx-3090.json >"$TMP/asked.json"
expect_exit 0 "$HEADROOM" plan "$TMP/asked.json" --catalog $documents --require decode=5@model=llama-3.1-8b
expect_out '8 tokens/s / 5 tokens/s required = 1\.6×; weights alone, streamed by its GPU.*decode/device=cuda/model=llama-3\.1-8b'
expect_exit 0 "$HEADROOM" plan "$TMP/asked.json" --catalog $documents --require decode=50@model=llama-3.1-8b
expect_out '8 tokens/s / 50 tokens/s required'
grep -q 'its GPU was not asked' "$TMP/out" && failed "a GPU that was asked is said not to have been"

# What is made up never passes for measured, and no projection stands above a result.
grep -q '"basis": "measured"' "$TMP/plan.json" || failed "the real result is not measured"
[ "$(grep -c '"basis": "constructed"' "$TMP/plan.json")" -eq 2 ] || failed "a made-up result is not told as such"
grep -o '"basis": "[a-z]*"' "$TMP/plan.json" | uniq | wc -l | grep -qx 3 || failed "measured, made up and projected are mixed"
expect_exit 0 "$HEADROOM" report $samples/mac-mini-m4-pro-48.json
expect_out 'Nobody measured this'
expect_refused "$HEADROOM" compare $real $samples/mac-mini-m4-pro-48.json
expect_err 'nobody measured this result'
expect_refused "$HEADROOM" claims $samples/mac-mini-m4-pro-48.json
expect_err 'nobody measured this result'
expect_exit 0 "$HEADROOM" plan $samples/mac-mini-m4-pro-48.json --require memory=1GiB
expect_out 'No measured machine meets'

# An unmeasured requirement is unknown, not guessed; a tighter bound answers a looser one, not the reverse.
expect_exit 0 "$HEADROOM" plan $real --require 'rate=1e6@p99.9<=2ms'
expect_out 'A +rate +.*capacity/inproc/reference/p99\.9<=1000us'
expect_exit 0 "$HEADROOM" plan $real --require 'rate=1e6@p99.99<=2ms'
expect_out 'not measured: no capacity at p99\.99'
expect_exit 0 "$HEADROOM" plan $real --require 'rate=1e6@p99.9<=2ms,path=tcp'
expect_out 'by path tcp'
expect_exit 0 "$HEADROOM" plan $real --require markets=1e6@depth=100
expect_out 'a market markets/inproc/reference/.*depth=100'
expect_exit 0 "$HEADROOM" plan $real --require bandwidth=1GB/s --require memory=1GiB --require rate=1e6
expect_out '^meets: A '
expect_out 'no price: it is in no catalog'

# Exchange, rent over the horizon, and a machine named by hand.
expect_exit 0 plan --exchange USD=1.52
expect_out 'D Mac Studio M2 Ultra 512 GB does not fit: AUD 18 238'
expect_out 'F 4 × p4d.24xlarge does not fit: AUD 3 556 800 of rent'
expect_exit 0 "$HEADROOM" plan "linux-rtx-3090=$real" --catalog $documents
expect_out 'A +Linux PC, Ryzen 7 5700X, RTX 3090 +measured'
sed 's/AMD Ryzen 7 5700X/Apple M4 Pro Ryzen 7 5700X/; s/"total_bytes"/"not_told"/' $samples/linux-rtx-3090.json >"$TMP/both.json"
expect_refused "$HEADROOM" plan "$TMP/both.json" --catalog $documents
expect_err 'may be mac-mini-m4-pro-48 or linux-rtx-3090 of the catalog; say which'

# The same result twice is one machine, and not two kinds of it.
expect_exit 0 "$HEADROOM" plan "$real" "$real" "linux-rtx-3090=$real" --catalog $documents --json -
expect_err 'is the same result as .*: it counts once'
[ "$(grep -c '"basis": "measured"' "$TMP/out")" -eq 1 ] || failed "one result makes more than one measured machine"
expect_refused "$HEADROOM" plan "mac-mini-m4-pro-48=$real" "linux-rtx-3090=$real" --catalog $documents
expect_err 'it cannot be mac-mini-m4-pro-48 and linux-rtx-3090'

# A page with its pictures, Markdown, and scripts that run alone.
expect_exit 0 plan --html "$TMP/plan.html" --md "$TMP/plan.md" --plots "$TMP/plots"
for plot in cost power headroom markets ceilings percentiles; do
    if [ ! -s "$TMP/plots/plan_$plot.gp" ] || [ ! -s "$TMP/plots/plan_$plot.dat" ]; then
        failed "no script or data of plan_$plot"
    fi
    if command -v gnuplot >/dev/null 2>&1; then
        [ -s "$TMP/plots/plan_$plot.svg" ] || failed "plan_$plot.svg was not drawn"
        grep -q "id=\"plot-plan_$plot\"" "$TMP/plan.html" || failed "plan_$plot is not on the page"
    fi
done
grep -q 'Results side by side' "$TMP/plan.md" || failed "the results are not side by side"
mkdir "$TMP/bin"
expect_exit 0 env PATH="$TMP/bin" "$HEADROOM" plan $real --html "$TMP/bare.html"
grep -q 'gnuplot was not there' "$TMP/bare.html" || failed "the page does not say why it has no pictures"

# The public catalog reads too, and both together.
expect_exit 0 plan --catalog configs/catalog/public.yaml --exchange USD=1.5

# Texts that are no UTF-8 lose the offending bytes, and nothing else.
cp $real "$(printf '%s/odd\377.json' "$TMP")"
expect_exit 0 "$HEADROOM" plan "$(printf '%s/odd\377.json' "$TMP")" --require "$(printf 'rate=1e6@path=\377')" \
    --require markets=1 --catalog $documents --json -
expect_out '"what": "markets"'

# Bad flags.
bad() { # bad MESSAGE ARGUMENTS…
    message=$1
    shift
    expect_refused "$HEADROOM" plan $real "$@"
    expect_err "$message"
}
bad "rate=1e6@p99.9<=10us" --require rate
bad "did you mean markets" --require market=5
bad "cannot be required" --require zebra=5
bad "is no number" --require rate=fast
bad "is no number" --require rate=nan
bad "is no number" --require rate=0x10
bad "asks nothing" --require rate=0
bad "is no tail bound" --require 'rate=1e6@p99.9'
bad "is no tail bound" --require 'rate=1e6@p101<=1us'
bad "has no unit" --require 'rate=1e6@p99<=10'
bad "bounds a rate" --require 'markets=1e6@p99<=1us'
bad "is no condition" --require 'rate=1e6@speed=1'
bad "where a condition should stand" --require 'rate=1e6@'
bad "no order is answered in no time" --require 'rate=1e6@p99.9<=0us'
bad "the bound is said twice" --require 'rate=1e6@p99<=1us,p99.9<=9us'
bad "the path is said twice" --require 'rate=1e6@path=tcp,path=unix'
bad "one level or more" --require markets=1@depth=0
bad "more than 39 letters" --require "rate=1@path=$(printf '%050d' 1)"
bad "names no model" --require decode=5
bad "a model is decoded" --require rate=5@model=x
bad "is no size" --require memory=64
bad "write currency and amount" --budget 8343
bad "give --budget too" --restrict 'AUD 1:vendor=Apple'
bad "is no restriction" --budget 'AUD 10' --restrict 'AUD 1:shop=Apple'
bad "sold by 'Aple'; did you mean Apple" --catalog $documents --budget 'AUD 10' --restrict 'AUD 1:vendor=Aple'
bad "AUD is the plan's own currency" --budget 'AUD 10' --exchange AUD=2
bad "USD is said twice" --budget 'AUD 10' --exchange USD=1.5 --exchange USD=1.6
bad "is in USD, the budget in AUD" --budget 'AUD 10' --restrict 'USD 1:vendor=Apple'
bad "more than the budget" --budget 'AUD 10' --restrict 'AUD 11:vendor=Apple'
bad "is no exchange" --exchange 1.5
bad "is no price" --energy cheap
bad "give --exchange" --budget 'AUD 1' --energy 'USD 0.1/kWh'
bad "is no horizon" --horizon 36
bad "is no share" --memory-share 120
bad "needs a value" --require
bad "no machine of the catalog" --catalog $documents "mac=$real"
expect_refused "$HEADROOM" plan
cp $samples/linux-rtx-3090.json "$TMP/kept.json"
expect_refused "$HEADROOM" plan "$TMP/kept.json" --json "$TMP/kept.json"
expect_err 'would be written over'

# Bad results.
echo '{' >"$TMP/short.json"
expect_refused "$HEADROOM" plan "$TMP/short.json"
expect_err 'short.json:[0-9]+: '
expect_refused "$HEADROOM" plan "$TMP/none.json"
sed 's/"constructed": ".*"/"constructed": ""/' $samples/linux-rtx-3090.json >"$TMP/unmarked.json"
expect_refused "$HEADROOM" plan "$TMP/unmarked.json"
expect_err 'unmarked.json: .*constructed'

# Bad catalogs: file:line and the mend.
catalog() { # catalog MESSAGE LINES
    printf '%b' "$2" >"$TMP/bad.yaml"
    expect_refused "$HEADROOM" plan $real --catalog "$TMP/bad.yaml"
    expect_err "$1"
}
base='m:\n  name: M\n  vendor: V\n  kind: x86-pc\n'
catalog 'bad.yaml:5: m has no field .prize.; did you mean price' "$base  prize: AUD 5\n"
catalog 'bad.yaml:5: price: .5. is no sum of money' "$base  price: 5\n"
catalog 'bad.yaml:5: memory: .48. is no size' "$base  memory: 48\n"
catalog 'bad.yaml:5: watts: 0 says nothing' "$base  watts: 0 W\n"
catalog 'bad.yaml:5: rent: .5/mo. has no currency' "$base  rent: 5/mo\n"
catalog 'bad.yaml:5: priced: .Monday. is no date' "$base  priced: Monday\n"
catalog 'bad.yaml:5: parts is a list' "$base  parts: 5\n"
catalog 'bad.yaml:5: parts: .A 5. is no part' "$base  parts: [A 5]\n"
catalog 'bad.yaml:5: vendor is given twice|bad.yaml:5: m.vendor is given twice' "$base  vendor: W\n"
catalog 'bad.yaml:2: m: a price needs its date and its source' "$base  price: AUD 5\n"
catalog 'bad.yaml:2: m: watts, memory, bandwidth and vram need a source' "$base  memory: 5GiB\n"
catalog 'bad.yaml:2: m: price is AUD 5 but the parts add up to AUD 6' "$base  price: AUD 5\n  parts: [A = 2, B = 4]\n  currency: AUD\n  priced: undated\n  source: s\n"
catalog 'bad.yaml:2: m: the parts have no currency' "$base  parts: [A = 2]\n"
catalog 'bad.yaml:2: m: name, vendor and kind are required' 'm:\n  name: M\n'
catalog 'bad.yaml:2: .M X.: a machine.s id' 'M X:\n  name: M\n'
catalog 'bad.yaml:1: .m. is no machine' 'm: 5\n'
expect_refused "$HEADROOM" plan $real --catalog $documents --catalog $documents
expect_err 'documents.yaml:[0-9]+: machine mac-mini-m4-pro-48 is already in'
expect_refused "$HEADROOM" plan $real --catalog "$TMP/none.yaml"
expect_err 'none.yaml'
