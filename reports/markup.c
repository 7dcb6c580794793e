/*
 * markup.c - escapes text for HTML, Markdown and terminals, character by character. It counts one
 * column a character; East Asian wide characters take two, and a table with them is ragged.
 */
#include "reports/markup.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* One character of valid UTF-8; broken bytes come out one by one as U+FFFD. */
static const char *next_character(const char *text, uint32_t *character)
{
    const unsigned char *c = (const unsigned char *)text;
    int more = c[0] < 0x80 ? 0 : c[0] >= 0xf0 ? 3 : c[0] >= 0xe0 ? 2 : c[0] >= 0xc0 ? 1 : -1;
    uint32_t value = more == 0 ? c[0] : c[0] & (0x3fu >> more);
    int i;

    for (i = 1; i <= more; i++) {
        if ((c[i] & 0xc0) != 0x80) {
            more = -1;
            break;
        }
        value = value << 6 | (c[i] & 0x3f);
    }
    *character = more < 0 ? 0xfffd : value;
    return text + 1 + (more < 0 ? 0 : more);
}

static bool is_unfit(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0x200e ||
           c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0xfeff || (c & 0xfffe) == 0xfffe || (c >= 0xd800 && c < 0xe000);
}

static void put_bytes(FILE *out, const char *from, const char *to)
{
    fwrite(from, 1, (size_t)(to - from), out);
}

void hr_put_xml(FILE *out, const char *text)
{
    uint32_t c;
    const char *next;

    for (; *text; text = next) {
        next = next_character(text, &c);
        switch (c) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        case '\n':
            fputc('\n', out);
            break;
        case 0xfffd:
            fputc('?', out);
            break;
        default:
            if (is_unfit(c)) {
                fputc('?', out);
            } else {
                put_bytes(out, text, next);
            }
        }
    }
}

void hr_put_markdown(FILE *out, const char *text)
{
    const char *start = text, *next;
    uint32_t c;

    for (; *text; text = next) {
        next = next_character(text, &c);
        if (c == '\n' || c == 0x202f) {
            fputc(' ', out);
        } else if (is_unfit(c) || c == 0xfffd) {
            fputc('?', out);
        } else if (c == '<') {
            fputs("&lt;", out);
        } else if (c == '>') {
            fputs("&gt;", out);
        } else if (c == '&') {
            fputs("&amp;", out);
        } else if (c < 0x80 && strchr("\\`*[]|~", (int)c)) {
            fprintf(out, "\\%c", (int)c);
        } else if (c == '_' && (text == start || !isalnum((unsigned char)text[-1]) ||
                                !isalnum((unsigned char)*next))) {
            fputs("\\_", out);
        } else {
            put_bytes(out, text, next);
        }
    }
}

static void put_plain_character(FILE *out, uint32_t c, const char *from, const char *to)
{
    if (c == 0x202f || c == '\n') {
        fputc(' ', out);
    } else if (is_unfit(c) || c == 0xfffd) {
        fputc('?', out);
    } else {
        put_bytes(out, from, to);
    }
}

void hr_put_plain(FILE *out, const char *text, int keep_lines)
{
    const char *next;
    uint32_t c;

    for (; *text; text = next) {
        next = next_character(text, &c);
        if (c == '\n' && keep_lines) {
            fputc('\n', out);
        } else {
            put_plain_character(out, c, text, next);
        }
    }
}

size_t hr_columns(const char *text)
{
    size_t columns = 0;
    uint32_t c;

    for (; *text; columns++) {
        text = next_character(text, &c);
    }
    return columns;
}

size_t hr_put_cut(FILE *out, const char *text, size_t columns)
{
    size_t all = hr_columns(text), put;
    const char *next;
    uint32_t c;

    for (put = 0; *text && put < columns; put++, text = next) {
        next = next_character(text, &c);
        if (all > columns && put + 1 == columns) {
            fputs("…", out);
        } else {
            put_plain_character(out, c, text, next);
        }
    }
    return put;
}
