/* claims_file.c - what do the files of claims, facts and hardware say? One table of keys a kind of
 * entry. Everything is read first and checked afterwards, because claims may name each other. */
#include "harness/config_folder.h"
#include "harness/error.h"
#include "harness/nearest.h"
#include "harness/settings_file.h"
#include "reports/claims.h"
#include "reports/claims_words.h"
#include "reports/formula.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 4096
#define PATH_BYTES 4096

struct key {
    const char *name;
    size_t offset;
    bool required;
};

#define CLAIM_KEY(name, required)                        \
    {                                                    \
#name, offsetof(struct hr_claim, name), required \
    }
static const struct key claim_keys[] = {
    CLAIM_KEY(claim, true),
    CLAIM_KEY(at, false),
    CLAIM_KEY(value, true),
    CLAIM_KEY(hardware, false),
    {"case", offsetof(struct hr_claim, cases), false},
    CLAIM_KEY(where, false),
    CLAIM_KEY(field, false),
    CLAIM_KEY(direction, false),
    CLAIM_KEY(tolerance, false),
    CLAIM_KEY(kind, false),
    CLAIM_KEY(must, false),
    CLAIM_KEY(agrees, false),
    CLAIM_KEY(needs, false),
    CLAIM_KEY(note, false),
    {NULL, 0, false},
};
#define FACT_KEY(name)                                    \
    {                                                     \
#name, offsetof(struct hr_named_fact, name), true \
    }
static const struct key fact_keys[] = {FACT_KEY(value), FACT_KEY(source), {NULL, 0, false}};
#define HARDWARE_KEY(name, required)                        \
    {                                                       \
#name, offsetof(struct hr_hardware, name), required \
    }
static const struct key hardware_keys[] = {
    HARDWARE_KEY(says, true),
    HARDWARE_KEY(cpu, false),
    HARDWARE_KEY(not_cpu, false),
    HARDWARE_KEY(gpu, false),
    HARDWARE_KEY(not_gpu, false),
    HARDWARE_KEY(machine, false),
    HARDWARE_KEY(system, false),
    HARDWARE_KEY(memory, false),
    HARDWARE_KEY(network, false),
    HARDWARE_KEY(processors, false),
    {NULL, 0, false},
};

/* The three kinds of file: where their entries go, and which keys those have. */
struct shelf {
    const char *folder;
    const struct key *keys;
    size_t bytes;       /* of an entry */
    size_t list, count; /* offsets in struct hr_claims */
};
static const struct shelf shelves[] = {
    {"facts", fact_keys, sizeof(struct hr_named_fact), offsetof(struct hr_claims, facts),
     offsetof(struct hr_claims, fact_count)},
    {"hardware", hardware_keys, sizeof(struct hr_hardware), offsetof(struct hr_claims, hardware),
     offsetof(struct hr_claims, hardware_count)},
    {"claims", claim_keys, sizeof(struct hr_claim), offsetof(struct hr_claims, claims),
     offsetof(struct hr_claims, claim_count)},
};

static const struct shelf *shelf_of(const char *folder)
{
    const struct shelf *shelf = shelves;

    while (strcmp(shelf->folder, folder) != 0) {
        shelf++;
    }
    return shelf;
}

static char **list_of(struct hr_claims *claims, const struct shelf *shelf)
{
    return (char **)(void *)((char *)claims + shelf->list);
}

static size_t *count_of(struct hr_claims *claims, const struct shelf *shelf)
{
    return (size_t *)(void *)((char *)claims + shelf->count);
}

static struct hr_words *words_of(void *entry, const struct key *key)
{
    return (struct hr_words *)(void *)((char *)entry + key->offset);
}

/* ---- messages -------------------------------------------------------------------------- */

struct hr_plain_text hr_plain(const char *text)
{
    struct hr_plain_text p = {""};

    for (size_t i = 0; text[i] && i + 1 < sizeof(p.text); i++) {
        p.text[i] = (char)(isprint((unsigned char)text[i]) ? text[i] : '?');
    }
    return p;
}

int hr_words_context(int rc, const char *file, const struct hr_words *words, int at)
{
    return hr_context(rc, "%s:%d:%d", file, words->line, words->column ? words->column + at : 1);
}

/* ---- reading --------------------------------------------------------------------------- */

struct filling {
    struct hr_claims *claims;
    const struct shelf *shelf;
    const char *file;
    char message[HR_ERROR_MAX]; /* of a refused setting, with its place */
};

