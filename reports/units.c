/* units.c - which unit is this, and how is a quantity written? One table of units; a unit's text
 * is a word, a power and more words after slashes. It cannot see whether a unit makes sense. */
#include "reports/units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How prefixes go with a unit. */
enum prefixes { BARE, SI, SI_AND_BINARY };

static const struct {
    const char *name;
    double factor;
    enum hr_dimension of;
    enum prefixes prefixes;
    int per_second; /* 1: the unit is a rate */
} units[] = {
    {"b", 1, HR_DIM_BIT, SI_AND_BINARY, 0},
    {"bit", 1, HR_DIM_BIT, SI_AND_BINARY, 0},
    {"bits", 1, HR_DIM_BIT, BARE, 0},
    {"B", 8, HR_DIM_BIT, SI_AND_BINARY, 0},
    {"byte", 8, HR_DIM_BIT, BARE, 0},
    {"bytes", 8, HR_DIM_BIT, BARE, 0},
    {"s", 1, HR_DIM_SECOND, SI, 0},
    {"min", 60, HR_DIM_SECOND, BARE, 0},
    {"h", 3600, HR_DIM_SECOND, BARE, 0},
    {"day", 86400, HR_DIM_SECOND, BARE, 0},
    {"days", 86400, HR_DIM_SECOND, BARE, 0},
    {"month", 730 * 3600.0, HR_DIM_SECOND, BARE, 0},
    {"months", 730 * 3600.0, HR_DIM_SECOND, BARE, 0},
    {"year", 8760 * 3600.0, HR_DIM_SECOND, BARE, 0},
    {"years", 8760 * 3600.0, HR_DIM_SECOND, BARE, 0},
    {"m", 1, HR_DIM_METRE, SI, 0},
    {"J", 1, HR_DIM_JOULE, SI, 0},
    {"Wh", 3600, HR_DIM_JOULE, SI, 0},
    {"W", 1, HR_DIM_JOULE, SI, 1},
    {"order", 1, HR_DIM_ORDER, BARE, 0},
    {"orders", 1, HR_DIM_ORDER, BARE, 0},
    {"trade", 1, HR_DIM_TRADE, BARE, 0},
    {"trades", 1, HR_DIM_TRADE, BARE, 0},
    {"market", 1, HR_DIM_MARKET, BARE, 0},
    {"markets", 1, HR_DIM_MARKET, BARE, 0},
    {"message", 1, HR_DIM_MESSAGE, BARE, 0},
    {"messages", 1, HR_DIM_MESSAGE, BARE, 0},
    {"share", 1, HR_DIM_SHARE, BARE, 0},
    {"shares", 1, HR_DIM_SHARE, BARE, 0},
    {"compare", 1, HR_DIM_COMPARE, BARE, 0},
    {"compares", 1, HR_DIM_COMPARE, BARE, 0},
    {"event", 1, HR_DIM_EVENT, BARE, 0},
    {"events", 1, HR_DIM_EVENT, BARE, 0},
    {"token", 1, HR_DIM_TOKEN, BARE, 0},
    {"tokens", 1, HR_DIM_TOKEN, BARE, 0},
    {"weight", 1, HR_DIM_WEIGHT, BARE, 0},
    {"weights", 1, HR_DIM_WEIGHT, BARE, 0},
    {"flop", 1, HR_DIM_FLOP, SI, 0},
    {"block", 1, HR_DIM_BLOCK, BARE, 0},
    {"blocks", 1, HR_DIM_BLOCK, BARE, 0},
    {"vote", 1, HR_DIM_VOTE, BARE, 0},
    {"votes", 1, HR_DIM_VOTE, BARE, 0},
    {"batch", 1, HR_DIM_BATCH, BARE, 0},
    {"batches", 1, HR_DIM_BATCH, BARE, 0},
    {"client", 1, HR_DIM_CLIENT, BARE, 0},
    {"clients", 1, HR_DIM_CLIENT, BARE, 0},
    {"node", 1, HR_DIM_NODE, BARE, 0},
    {"nodes", 1, HR_DIM_NODE, BARE, 0},
    {"core", 1, HR_DIM_CORE, BARE, 0},
    {"cores", 1, HR_DIM_CORE, BARE, 0},
    {"line", 1, HR_DIM_LINE, BARE, 0},
    {"lines", 1, HR_DIM_LINE, BARE, 0},
    {"USD", 1, HR_DIM_USD, BARE, 0},
    {"AUD", 1, HR_DIM_AUD, BARE, 0},
};

/* Pure numbers. */
static const struct {
    const char *name;
    double factor;
} numbers[] = {{"%", 0.01}, {"percent", 0.01}, {"times", 1}, {"count", 1}};

