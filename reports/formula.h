/*
 * formula.h - arithmetic over named quantities, for claims and facts: `value * 60 B/order <= 10
 * Gb/s`.
 *
 *     formula    := comparison ("and" comparison)*  |  sum
 *     comparison := sum ("<=" | "<" | ">=" | ">" | "==" | "~") sum
 *     sum        := product (("+" | "-") product)*
 *     product    := power (("*" | "/") power)*
 *     power      := ["-"] primary ["^" digit]
 *     primary    := number [unit] | name | "(" sum ")"
 *
 * A unit belongs to the number before it and is written without blanks: 10 Gb/s, 0.15 USD/kWh. A
 * number may end in k, M, G or T. `==` is equal to one part in a million, `~` to one in a hundred.
 * Both sides of a sum or a comparison must be of one kind; B and b are.
 *
 * There is nothing else: no calls, no loops, no strings, no files, and names mean only what `find`
 * says. Length, depth and the number of terms are bounded, so evaluation ends. What is not finite
 * is refused. Threads: any number, each with its own result.
 */
#ifndef HR_FORMULA_H
#define HR_FORMULA_H

#include "reports/units.h"

#define HR_FORMULA_BYTES_MAX 512
#define HR_FORMULA_DEPTH_MAX 32
#define HR_FORMULA_COMPARISONS_MAX 4
#define HR_FORMULA_NAMES_MAX 12
#define HR_FORMULA_NAME_BYTES 48

struct hr_formula_names {
    /* 0 and the value of the name, or -EINVAL with a message. */
    int (*find)(void *context, const char *name, struct hr_quantity *value);
    void *context;
};

struct hr_comparison {
    struct hr_quantity left, right;
    char sign[3];
    bool holds;
    int first, length; /* its text within the formula */
    int name_first;    /* its names: from here up to the next comparison's */
};

struct hr_formula_result {
    int comparisons; /* 0: a plain quantity, in value */
    struct hr_comparison comparison[HR_FORMULA_COMPARISONS_MAX];
    struct hr_quantity value;
    /* The names met, in order, each once. */
    int names;
    struct {
        char name[HR_FORMULA_NAME_BYTES];
        struct hr_quantity value;
    } name[HR_FORMULA_NAMES_MAX];
    int at; /* after a failure: the byte, from 0, where it was met */
};

/* 0, or -EINVAL with a message that tells no place. */
int hr_formula_evaluate(const char *text, const struct hr_formula_names *names,
                        struct hr_formula_result *result);

#endif
