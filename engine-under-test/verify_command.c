/*
 * verify_command.c - `headroom verify`: is a ledger folder what was written, and does a market's
 * state lie under a root?
 *
 * Every sum, every state and every root is worked out again; with --replay also whether each
 * snapshot follows from the requests before it, which no sum in it can show. Proofs are JSON: one
 * market's state, byte for byte, and the hashes beside its way up to the root.
 */
#include "engine-under-test/ledger_command.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/ledger_files.h"
#include "harness/ledger/snapshot_format.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define NAMED_MAX 20u /* damaged ranges of markets that are told one by one */
#define PROOF_BYTES_MAX (256u << 20)

static const struct hr_option options[] = {
    {"root", 0, HR_OPT_TEXT, "HEX", NULL,
     "the state root that the newest snapshot, or the proof, must have"},
    {"replay", 0, HR_OPT_FLAG, NULL, NULL,
     "also: does each snapshot follow from the journal before it?"},
    EUT_LEDGER_ENGINE,
    {"proof", 0, HR_OPT_TEXT, "MARKET", NULL,
     "write the proof that a market's state is under the newest snapshot's root, as JSON"},
    {"check", 0, HR_OPT_TEXT, "FILE", NULL, "check a proof; needs no folder"},
    EUT_LEDGER_THREADS,
    {.name = NULL},
};

struct verifying {
    const char *folder;
    const struct eut_engine *engine; /* NULL: no replay */
    int threads;
    const char *root;        /* or NULL */
    uint32_t named, damaged; /* ranges told; markets in all */
    bool bad;
    uint64_t newest; /* request of the last snapshot that is good */
};

/* ---- snapshots ----------------------------------------------------------------------- */

static void name_damage(void *context, uint32_t first, uint32_t last, const char *why)
{
    struct verifying *v = context;

    v->damaged += last - first + 1;
    if (++v->named > NAMED_MAX) {
        return;
    }
    if (first == last) {
        eut_say("DAMAGED", "market %u: %s", first, why);
    } else {
        eut_say("DAMAGED", "markets %u to %u: %s", first, last, why);
    }
}

static void path_of(const struct verifying *v, uint64_t sequence, char path[HR_LEDGER_PATH_MAX])
{
    snprintf(path, HR_LEDGER_PATH_MAX, "%s/" HR_SNAPSHOT_NAME, v->folder, sequence);
}

/* Whose states are not what the requests before them make? */
static int name_differences(struct verifying *v, const struct hr_recovery *r,
                            const struct hr_state_tree *tree)
{
    struct hr_market_state state = {0};
    int rc = 0;

    for (uint32_t market = 0; market < r->limits.markets && rc == 0; market++) {
        uint8_t leaf[HR_HASH_BYTES];

        rc = hr_market_state_read(&state, r->engine, r->self, market, r->digests.at[market]);
        if (rc) {
            break;
        }
        hr_market_leaf(state.bytes, state.size, leaf);
        if (memcmp(leaf, hr_state_tree_leaf(tree, market), sizeof(leaf)) != 0) {
            name_damage(v, market, market, "it does not follow from the requests before it");
        }
    }
    hr_market_state_free(&state);
    return rc;
}

/* From the snapshot before it, or from nothing, by the journal. */
static int replay(struct verifying *v, const struct hr_snapshot_facts *facts,
                  const struct hr_state_tree *tree)
{
    struct hr_recovery r;
    int rc = hr_recover(&r, &(struct hr_recovery_params){.folder = v->folder,
                                                         .engine = v->engine,
                                                         .threads = v->threads,
                                                         .most = facts->sequence,
                                                         .snapshot_most = facts->sequence - 1,
                                                         .note = eut_say_note});

    if (rc == -ENOMEM) {
        return rc;
    }
    if (rc) {
        eut_say("replay", "cannot be: %s", hr_error());
        hr_error_clear();
        v->bad = true;
        return 0;
    }
    if (r.reached != facts->sequence) {
        eut_say("replay", "cannot be: %s", r.lost[0] ? r.lost : "the journal ends before it");
        v->bad = true;
    } else if (memcmp(r.root, facts->root, sizeof(r.root)) != 0) {
        v->bad = true;
        rc = name_differences(v, &r, tree);
    } else {
        eut_say("replay", "%" PRIu64 " requests from %" PRIu64 " on: the same root, %.2f s",
                r.replayed, r.snapshot + 1, (double)r.replay_ns / 1e9);
    }
    hr_recovery_free(&r);
    return rc;
}

