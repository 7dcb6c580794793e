/* formula.c - what does this arithmetic come to, units included? One function a rule of the
 * grammar in formula.h. It can see only what its names are told to mean. */
#include "reports/formula.h"
#include "harness/error.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    const char *text, *at;
    const struct hr_formula_names *names;
    struct hr_formula_result *result;
    int depth;
};

static int take_sum(struct parser *p, struct hr_quantity *value);

static void skip_blanks(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n') {
        p->at++;
    }
}

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static bool is_name(char c)
{
    return is_name_start(c) || isdigit((unsigned char)c);
}

static size_t name_length(const char *text)
{
    size_t length = 0;

    while (is_name(text[length])) {
        length++;
    }
    return length;
}

static bool at_word(const char *text, const char *word)
{
    return name_length(text) == strlen(word) && strncmp(text, word, strlen(word)) == 0;
}

/* Where the next problem is told to be. */
static void mark(struct parser *p, const char *at)
{
    p->result->at = (int)(at - p->text);
}

static int check_finite(struct parser *p, const char *at, const struct hr_quantity *value)
{
    mark(p, at);
    return isfinite(value->value) ? 0 : hr_fail(EINVAL, "the result is no finite number");
}

/* The micro sign, and the Greek letter that looks like it. */
static bool is_micro(const char *text)
{
    return strncmp(text, "\u00b5", 2) == 0 || strncmp(text, "\u03bc", 2) == 0;
}

/* The bytes of a unit's text, which begins here: letters, µ, %, and / or ^ right before more. */
static size_t unit_length(const char *text)
{
    size_t length = 0;

    for (;;) {
        if (isalpha((unsigned char)text[length]) || text[length] == '%') {
            length++;
        } else if (is_micro(text + length)) {
            length += 2;
        } else if (length && text[length] == '/' &&
                   (isalpha((unsigned char)text[length + 1]) || is_micro(text + length + 1))) {
            length++;
        } else if (length && text[length] == '^' && isdigit((unsigned char)text[length + 1])) {
            length += 2;
        } else {
            return length;
        }
    }
}

/* The number's digits into a buffer for strtod, which knows more forms than are meant here. How
 * many bytes they take; *whole is false if they are more than fit. */
static size_t copy_digits(const char *from, char *to, size_t size, bool *whole)
{
    size_t read = 0, written = 0;
    bool point = false;

    *whole = true;
    while (isdigit((unsigned char)from[read]) || from[read] == '_' ||
           (from[read] == '.' && !point)) {
        point = point || from[read] == '.';
        if (from[read] != '_' && written + 8 < size) {
            to[written++] = from[read];
        } else if (from[read] != '_') {
            *whole = false;
        }
        read++;
    }
    if (from[read] == 'e' || from[read] == 'E') {
        size_t sign = from[read + 1] == '-' || from[read + 1] == '+', digits = 0;

        while (isdigit((unsigned char)from[read + 1 + sign + digits])) {
            digits++;
        }
        if (digits > 0 && digits < 4) {
            memcpy(to + written, from + read, 1 + sign + digits);
            written += 1 + sign + digits;
            read += 1 + sign + digits;
        }
    }
    to[written] = '\0';
    return read;
}

static int take_number(struct parser *p, struct hr_quantity *value)
{
    static const char letters[] = "kMGT";
    const char *first = p->at, *letter;
    struct hr_quantity unit;
    char digits[64];
    bool whole;
    size_t length;

    mark(p, first);
    p->at += copy_digits(p->at, digits, sizeof(digits), &whole);
    if (!whole) {
        return hr_fail(EINVAL, "a number of more than %zu digits", sizeof(digits) - 8);
    }
    *value = (struct hr_quantity){.value = strtod(digits, NULL)};
    letter = *p->at ? strchr(letters, *p->at) : NULL;
    if (letter && !is_name(p->at[1])) {
        value->value *= pow(1000, (double)(letter - letters + 1));
        p->at++;
    }
    first = p->at;
    skip_blanks(p);
    length = unit_length(p->at);
    if (length == 0 || at_word(p->at, "and")) {
        p->at = first;
        return check_finite(p, first, value);
    }
    mark(p, p->at);
    if (is_name(p->at[length]) || !hr_unit_parse(p->at, length, &unit)) {
        return hr_fail(
            EINVAL,
            "unknown unit '%.*s': units are words such as B, Gb/s, orders/s, W; between a "
            "number and a name stands * or / with blanks around it",
            (int)(length < 40 ? length : 40), p->at);
    }
    first = p->at;
    p->at += length;
    unit.value *= value->value;
    *value = unit;
    return check_finite(p, first, value);
}

