/*
 * probe_text.h - a host and its ceilings as text for people. Made from the JSON alone.
 */
#ifndef HR_PROBE_TEXT_H
#define HR_PROBE_TEXT_H

#include <jansson.h>
#include <stdio.h>

void hr_probe_print_host(FILE *out, json_t *host);
/* The advice, and one line: ready, usable or not ready. */
void hr_probe_print_readiness(FILE *out, json_t *host);
/* ceilings: the record's array. */
void hr_probe_print_ceilings(FILE *out, json_t *ceilings);

#endif