static int verify_snapshot(struct verifying *v, uint64_t sequence, bool newest)
{
    struct hr_snapshot_visit visit = {.damaged = name_damage, .context = v};
    struct hr_state_tree *tree = NULL;
    struct hr_snapshot_facts facts;
    char path[HR_LEDGER_PATH_MAX], hex[EUT_HEX_ROOM];
    int rc;

    v->named = v->damaged = 0;
    visit.tree = &tree;
    path_of(v, sequence, path);
    rc = hr_snapshot_read(path, v->threads, &visit, &facts);
    if (rc == 0 && facts.sequence != sequence) {
        rc = hr_fail(EBADMSG, "%s: it was named after another request than its last one", path);
    }
    if (rc == -EBADMSG) {
        if (v->named > NAMED_MAX) {
            eut_say("DAMAGED", "… and more: %u of %u markets in all", v->damaged,
                    facts.limits.markets);
        }
        eut_say("DAMAGED", "%s", hr_error());
        hr_error_clear();
        v->bad = true;
        rc = 0;
    } else if (rc == 0) {
        eut_hex_put(facts.root, HR_HASH_BYTES, hex);
        eut_say("snapshot", "%s: %u markets, %" PRIu64 " resting, %.1f MiB of states, %.2f s: good",
                facts.file, facts.limits.markets, facts.resting,
                (double)facts.raw_bytes / 1048576.0, (double)facts.ns / 1e9);
        eut_say("root", "%s", hex);
        if (newest && v->root && strcasecmp(hex, v->root) != 0) {
            eut_say("DAMAGED", "the root is not %s", v->root);
            v->bad = true;
        }
        rc = hr_recovery_fits(v->folder, facts.sequence, facts.history);
        if (rc == -ESTALE) {
            eut_say("DAMAGED", "%s", hr_error());
            hr_error_clear();
            v->bad = true;
            rc = 0;
        } else if (rc == 0) {
            v->newest = facts.sequence;
            rc = v->engine && facts.sequence ? replay(v, &facts, tree) : 0;
        }
    }
    hr_state_tree_free(tree);
    return rc;
}

/* ---- the journal --------------------------------------------------------------------- */

static int verify_journal(struct verifying *v)
{
    struct hr_journal_reader *reader;
    const struct eut_request *requests;
    const struct hr_journal_end *end;
    uint64_t *files, first, start_ns = hr_clock_ns();
    uint32_t count;
    int n = hr_ledger_list(v->folder, "journal", "log", &files), rc;

    if (n <= 0) {
        eut_say("journal", "none");
        return n;
    }
    rc = hr_journal_reader_open(&reader, v->folder, files[0] ? files[0] : 1);
    free(files);
    if (rc) {
        return rc;
    }
    while ((rc = hr_journal_read(reader, &requests, &count, &first)) == 1) {
    }
    end = hr_journal_reader_end(reader);
    if (rc == -EBADMSG) {
        uint64_t beyond = hr_journal_reader_beyond(reader);
        char until[64] = "";

        if (beyond) {
            snprintf(until, sizeof(until), "; whole ones come behind it, up to %" PRIu64, beyond);
        }
        eut_say("DAMAGED", "%s: whole up to request %" PRIu64 "%s", hr_error(), end->last, until);
        hr_error_clear();
        v->bad = true;
        rc = 0;
    } else if (rc == 0) {
        eut_say("journal", "%d file%s, requests %" PRIu64 " to %" PRIu64 ", %.2f s: good%s", n,
                n == 1 ? "" : "s", end->first, end->last, (double)(hr_clock_ns() - start_ns) / 1e9,
                end->torn     ? "; its end is torn, behind what was acknowledged"
                : end->closed ? ""
                              : "; not closed");
    }
    if (rc == 0 && !v->bad && end->last < v->newest) {
        eut_say("DAMAGED",
                "the journal ends at request %" PRIu64 ", before the snapshot of request %" PRIu64,
                end->last, v->newest);
        v->bad = true;
    }
    hr_journal_reader_close(reader);
    return rc;
}

/* ---- proofs -------------------------------------------------------------------------- */

struct one_market {
    uint32_t market;
    uint8_t *bytes;
    size_t size;
};

static int keep_market(void *context, const uint8_t *bytes, size_t size)
{
    struct one_market *one = context;
    uint32_t market;

    memcpy(&market, bytes, sizeof(market));
    if (market != one->market) {
        return 0;
    }
    one->bytes = malloc(size);
    one->size = size;
    if (!one->bytes) {
        return hr_fail(ENOMEM, "no memory for a market's state");
    }
    memcpy(one->bytes, bytes, size);
    return 0;
}

static json_t *hex_text(const uint8_t *bytes, size_t count)
{
    char *hex = malloc(2 * count + 1);
    json_t *text;

    if (!hex) {
        return NULL;
    }
    eut_hex_put(bytes, count, hex);
    text = json_string(hex);
    free(hex);
    return text;
}