static bool is_id(const char *text, size_t length)
{
    if (length == 0 || length >= HR_FORMULA_NAME_BYTES || !isalpha((unsigned char)text[0])) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static int grow(struct filling *f, const char *id, size_t length, int line, struct hr_entry **made)
{
    char **list = list_of(f->claims, f->shelf), *larger;
    size_t *count = count_of(f->claims, f->shelf);
    struct hr_entry *entry;

    if (*count == ENTRIES_MAX) {
        return hr_fail(EINVAL, "more than %d entries in %s", ENTRIES_MAX, f->shelf->folder);
    }
    larger = realloc(*list, (*count + 1) * f->shelf->bytes);
    if (!larger) {
        return hr_fail(ENOMEM, "out of memory");
    }
    *list = larger;
    entry = (struct hr_entry *)(void *)(larger + *count * f->shelf->bytes);
    memset(entry, 0, f->shelf->bytes);
    entry->id = strndup(id, length);
    if (!entry->id) {
        return hr_fail(ENOMEM, "out of memory");
    }
    entry->file = f->file;
    entry->line = line;
    ++*count;
    *made = entry;
    return 0;
}

/* The entry that is being filled: the file's last, if it has this id. */
static struct hr_entry *last_entry(struct filling *f, const char *id, size_t length)
{
    size_t count = *count_of(f->claims, f->shelf);
    struct hr_entry *entry;

    if (count == 0) {
        return NULL;
    }
    entry =
        (struct hr_entry *)(void *)(*list_of(f->claims, f->shelf) + (count - 1) * f->shelf->bytes);
    return entry->file == f->file && strlen(entry->id) == length &&
                   memcmp(entry->id, id, length) == 0
               ? entry
               : NULL;
}

static int take_top(struct filling *f, const struct hr_setting *s)
{
    char **document = &f->claims->documents[f->claims->file_count - 1];

    if (strcmp(s->key, "summary") == 0 && !s->is_list) {
        return 0;
    }
    if (strcmp(s->key, "document") == 0 && !s->is_list && f->shelf->keys == claim_keys) {
        free(*document);
        *document = strdup(s->value);
        return *document ? 0 : hr_fail(ENOMEM, "out of memory");
    }
    return hr_fail(EINVAL,
                   "%s stands outside of an entry; expected `id:` with `key: value` lines "
                   "under it",
                   hr_plain(s->key).text);
}

static int unknown_key(const struct filling *f, const char *name)
{
    struct hr_nearest near = {.word = name};

    for (const struct key *k = f->shelf->keys; k->name; k++) {
        hr_nearest_offer(&near, k->name);
    }
    if (hr_nearest_name(&near)) {
        return hr_fail(EINVAL, "unknown key %s; did you mean %s?", hr_plain(name).text,
                       hr_nearest_name(&near));
    }
    return hr_fail(EINVAL, "unknown key %s in an entry of %s", hr_plain(name).text,
                   f->shelf->folder);
}

static int take_setting(struct filling *f, const struct hr_setting *s)
{
    const char *dot = strrchr(s->key, '.');
    const struct key *key = f->shelf->keys;
    struct hr_entry *entry;
    struct hr_words *words;
    int rc;

    if (!dot) {
        return take_top(f, s);
    }
    if (!is_id(s->key, (size_t)(dot - s->key))) {
        return hr_fail(EINVAL, "an entry's name is letters, digits, _ and -, at most %d",
                       HR_FORMULA_NAME_BYTES - 1);
    }
    if (is_word(s->key, (size_t)(dot - s->key), "value") ||
        is_word(s->key, (size_t)(dot - s->key), "and")) {
        return hr_fail(EINVAL, "'value' and 'and' are words of formulas; name the entry otherwise");
    }
    while (key->name && strcmp(key->name, dot + 1) != 0) {
        key++;
    }
    if (!key->name) {
        return unknown_key(f, dot + 1);
    }
    if (s->is_list) {
        return hr_fail(EINVAL, "%s takes one value, not a list", key->name);
    }
    entry = last_entry(f, s->key, (size_t)(dot - s->key));
    if (!entry) {
        rc = grow(f, s->key, (size_t)(dot - s->key), s->line, &entry);
        if (rc) {
            return rc;
        }
    }
    words = words_of(entry, key);
    *words = (struct hr_words){strdup(s->value), s->line, s->column};
    return words->text ? 0 : hr_fail(ENOMEM, "out of memory");
}

/* The settings' reader knows the line; here the column is told too. */
static int take(void *context, const struct hr_setting *s)
{
    struct filling *f = context;
    int rc = take_setting(f, s);

    if (rc) {
        snprintf(f->message, sizeof(f->message), "%s:%d:%d: %.*s", f->file, s->line,
                 s->column ? s->column : 1, HR_ERROR_MAX / 2, hr_error());
    }
    return rc;
}

/* The name is kept, since entries point to it. */
static int add_file(struct hr_claims *claims, const char *name)
{
    size_t count = claims->file_count + 1;
    char **files = realloc(claims->files, count * sizeof(char *)), **documents;

    claims->files = files ? files : claims->files;
    documents = files ? realloc(claims->documents, count * sizeof(char *)) : NULL;
    claims->documents = documents ? documents : claims->documents;
    if (!documents) {
        return hr_fail(ENOMEM, "out of memory");
    }
    files[count - 1] = strdup(name);
    documents[count - 1] = strdup("");
    claims->file_count = count;
    return files[count - 1] && documents[count - 1] ? 0 : hr_fail(ENOMEM, "out of memory");
}

static int read_file(struct hr_claims *claims, const char *folder, const char *text, size_t bytes,
                     const char *name)
{
    int rc = add_file(claims, name);
    struct filling f = {claims, shelf_of(folder), NULL, ""};
    size_t first = *count_of(claims, f.shelf);

    if (rc) {
        return rc;
    }
    f.file = claims->files[claims->file_count - 1];
    rc = text ? hr_settings_parse(text, bytes, name, take, &f) : hr_settings_read(name, take, &f);
    if (rc) {
        return *f.message ? hr_fail(-rc, "%s", f.message) : rc;
    }
    if (f.shelf->keys == claim_keys) {
        for (size_t i = first; i < claims->claim_count; i++) {
            claims->claims[i].document = claims->documents[claims->file_count - 1];
        }
    }
    return *count_of(claims, f.shelf) > first
               ? 0
               : hr_fail(EINVAL, "%s:1:1: no entry of %s in it", name, folder);
}

int hr_claims_parse(struct hr_claims *claims, const char *folder, const char *text, size_t bytes,
                    const char *name)
{
    return read_file(claims, folder, text, bytes, name);
}

struct reading {
    struct hr_claims *claims;
    const char *folder;
    int rc;
};

static void read_one(void *context, const char *name)
{
    struct reading *r = context;
    char path[PATH_BYTES];

    if (r->rc == 0) {
        snprintf(path, sizeof(path), "%s/%s/%s.yaml", hr_config_folder(), r->folder, name);
        r->rc = read_file(r->claims, r->folder, NULL, 0, path);
    }
}

static int read_folder(struct hr_claims *claims, const char *folder)
{
    struct reading reading = {claims, folder, 0};
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", hr_config_folder(), folder);
    hr_config_names(path, read_one, &reading);
    return reading.rc;
}

/* ---- checking -------------------------------------------------------------------------- */

static int check_entries(struct hr_claims *claims, const struct shelf *shelf)
{
    char *list = *list_of(claims, shelf);
    size_t count = *count_of(claims, shelf);

    for (size_t i = 0; i < count; i++) {
        struct hr_entry *entry = (struct hr_entry *)(void *)(list + i * shelf->bytes);

        for (const struct key *key = shelf->keys; key->name; key++) {
            if (key->required && !words_of(entry, key)->text) {
                return hr_fail(EINVAL, "%s:%d:1: %s has no %s; give one", entry->file, entry->line,
                               entry->id, key->name);
            }
        }
        for (size_t k = 0; k < i; k++) {
            struct hr_entry *other = (struct hr_entry *)(void *)(list + k * shelf->bytes);

            if (strcmp(entry->id, other->id) == 0) {
                return hr_fail(EINVAL,
                               "%s:%d:1: %s is already in %s:%d; name one of them otherwise",
                               entry->file, entry->line, entry->id, other->file, other->line);
            }
        }
    }
    return 0;
}

/* A formula that names it must mean one thing. */
static int check_names(const struct hr_claims *claims)
{
    for (size_t i = 0; i < claims->fact_count; i++) {
        const struct hr_entry *fact = &claims->facts[i].entry;
        const struct hr_claim *claim = hr_claims_find(claims, fact->id);

        if (claim) {
            return hr_fail(EINVAL, "%s:%d:1: %s is a fact already, in %s:%d; name it otherwise",
                           claim->entry.file, claim->entry.line, fact->id, fact->file, fact->line);
        }
    }
    return 0;
}

int hr_claims_check_entries(struct hr_claims *claims)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(shelves) / sizeof(shelves[0]); i++) {
        rc = check_entries(claims, &shelves[i]);
    }
    return rc ? rc : check_names(claims);
}

