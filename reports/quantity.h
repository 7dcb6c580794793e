/*
 * quantity.h - amounts as a buyer writes them: money with its currency, sizes, rates and powers
 * with their unit. Each function returns 0, or -EINVAL with one line that says how it is written.
 *
 * A number is plain decimal, not negative and below 1e18: 8343, 0.15, 5e6.
 */
#ifndef HR_QUANTITY_H
#define HR_QUANTITY_H

struct hr_money {
    double amount;
    char currency[4]; /* ISO 4217, or "" where none was written */
};

/* "AUD 8343"; with bare also "0.15". */
int hr_parse_money(const char *text, int bare, struct hr_money *money);
/* A price per unit of something: "AUD 0.15/kWh", "USD 32.77/h". per: "kWh"; what stands behind the
 * slash must be it. */
int hr_parse_money_per(const char *text, const char *per, struct hr_money *money);
int hr_parse_amount(const char *text, double *value);    /* 5e6, 1.5, 10k, 5M */
int hr_parse_size(const char *text, double *bytes);      /* 48GiB, 2 TB */
int hr_parse_bandwidth(const char *text, double *value); /* 273 GB/s; bytes per second */
int hr_parse_power(const char *text, double *watts);     /* 370W, 1.6 kW */
int hr_parse_months(const char *text, double *months);   /* 36mo, 3y */

#endif