static int write_proof(const struct one_market *one, const struct hr_state_tree *tree,
                       const struct hr_snapshot_facts *facts)
{
    struct hr_membership proof;
    json_t *beside = json_array(), *json;
    int rc = 0;

    hr_membership_make(&proof, tree, one->market);
    for (uint32_t i = 0; i < proof.steps; i++) {
        json_array_append_new(beside, hex_text(proof.beside[i], HR_HASH_BYTES));
    }
    json =
        json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "proof", "headroom-membership", "market",
                  (json_int_t)one->market, "markets", (json_int_t)proof.leaves, "sequence",
                  (json_int_t)facts->sequence, "state", hex_text(one->bytes, one->size), "beside",
                  beside, "root", hex_text(facts->root, HR_HASH_BYTES));
    if (!json || json_dumpf(json, stdout, JSON_INDENT(1)) || putchar('\n') < 0) {
        rc = hr_fail(EIO, "the proof cannot be written");
    }
    json_decref(json);
    return rc;
}

static int prove(const struct verifying *v, const char *text)
{
    struct one_market one = {0};
    struct hr_snapshot_visit visit = {.market = keep_market, .context = &one};
    struct hr_state_tree *tree = NULL;
    struct hr_snapshot_facts facts;
    char path[HR_LEDGER_PATH_MAX], hex[EUT_HEX_ROOM];
    uint64_t *numbers, market;
    int rc = hr_parse_count(text, &market);
    int n = rc ? 0 : hr_ledger_list(v->folder, "snapshot", "hrs", &numbers);

    if (rc || market > UINT32_MAX) {
        return hr_fail(EINVAL, "--proof %s: a market's number", text);
    }
    if (n <= 0) {
        return n ? n
                 : hr_fail(ENOENT, "%s holds no snapshot: `headroom snapshot %s` makes one",
                           v->folder, v->folder);
    }
    path_of(v, numbers[n - 1], path);
    free(numbers);
    one.market = (uint32_t)market;
    visit.tree = &tree;
    rc = hr_snapshot_read(path, v->threads, &visit, &facts);
    eut_hex_put(facts.root, HR_HASH_BYTES, hex);
    if (rc == 0 && v->root && strcasecmp(hex, v->root) != 0) {
        rc = hr_fail(EBADMSG, "%s: its root is %s, and not %s", path, hex, v->root);
    }
    if (rc == 0 && !one.bytes) {
        rc = hr_fail(EINVAL, "--proof %s: there are markets 0 to %u", text,
                     facts.limits.markets - 1);
    }
    rc = rc ? rc : write_proof(&one, tree, &facts);
    hr_state_tree_free(tree);
    free(one.bytes);
    return rc;
}

static int bad_proof(const char *file, const char *why)
{
    return hr_fail(EINVAL, "%s: this is no proof: %s", file, why);
}

/* The proof's parts; *state is the caller's. */
static int read_proof(const json_t *json, const char *file, struct hr_membership *proof,
                      uint8_t **state, size_t *size, uint8_t root[HR_HASH_BYTES])
{
    json_int_t market = json_integer_value(json_object_get(json, "market"));
    json_int_t markets = json_integer_value(json_object_get(json, "markets"));
    const char *hex = json_string_value(json_object_get(json, "state"));
    const char *root_hex = json_string_value(json_object_get(json, "root"));
    const json_t *beside = json_object_get(json, "beside"), *item;
    size_t i;

    if (markets < 1 || markets > UINT32_MAX || market < 0 || market >= markets) {
        return bad_proof(file, "\"market\" is a number below \"markets\"");
    }
    if (!json_is_array(beside) || json_array_size(beside) > HR_MEMBERSHIP_STEPS_MAX) {
        return bad_proof(file, "\"beside\" is a list of at most 32 hashes");
    }
    if (!root_hex || eut_hex_get(root_hex, root, HR_HASH_BYTES)) {
        return bad_proof(file, "\"root\" is 64 hex digits");
    }
    *proof = (struct hr_membership){.leaf = (uint32_t)market, .leaves = (uint32_t)markets};
    json_array_foreach (beside, i, item) {
        if (!json_is_string(item) ||
            eut_hex_get(json_string_value(item), proof->beside[i], HR_HASH_BYTES)) {
            return bad_proof(file, "\"beside\" holds what is no hash of 64 hex digits");
        }
        proof->steps++;
    }
    *size = hex ? strlen(hex) / 2 : 0;
    *state = malloc(*size ? *size : 1);
    if (!*state) {
        return hr_fail(ENOMEM, "no memory for a market's state");
    }
    return !hex || eut_hex_get(hex, *state, *size) || *size < HR_MARKET_STATE_HEAD_BYTES
               ? bad_proof(file, "\"state\" is a market's state in hex digits")
               : 0;
}