/* ---- the registry ---------------------------------------------------------------------- */

const struct hr_claim *hr_claims_find(const struct hr_claims *claims, const char *id)
{
    for (size_t i = 0; i < claims->claim_count; i++) {
        if (strcmp(claims->claims[i].entry.id, id) == 0) {
            return &claims->claims[i];
        }
    }
    return NULL;
}

const struct hr_hardware *hr_hardware_find(const struct hr_claims *claims, const char *id)
{
    for (size_t i = 0; i < claims->hardware_count; i++) {
        if (strcmp(claims->hardware[i].entry.id, id) == 0) {
            return &claims->hardware[i];
        }
    }
    return NULL;
}

static int find_name(void *context, const char *name, struct hr_quantity *value)
{
    const struct hr_claim_names *n = context;
    const struct hr_claim *claim = n->facts_only ? NULL : hr_claims_find(n->claims, name);
    struct hr_nearest near = {.word = name};

    if (strcmp(name, "value") == 0 && n->claim) {
        *value = n->claim->amount;
        return 0;
    }
    if (claim) {
        *value = claim->amount;
        return 0;
    }
    for (size_t i = 0; i < n->claims->fact_count; i++) {
        if (strcmp(n->claims->facts[i].entry.id, name) == 0) {
            *value = n->claims->facts[i].amount;
            return 0;
        }
        hr_nearest_offer(&near, n->claims->facts[i].entry.id);
    }
    return hr_nearest_name(&near)
               ? hr_fail(EINVAL, "unknown name %s; did you mean %s?", name, hr_nearest_name(&near))
               : hr_fail(EINVAL, "unknown name %s: %s", name,
                         n->facts_only ? "a value is made of facts that are given before it"
                                       : "neither a fact nor a claim");
}