/* Its value, kept once with the result; what was met before is looked up there. */
static int take_name(struct parser *p, struct hr_quantity *value)
{
    struct hr_formula_result *r = p->result;
    size_t length = name_length(p->at);
    char name[HR_FORMULA_NAME_BYTES];
    int rc;

    mark(p, p->at);
    if (length >= sizeof(name)) {
        return hr_fail(EINVAL, "a name of more than %d letters", HR_FORMULA_NAME_BYTES - 1);
    }
    memcpy(name, p->at, length);
    name[length] = '\0';
    rc = p->names->find(p->names->context, name, value);
    if (rc) {
        return rc;
    }
    if (r->names == HR_FORMULA_NAMES_MAX) {
        return hr_fail(EINVAL, "more than %d names in one formula", HR_FORMULA_NAMES_MAX);
    }
    p->at += length;
    memcpy(r->name[r->names].name, name, length + 1);
    r->name[r->names++].value = *value;
    return 0;
}

static int take_primary(struct parser *p, struct hr_quantity *value)
{
    skip_blanks(p);
    if (isdigit((unsigned char)*p->at)) {
        return take_number(p, value);
    }
    if (is_name_start(*p->at) && !at_word(p->at, "and")) {
        return take_name(p, value);
    }
    mark(p, p->at);
    if (*p->at == '(') {
        int rc;

        p->at++;
        rc = take_sum(p, value);
        if (rc) {
            return rc;
        }
        skip_blanks(p);
        mark(p, p->at);
        if (*p->at != ')') {
            return hr_fail(EINVAL, "a closing ) is missing");
        }
        p->at++;
        return 0;
    }
    return *p->at ? hr_fail(EINVAL, "expected a number, a name or (")
                  : hr_fail(EINVAL, "it ends where a number or a name should stand");
}

static int take_power(struct parser *p, struct hr_quantity *value)
{
    struct hr_quantity base;
    const char *first;
    bool negative;
    int rc;

    skip_blanks(p);
    first = p->at;
    negative = *p->at == '-';
    p->at += negative;
    rc = take_primary(p, value);
    if (rc) {
        return rc;
    }
    skip_blanks(p);
    if (*p->at == '^') {
        mark(p, p->at);
        p->at++;
        skip_blanks(p);
        if (*p->at < '1' || *p->at > '9' || is_name(p->at[1]) || p->at[1] == '.') {
            return hr_fail(EINVAL, "a power is one digit, 1 to 9");
        }
        base = *value;
        for (int times = *p->at++ - '1'; times > 0; times--) {
            if (!hr_quantity_multiply(value, &base, 1)) {
                return hr_fail(EINVAL, "a unit to a power above %d", HR_DIMENSION_POWER_MAX);
            }
        }
    }
    value->value = negative ? -value->value : value->value;
    return check_finite(p, first, value);
}

static int take_product(struct parser *p, struct hr_quantity *value)
{
    int rc = take_power(p, value);

    for (;;) {
        struct hr_quantity other;
        const char *sign;

        skip_blanks(p);
        sign = p->at;
        if (rc || (*sign != '*' && *sign != '/')) {
            return rc;
        }
        p->at++;
        rc = take_power(p, &other);
        if (rc) {
            return rc;
        }
        mark(p, sign);
        if (*sign == '/' && other.value == 0) {
            return hr_fail(EINVAL, "division by zero");
        }
        if (!hr_quantity_multiply(value, &other, *sign == '*' ? 1 : -1)) {
            return hr_fail(EINVAL, "a unit to a power above %d", HR_DIMENSION_POWER_MAX);
        }
        rc = check_finite(p, sign, value);
    }
}

static int check_kinds(struct parser *p, const char *at, const struct hr_quantity *a,
                       const struct hr_quantity *b)
{
    mark(p, at);
    return hr_quantity_same_kind(a, b)
               ? 0
               : hr_fail(EINVAL, "%s and %s are of different kinds",
                         hr_quantity_unit(a, a->bytes).text, hr_quantity_unit(b, b->bytes).text);
}