/* 1 if it does not hold. */
static int judge(const struct hr_membership *proof, const uint8_t *state, size_t size,
                 const uint8_t root[HR_HASH_BYTES], const char *wanted)
{
    char hex[EUT_HEX_ROOM];
    uint8_t leaf[HR_HASH_BYTES];
    uint32_t market;

    eut_hex_put(root, HR_HASH_BYTES, hex);
    memcpy(&market, state, sizeof(market));
    hr_market_leaf(state, size, leaf);
    if (market != proof->leaf || !hr_membership_holds(proof, leaf, root)) {
        eut_say("NOT HELD", "this is not the state of market %u of %u under root %s", proof->leaf,
                proof->leaves, hex);
        return 1;
    }
    if (wanted && strcasecmp(wanted, hex) != 0) {
        eut_say("NOT HELD", "it holds under root %s, which is not %s", hex, wanted);
        return 1;
    }
    eut_say("holds", "market %u of %u, %zu resting, under root %s%s", market, proof->leaves,
            (size - HR_MARKET_STATE_HEAD_BYTES) / HR_MARKET_STATE_ORDER_BYTES, hex,
            wanted ? "" : ": whether that is the root you mean, --root tells");
    return 0;
}

static int check_proof(const char *file, const char *wanted)
{
    struct hr_membership proof;
    uint8_t *text, *state = NULL, root[HR_HASH_BYTES];
    json_error_t error;
    json_t *json;
    size_t bytes, size = 0;
    int rc = hr_file_load(file, PROOF_BYTES_MAX, &text, &bytes);

    if (rc) {
        return rc;
    }
    json = json_loadb((const char *)text, bytes, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (!json) {
        return hr_fail(EINVAL, "%s:%d: %s", file, error.line, error.text);
    }
    rc = read_proof(json, file, &proof, &state, &size, root);
    rc = rc ? rc : judge(&proof, state, size, root, wanted);
    free(state);
    json_decref(json);
    return rc;
}

/* ---- the command --------------------------------------------------------------------- */

static int verify_all(struct verifying *v)
{
    uint64_t *numbers;
    int n = hr_ledger_list(v->folder, "snapshot", "hrs", &numbers), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        rc = verify_snapshot(v, numbers[i], i == n - 1);
    }
    if (n >= 0) {
        free(numbers);
    }
    rc = n < 0 ? n : rc ? rc : verify_journal(v);
    if (rc == 0 && n == 0) {
        eut_say("snapshots", "none");
        if (v->root) {
            return hr_fail(EINVAL, "--root %s: no snapshot has a root here", v->root);
        }
    }
    return rc ? rc : v->bad;
}

static int verify_folder(const struct hr_args *args, struct verifying *v)
{
    const char *const *operands;
    struct eut_handle handle = {0};
    int rc;

    if (hr_arg_operands(args, &operands) == 0) {
        return hr_fail(EINVAL, "verify: a ledger FOLDER is missing, or --check PROOF");
    }
    rc = eut_ledger_of_args(args, &v->folder);
    rc = rc ? rc : eut_threads_of_args(args, &v->threads);
    if (rc == 0 && hr_arg_text(args, "proof")) {
        return prove(v, hr_arg_text(args, "proof"));
    }
    if (rc == 0 && hr_arg_flag(args, "replay")) {
        rc = eut_open(&handle, hr_arg_text(args, "engine"));
        v->engine = rc ? NULL : handle.engine;
    }
    rc = rc ? rc : verify_all(v);
    if (v->engine) {
        eut_close(&handle);
    }
    return rc;
}

static int run(const struct hr_args *args)
{
    struct verifying v = {.root = hr_arg_text(args, "root")};
    const char *file = hr_arg_text(args, "check"), *const * operands;
    uint8_t root[HR_HASH_BYTES];
    int rc = 0;

    if (v.root && eut_hex_get(v.root, root, sizeof(root))) {
        rc = hr_fail(EINVAL, "--root %s: a root is 64 hex digits", v.root);
    } else if (file && hr_arg_operands(args, &operands)) {
        rc = hr_fail(EINVAL, "--check %s: a proof is checked without a folder", file);
    }
    hr_clock_init();
    rc = rc ? rc : file ? check_proof(file, v.root) : verify_folder(args, &v);
    return rc > 0 ? HR_EXIT_VERDICT : hr_exit_of(rc);
}

const struct hr_command hr_command_verify = {
    .name = "verify",
    .operands = "[FOLDER]",
    .operands_min = 0,
    .operands_max = 1,
    .summary = "is a ledger what was written? Names damaged markets; makes and checks proofs",
    .details = "  headroom verify ledger --replay\n"
               "  headroom verify ledger --proof 42 >42.json && headroom verify --check 42.json "
               "--root HEX\n"
               "\n"
               "exit: 0 good, 1 damaged, or the proof does not hold, 2 it cannot be looked at",
    .options = options,
    .run = run,
};