static const struct {
    const char *name;
    double factor;
    bool binary;
} prefixes[] = {
    {"Ki", 1024.0, true},       {"Mi", 1048576.0, true},
    {"Gi", 1073741824.0, true}, {"Ti", 1099511627776.0, true},
    {"k", 1e3, false},          {"M", 1e6, false},
    {"G", 1e9, false},          {"T", 1e12, false},
    {"P", 1e15, false},         {"m", 1e-3, false},
    {"u", 1e-6, false},         {"\u00b5", 1e-6, false}, /* the micro sign */
    {"\u03bc", 1e-6, false},                             /* the Greek letter */
    {"n", 1e-9, false},         {"p", 1e-12, false},
};

static bool is_word(const char *text, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(text, name, length) == 0;
}

static bool find_plain(const char *text, size_t length, double factor, int binary,
                       struct hr_quantity *unit)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!is_word(text, length, units[i].name) ||
            (binary >= 0 && units[i].prefixes < (binary ? SI_AND_BINARY : SI))) {
            continue;
        }
        *unit = (struct hr_quantity){.value = factor * units[i].factor};
        unit->power[units[i].of] = 1;
        unit->power[HR_DIM_SECOND] =
            (signed char)(unit->power[HR_DIM_SECOND] - units[i].per_second);
        unit->bytes = units[i].of == HR_DIM_BIT && units[i].factor > 1;
        return true;
    }
    return false;
}

static bool find_unit(const char *text, size_t length, struct hr_quantity *unit)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (is_word(text, length, numbers[i].name)) {
            *unit = (struct hr_quantity){.value = numbers[i].factor};
            return true;
        }
    }
    if (find_plain(text, length, 1, -1, unit)) {
        return true;
    }
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t first = strlen(prefixes[i].name);

        if (length > first && memcmp(text, prefixes[i].name, first) == 0 &&
            find_plain(text + first, length - first, prefixes[i].factor, prefixes[i].binary,
                       unit)) {
            return true;
        }
    }
    return false;
}

bool hr_quantity_same_kind(const struct hr_quantity *a, const struct hr_quantity *b)
{
    return memcmp(a->power, b->power, sizeof(a->power)) == 0;
}

bool hr_quantity_multiply(struct hr_quantity *a, const struct hr_quantity *b, int sign)
{
    for (int i = 0; i < HR_DIMENSIONS; i++) {
        int power = a->power[i] + sign * b->power[i];

        if (abs(power) > HR_DIMENSION_POWER_MAX) {
            return false;
        }
        a->power[i] = (signed char)power;
    }
    a->value = sign > 0 ? a->value * b->value : a->value / b->value;
    a->bytes = (a->bytes || b->bytes) && a->power[HR_DIM_BIT] != 0;
    return true;
}

bool hr_unit_parse(const char *text, size_t length, struct hr_quantity *unit)
{
    const char *end = text + length;
    int sign = 1;

    *unit = (struct hr_quantity){.value = 1};
    if (length == 1 && *text == '1') {
        return true;
    }
    for (;;) {
        const char *word = text;
        struct hr_quantity one;
        int times = 1;

        while (text < end && *text != '/' && *text != '^') {
            text++;
        }
        if (!find_unit(word, (size_t)(text - word), &one)) {
            return false;
        }
        if (text < end && *text == '^') {
            if (end - text < 2 || text[1] < '1' || text[1] > '9') {
                return false;
            }
            times = text[1] - '0';
            text += 2;
        }
        while (times--) {
            if (!hr_quantity_multiply(unit, &one, sign)) {
                return false;
            }
        }
        if (text == end) {
            return true;
        }
        if (*text++ != '/') {
            return false;
        }
        sign = -1;
    }
}

/* ---- text ----------------------------------------------------------------------------- */

static const char *const words[HR_DIMENSIONS] = {
    "b",       "s",        "m",      "J",      "orders",  "trades", "markets", "messages",
    "shares",  "compares", "events", "tokens", "weights", "flop",   "blocks",  "votes",
    "batches", "clients",  "nodes",  "cores",  "lines",   "USD",    "AUD",
};

static const char *singular(int dimension, char word[16])
{
    size_t length = (size_t)snprintf(word, 16, "%s", words[dimension]);

    if (strcmp(word, "batches") == 0) {
        word[length - 2] = '\0';
    } else if (length > 1 && word[length - 1] == 's') {
        word[length - 1] = '\0';
    }
    return word;
}

/* As it is shown, with four digits. */
static bool is_one(double value)
{
    return fabs(value - 1) < 5e-5;
}

/* The unit's text; *factor is what one of it is in base units, *symbol whether it is one before
 * which a prefix stands without a blank. */
