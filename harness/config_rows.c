/* config_rows.c - what can be set for a run? The one table: profiles, -S, the environment, help and
 * the dump into the report all come from it. Adding a setting is adding a row here. */
#include "harness/config.h"

#include <stddef.h>

#define U32 4294967295.0
#define U63 9223372036854774784.0 /* the largest double below 2^63 */
#define PRICE 2147483647.0
#define DAY 86400e9

/* clang-format off */
const struct hr_config_row hr_config_rows[] = {
    /* ---- the order flow ---- */
    {"flow.preset", HR_CFG_TEXT, 0, 0, "", "", "a mix from configs/flows/NAME.yaml under the profile's own settings"},
    {"flow.seed", HR_CFG_COUNT, 0, U63, "1", "", "seed of the flow; same seed and settings, same bytes"},
    {"flow.markets", HR_CFG_COUNT, 1, 134217728, "1000", "markets", "markets in all"},
    {"flow.l2_share", HR_CFG_REAL, 0, 1, "0", "", "part of the markets that are L2 (quoted levels, no orders)"},
    {"flow.levels", HR_CFG_COUNT, 1, 4096, "10", "levels", "price levels a side that the flow holds"},
    {"flow.l2_levels", HR_CFG_COUNT, 0, 4096, "0", "levels", "the same in L2 markets; 0: as flow.levels"},
    {"flow.orders_per_level", HR_CFG_COUNT, 1, 4194304, "10", "orders", "resting orders a level that the flow holds"},
    {"flow.zipf", HR_CFG_REAL, 0, 10, "0", "", "skew over the markets: 0 uniform, s > 0 Zipf"},
    {"flow.new", HR_CFG_REAL, 0, 1e6, "0.42", "", "share of new day orders; shares are normalised"},
    {"flow.cancel", HR_CFG_REAL, 0, 1e6, "0.45", "", "share of cancels"},
    {"flow.replace", HR_CFG_REAL, 0, 1e6, "0.05", "", "share of replaces"},
    {"flow.ioc", HR_CFG_REAL, 0, 1e6, "0.03", "", "share of immediate-or-cancel orders"},
    {"flow.fok", HR_CFG_REAL, 0, 1e6, "0.005", "", "share of fill-or-kill orders"},
    {"flow.market", HR_CFG_REAL, 0, 1e6, "0.015", "", "share of market orders"},
    {"flow.post", HR_CFG_REAL, 0, 1e6, "0.03", "", "share of post-only orders"},
    {"flow.crossing", HR_CFG_REAL, 0, 1, "0.02", "", "part of the new orders that are priced to trade"},
    {"flow.taking", HR_CFG_REAL, 0, 1, "1", "", "part of the immediate-or-cancel orders that are priced to trade"},
    {"flow.nudge", HR_CFG_REAL, 0, 1, "0", "", "part of the replaces that add a lot and move by at most a tick, and so lose their place"},
    {"flow.walk", HR_CFG_REAL, 0, 1, "0.01", "", "chance a request that its market's middle price moves a tick"},
    {"flow.swing", HR_CFG_REAL, -0.95, 0.95, "0", "", "part of its start by which a market's middle price goes away and comes back; below 0 it falls first"},
    {"flow.swing_requests", HR_CFG_COUNT, 1, 2000000000, "1M", "requests", "requests to a market in which its middle price goes one way of the swing"},
    {"flow.price_mid", HR_CFG_COUNT, 1, PRICE, "100000", "ticks", "middle price at which markets start"},
    {"flow.price_full", HR_CFG_BOOL, 0, 1, "false", "", "use the whole price range now and then, both ends too"},
    {"flow.qty_mean", HR_CFG_REAL, 1, 1e6, "100", "lots", "mean order size, geometric"},
    {"flow.accounts", HR_CFG_COUNT, 0, U32, "1000", "accounts", "senders; 0: all orders are account 0, no self-trade checks"},
    {"flow.ids", HR_CFG_TEXT, 0, 0, "sparse", "sparse|dense", "order ids: any 64 bits, or 1, 2, 3 …"},

    /* ---- when orders are due, in open-loop runs ---- */
    {"arrival.process", HR_CFG_TEXT, 0, 0, "poisson", "back_to_back|constant|poisson|bursty", "how orders arrive in open-loop runs"},
    {"arrival.burst", HR_CFG_REAL, 1, 1e9, "50", "requests", "bursty: mean requests a burst"},
    {"arrival.burst_factor", HR_CFG_REAL, 1, 1e6, "10", "", "bursty: rate within a burst, as a multiple of the mean rate"},
    {"arrival.seed", HR_CFG_COUNT, 0, U63, "1", "", "seed of the arrivals; each run adds its number"},

    /* ---- the run ---- */
    {"run.suites", HR_CFG_TEXT, 0, 0, "all", "", "suites to run, separated by commas; conformance always comes first"},
    {"run.runs", HR_CFG_COUNT, 1, 10000, "6", "runs", "fresh runs a case; below 6 there is no interval"},
    {"run.blocks", HR_CFG_COUNT, 6, 500, "10", "blocks", "with --against: blocks of four runs (old, new, new, old) a case"},
    {"run.batch", HR_CFG_COUNT, 1, 1048576, "256", "requests", "requests handed to the engine at once"},
    {"run.budget", HR_CFG_TIME, 1e9, 30 * DAY, "10min", "ns", "time for everything; sizes and runs are cut to fit"},
    {"run.retries", HR_CFG_COUNT, 0, 100, "3", "", "times a run is repeated after a hard validity failure"},
    {"run.pin", HR_CFG_BOOL, 0, 1, "true", "", "bind the measuring thread, and each shard, to a processor"},
    {"run.ceilings", HR_CFG_TIME, 0, DAY, "20s", "ns", "time for measuring the machine's ceilings; 0s: none are measured"},
    {"run.memory_share", HR_CFG_REAL, 0.01, 0.95, "0.6", "", "part of the available memory that may be used"},

    /* ---- the suites ---- */
    {"conformance.requests", HR_CFG_COUNT, 1, 1e12, "200k", "requests", "hostile requests compared with the oracle's answers"},
    {"latency.requests", HR_CFG_COUNT, 1, 1e12, "1M", "requests", "timed requests a run"},
    {"latency.rates", HR_CFG_COUNTS, 1, 1e12, "100k,1M,4M", "orders/s", "offered rates of the open-loop cases"},
    {"latency.markets", HR_CFG_COUNTS, 1, 134217728, "1,1000", "markets", "market counts of the closed-loop cases"},
    {"latency.flows", HR_CFG_TEXT, 0, 0, "", "", "flow presets for closed-loop cases too, as they are, separated by commas"},
    {"latency.worst_orders", HR_CFG_COUNT, 0, 1e8, "1M", "orders", "the longest queue of the worst cases; what else they need is a part of it; 0: no worst cases"},
    {"latency.worst_requests", HR_CFG_COUNT, 1, 1e9, "100k", "requests", "timed requests of a worst case; of sweeps and refusals, which are long, fewer"},
    {"latency.worst_bound", HR_CFG_REAL, 1, 1e9, "100", "times", "p99.9 of a worst case over the median request of a plain market, at most"},
    {"latency.seconds", HR_CFG_TIME, 1e6, DAY, "500ms", "ns", "length of an open-loop run, at most"},
    {"latency.late_budget", HR_CFG_TIME, 1, DAY, "100us", "ns", "an open-loop send later than this is late; more than 0.1 % of them void the run"},
    {"throughput.requests", HR_CFG_COUNT, 1, 1e11, "1M", "requests", "N of a run; the headline takes 4 N, and N, 2 N and 4 N must agree"},
    {"throughput.flows", HR_CFG_TEXT, 0, 0, "", "", "flow presets to measure as they are, separated by commas; `headroom list` shows them"},
    {"throughput.markets", HR_CFG_COUNTS, 1, 134217728, "1,1000", "markets", "market counts of the headline cases"},
    {"throughput.crossings", HR_CFG_COUNTS, 0, 100, "0,25,50", "%", "shares of the new orders that are priced to trade"},
    {"throughput.batches", HR_CFG_COUNTS, 1, 1048576, "1,8,64,512", "requests", "batch sizes of the sweep"},
    {"throughput.regimes", HR_CFG_TEXT, 0, 0, "static,normal,swing25,swing40,crash", "", "flow presets driven one request at a time, events read by a second thread; \"\": none"},
    {"throughput.regime_requests", HR_CFG_COUNT, 1, 1e11, "2M", "requests", "requests of a regime's run"},
    {"markets.counts", HR_CFG_COUNTS, 1, 134217728, "1,10,100,1000,10000", "markets", "market counts of the sweep"},
    {"markets.depths", HR_CFG_COUNTS, 1, 4096, "1,10,100", "levels", "depths of the sweep, levels a side"},
    {"markets.requests", HR_CFG_COUNT, 1, 1e12, "1M", "requests", "requests a run of the sweep"},
    {"markets.zipf", HR_CFG_REAL, 0, 10, "1.1", "", "skew of the skewed case at the largest market count; 0: none"},
    {"markets.planet", HR_CFG_COUNT, 0, 134217728, "0", "markets", "also so many at once, a fifth L3 of 100 levels, the rest L2 of 20, scaled to fit; 0: not"},
    {"scaling.threads", HR_CFG_COUNT, 0, 4096, "0", "threads", "most shards; 0: one a processor"},
    {"scaling.flows", HR_CFG_TEXT, 0, 0, "", "", "flow presets to sweep over cores too, as they are, separated by commas"},
    {"scaling.requests", HR_CFG_COUNT, 1, 1e12, "1M", "requests", "requests a run, over all shards"},
    {"wire.orders", HR_CFG_COUNT, 1, 1e11, "1M", "orders", "orders encoded and decoded a run"},
    {"network.paths", HR_CFG_TEXT, 0, 0, "all", "", "paths between processes to measure, separated by commas; `headroom list` shows them"},
    {"network.batches", HR_CFG_COUNTS, 1, 65536, "1,16,256", "orders", "orders in a message"},
    {"network.clients", HR_CFG_COUNT, 1, 4096, "20", "clients", "connections, at most one a market"},
    {"network.markets", HR_CFG_COUNT, 1, 134217728, "20", "markets", "markets of the network cases; the rest is the run's own flow"},
    {"network.orders", HR_CFG_COUNT, 1, 1e11, "1M", "orders", "orders of a run; of batches below 32 fewer"},
    {"network.window", HR_CFG_COUNT, 1, 1e9, "2048", "orders", "orders that a client sends ahead of their answers; at least a batch"},
    {"network.buffer", HR_CFG_COUNT, 0, 1e12, "0", "bytes", "buffer of each way of a connection; 0: what the system or the ring has by itself"},
    {"network.congestion", HR_CFG_TEXT, 0, 0, "", "", "TCP congestion control; \"\": the system's, which the report names"},
    {"network.hwm", HR_CFG_COUNT, 0, 1e9, "1000", "messages", "high-water mark of a zmq connection; 0: none"},
    {"network.baseline", HR_CFG_TIME, 0, DAY, "1s", "ns", "time for libiperf over the same link, whole seconds; 0s: not"},
    {"crypto.orders", HR_CFG_COUNT, 1, 1e11, "1M", "orders", "orders sealed and opened a run"},
    {"crypto.batches", HR_CFG_COUNTS, 1, 1092, "1,16,64,256,1024", "orders", "orders sealed as one record"},
    {"crypto.handshakes", HR_CFG_COUNT, 1, 1e9, "100", "handshakes", "sessions begun a run, and signatures made"},
    {"capacity.percentile", HR_CFG_REAL, 50, 99.999, "99.9", "%", "the tail that must stay inside the bound"},
    {"capacity.bound", HR_CFG_TIME, 1, DAY, "10us", "ns", "the bound of that tail"},
    {"capacity.bound_wide", HR_CFG_TIME, 0, DAY, "1ms", "ns", "a second bound, for machines whose own hiccups exceed the first; 0s: none"},
    {"capacity.confirm", HR_CFG_COUNT, 1, 100, "5", "runs", "fresh runs that must all pass at the published rate"},
    {"capacity.resolution", HR_CFG_REAL, 0.001, 0.5, "0.05", "", "width of the bracket at which the search ends, as part of the rate"},
    {"capacity.requests", HR_CFG_COUNT, 1, 1e12, "200k", "requests", "requests of one tried rate, at least"},
    {"capacity.rate_min", HR_CFG_REAL, 1, 1e12, "100e3", "orders/s", "where the search begins"},
    {"capacity.rate_max", HR_CFG_REAL, 1, 1e12, "1e9", "orders/s", "where it ends at the latest"},
    {.key = NULL},
};
/* clang-format on */
