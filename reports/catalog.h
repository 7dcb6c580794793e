/*
 * catalog.h - what machines cost and what their makers promise: configs/catalog/FILE.yaml.
 *
 * A catalog is a mapping of machines; every field is one line:
 *
 *   mac-mini-m4-pro-48:            the machine's id
 *     name: Mac mini M4 Pro 48 GB  required, like vendor and kind
 *     vendor: Apple                who sells it: what --restrict vendor=… asks
 *     kind: apple-silicon          which machines resemble each other: words joined by dashes,
 *                                  the first the most general
 *     price: AUD 3299              or, each NAME [@ VENDOR] = AMOUNT:
 *     parts: [Body = 3299, Fan @ Some shop = 30]
 *     currency: AUD                of the parts
 *     rent: USD 32.77/h            or USD 16250/mo
 *     priced: 2025-01              date of price, parts or rent, or undated; required with them
 *     source: text                 who says so; required with them too
 *     watts: 96 W                  under load
 *     memory: 48GiB
 *     bandwidth: 273 GB/s          of that memory
 *     vram: 24GiB                  of the GPUs, where they have their own
 *     vram_bandwidth: 936 GB/s
 *     specified: text              who says so; required with these five
 *     cores: 14
 *     gpu: text
 *     network: text
 *     note: text
 *     host: Apple M4 Pro           a result whose host line has these words, and whose memory
 *                                  is about the one above, is of this machine
 *     fingerprint: 16 hex digits   or one whose host has this fingerprint
 *
 * Read, it is a JSON array of objects with these members, quantities as numbers (bytes, bytes/s,
 * W), money as {"amount", "currency"}, rent per month (730 h), parts as [{"name", "vendor",
 * "amount"}], a price made of parts as their sum, and "file" and "line". json_decref() frees it.
 */
#ifndef HR_CATALOG_H
#define HR_CATALOG_H

#include <jansson.h>
#include <stddef.h>

#define HR_HOURS_PER_MONTH 730.0

/* Adds the machines of a file to *catalog, which is made if NULL. -errno with file:line. */
int hr_catalog_read(json_t **catalog, const char *file);
/* The same from memory; name is what messages call it. */
int hr_catalog_parse(json_t **catalog, const char *text, size_t bytes, const char *name);
/* The machine with this id, or NULL. */
const json_t *hr_catalog_find(const json_t *catalog, const char *id);

#endif