static int take_sum(struct parser *p, struct hr_quantity *value)
{
    int rc;

    mark(p, p->at);
    if (p->depth == HR_FORMULA_DEPTH_MAX) {
        return hr_fail(EINVAL, "more than %d ( inside each other", HR_FORMULA_DEPTH_MAX);
    }
    p->depth++;
    rc = take_product(p, value);
    while (rc == 0) {
        struct hr_quantity other;
        const char *sign;

        skip_blanks(p);
        sign = p->at;
        if (*sign != '+' && *sign != '-') {
            break;
        }
        p->at++;
        rc = take_product(p, &other);
        rc = rc ? rc : check_kinds(p, sign, value, &other);
        if (rc == 0) {
            value->value += *sign == '+' ? other.value : -other.value;
            rc = check_finite(p, sign, value);
        }
    }
    p->depth--;
    return rc;
}

static bool compare(const char *sign, double left, double right)
{
    double large = fmax(fabs(left), fabs(right));

    if (strcmp(sign, "==") == 0) {
        return fabs(left - right) <= 1e-6 * large;
    }
    if (strcmp(sign, "~") == 0) {
        return fabs(left - right) <= 1e-2 * large;
    }
    /* A bound that is met to the last digit is met, whatever was rounded on the way. */
    if (sign[0] == '<') {
        return sign[1] ? left <= right + 1e-12 * large : left < right;
    }
    return sign[1] ? left >= right - 1e-12 * large : left > right;
}

/* The sign of a comparison that begins here, "" if none does. */
static void take_sign(struct parser *p, char sign[3])
{
    static const char *const signs[] = {"<=", ">=", "==", "<", ">", "~"};

    skip_blanks(p);
    sign[0] = '\0';
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (strncmp(p->at, signs[i], strlen(signs[i])) == 0) {
            strcpy(sign, signs[i]);
            p->at += strlen(signs[i]);
            return;
        }
    }
}

static int take_comparison(struct parser *p)
{
    struct hr_formula_result *r = p->result;
    struct hr_comparison *c = &r->comparison[r->comparisons];
    const char *first, *sign;
    int rc;

    skip_blanks(p);
    first = p->at;
    c->name_first = r->names;
    rc = take_sum(p, &c->left);
    if (rc) {
        return rc;
    }
    skip_blanks(p);
    sign = p->at;
    take_sign(p, c->sign);
    if (!c->sign[0]) {
        r->value = c->left;
        mark(p, p->at);
        return r->comparisons ? hr_fail(EINVAL, "expected a comparison after \"and\"") : 0;
    }
    rc = take_sum(p, &c->right);
    rc = rc ? rc : check_kinds(p, sign, &c->left, &c->right);
    if (rc) {
        return rc;
    }
    c->holds = compare(c->sign, c->left.value, c->right.value);
    c->first = (int)(first - p->text);
    c->length = (int)(p->at - first);
    r->comparisons++;
    return 0;
}

int hr_formula_evaluate(const char *text, const struct hr_formula_names *names,
                        struct hr_formula_result *result)
{
    struct parser p = {.text = text, .at = text, .names = names, .result = result};

    memset(result, 0, sizeof(*result));
    if (strlen(text) > HR_FORMULA_BYTES_MAX) {
        return hr_fail(EINVAL, "a formula of more than %d bytes", HR_FORMULA_BYTES_MAX);
    }
    for (;;) {
        int before = result->comparisons, rc = take_comparison(&p);

        if (rc) {
            return rc;
        }
        skip_blanks(&p);
        mark(&p, p.at);
        if (!*p.at) {
            return 0;
        }
        if (result->comparisons == before || !at_word(p.at, "and")) {
            return hr_fail(EINVAL, "expected an operator%s",
                           result->comparisons ? ", \"and\" or the end" : " or the end");
        }
        if (result->comparisons == HR_FORMULA_COMPARISONS_MAX) {
            return hr_fail(EINVAL, "more than %d comparisons in one formula",
                           HR_FORMULA_COMPARISONS_MAX);
        }
        p.at += 3;
    }
}