static void write_unit(const struct hr_quantity *q, bool bytes, char *text, size_t size,
                       double *factor, bool *symbol)
{
    signed char power[HR_DIMENSIONS];
    size_t at = 0;
    bool watts;

    memcpy(power, q->power, sizeof(power));
    *factor = 1;
    text[0] = '\0';
    *symbol = false;
    watts = power[HR_DIM_JOULE] == 1 && power[HR_DIM_SECOND] == -1;
    if (watts) {
        power[HR_DIM_JOULE] = power[HR_DIM_SECOND] = 0;
        at += (size_t)snprintf(text, size, "W");
        *symbol = true;
    }
    for (int sign = 1; sign >= -1; sign -= 2) {
        for (int i = 0; i < HR_DIMENSIONS; i++) {
            int p = power[i] * sign;
            const char *word;
            char one[16];

            if (p <= 0 || at + 24 >= size) {
                continue;
            }
            word = sign < 0 || at > 0 || is_one(q->value) ? singular(i, one) : words[i];
            if (i == HR_DIM_BIT && bytes) {
                word = "B";
                *factor *= pow(8, power[i]);
            }
            if (at == 0 && sign > 0) {
                *symbol = p == 1 && (i <= HR_DIM_JOULE || i == HR_DIM_FLOP);
            }
            at += (size_t)snprintf(text + at, size - at, "%s%s",
                                   sign < 0 ? at ? "/" : "1/"
                                   : at     ? "·"
                                            : "",
                                   word);
            if (p > 1) {
                at += (size_t)snprintf(text + at, size - at, "^%d", p);
            }
        }
    }
}

/* Times small and large are written as people say them; 0 if the prefix is to be found. */
static const char *long_time(double *seconds)
{
    double s = fabs(*seconds);

    if (s >= 2 * 8760 * 3600.0) {
        *seconds /= 8760 * 3600.0;
        return "years";
    }
    if (s >= 2 * 86400) {
        *seconds /= 86400;
        return "days";
    }
    if (s >= 7200) {
        *seconds /= 3600;
        return "h";
    }
    if (s >= 600) {
        *seconds /= 60;
        return "min";
    }
    return s >= 1 ? "s" : NULL;
}

static double scale_of(double value, bool small, double most, const char **prefix)
{
    static const struct {
        double factor;
        const char *name;
    } scales[] = {{1e15, "P"}, {1e12, "T"}, {1e9, "G"},  {1e6, "M"},  {1e3, "k"},
                  {1, ""},     {1e-3, "m"}, {1e-6, "µ"}, {1e-9, "n"}, {1e-12, "p"}};

    for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
        if ((scales[i].factor <= most && fabs(value) >= 0.99995 * scales[i].factor) ||
            (scales[i].factor <= 1 && !small)) {
            *prefix = scales[i].name;
            return scales[i].factor;
        }
    }
    *prefix = "";
    return 1;
}

/* Money, and money by the month: exact to the cent in what people pay. */
static bool is_money(const char *unit, double *value, const char **shown)
{
    static const char *const monthly[][2] = {{"USD/s", "USD/month"}, {"AUD/s", "AUD/month"}};

    for (size_t i = 0; i < 2; i++) {
        if (strcmp(unit, monthly[i][0]) == 0) {
            *value *= 730 * 3600.0;
            *shown = monthly[i][1];
            return true;
        }
    }
    *shown = unit;
    return strcmp(unit, "USD") == 0 || strcmp(unit, "AUD") == 0;
}

struct hr_quantity_text hr_quantity_text(const struct hr_quantity *q, bool bytes)
{
    struct hr_quantity_text result;
    const char *prefix = "", *word;
    char unit[HR_QUANTITY_TEXT_MAX - 40];
    double factor, value;
    bool symbol;

    write_unit(q, bytes, unit, sizeof(unit), &factor, &symbol);
    value = q->value / factor;
    word = strcmp(unit, "s") == 0 ? long_time(&value) : NULL;
    if (word) {
        snprintf(result.text, sizeof(result.text), "%.4g %s", value, word);
    } else if (!unit[0]) {
        snprintf(result.text, sizeof(result.text),
                 (floor(value) == value || fabs(value) >= 1e4) && fabs(value) < 1e15 ? "%.0f"
                                                                                     : "%.4g",
                 value);
    } else if (is_money(unit, &value, &word)) {
        snprintf(result.text, sizeof(result.text), "%.7g %s", value, word);
    } else {
        value /=
            scale_of(value, symbol && value != 0, strcmp(unit, "m") == 0 ? 1e3 : 1e15, &prefix);
        snprintf(result.text, sizeof(result.text), symbol || !*prefix ? "%.4g %s%s" : "%.4g %s %s",
                 value, prefix, unit);
    }
    return result;
}

struct hr_quantity_text hr_quantity_unit(const struct hr_quantity *q, bool bytes)
{
    struct hr_quantity_text result;
    struct hr_quantity many = *q;
    double factor;
    bool symbol;

    many.value = 2;
    write_unit(&many, bytes, result.text, sizeof(result.text), &factor, &symbol);
    if (!result.text[0]) {
        strcpy(result.text, "1");
    }
    return result;
}