struct hr_formula_names hr_claim_names(struct hr_claim_names *names)
{
    return (struct hr_formula_names){find_name, names};
}

struct hr_claims *hr_claims_new(void)
{
    struct hr_claims *claims = calloc(1, sizeof(*claims));

    if (!claims) {
        hr_fail(ENOMEM, "out of memory");
    }
    return claims;
}

void hr_claims_free(struct hr_claims *claims)
{
    if (!claims) {
        return;
    }
    for (size_t s = 0; s < sizeof(shelves) / sizeof(shelves[0]); s++) {
        char *list = *list_of(claims, &shelves[s]);

        for (size_t i = 0; i < *count_of(claims, &shelves[s]); i++) {
            struct hr_entry *entry = (struct hr_entry *)(void *)(list + i * shelves[s].bytes);

            free(entry->id);
            for (const struct key *key = shelves[s].keys; key->name; key++) {
                free(words_of(entry, key)->text);
            }
        }
        free(list);
    }
    for (size_t i = 0; i < claims->file_count; i++) {
        free(claims->files[i]);
        free(claims->documents[i]);
    }
    free(claims->files);
    free(claims->documents);
    free(claims);
}

int hr_claims_load(struct hr_claims **claims, const char *const *files, int count)
{
    struct hr_claims *c = hr_claims_new();
    int rc = c ? 0 : -ENOMEM;

    rc = rc ? rc : read_folder(c, "facts");
    rc = rc ? rc : read_folder(c, "hardware");
    for (int i = 0; rc == 0 && files && i < count; i++) {
        rc = read_file(c, "claims", NULL, 0, files[i]);
    }
    rc = rc == 0 && !files ? read_folder(c, "claims") : rc;
    if (rc == 0 && c->claim_count == 0) {
        rc = hr_fail(ENOENT, "no claims in %s/claims; name a file with --claims",
                     hr_config_folder());
    }
    rc = rc ? rc : hr_claims_check(c);
    if (rc) {
        hr_claims_free(c);
    }
    *claims = rc ? NULL : c;
    return rc;
}
