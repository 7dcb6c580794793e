/*
 * fact.c - what does this small file under the root say?
 *
 * Nothing here knows what a file means. It cannot see why the kernel left a file out; the reason
 * given is only whether it is missing, unreadable, empty or not a number.
 */
#include "probes/fact.h"

#include "probes/probe.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define NAMES_MAX 65536

json_t *hr_fact_null(const char *reason)
{
    json_t *text = hr_fact_string(reason);

    return json_pack("{s:n, s:o}", "value", "reason", text);
}

json_t *hr_fact_why(const char *format, ...)
{
    char reason[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    return hr_fact_null(reason);
}

/* Bytes of a well-formed UTF-8 sequence at `at`, 0 if it is not one (RFC 3629). */
static size_t sequence_bytes(const unsigned char *at)
{
    size_t n = at[0] < 0x80   ? 1
               : at[0] < 0xC2 ? 0
               : at[0] < 0xE0 ? 2
               : at[0] < 0xF0 ? 3
               : at[0] < 0xF5 ? 4
                              : 0;

    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) ||
        (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F)) {
        return 0;
    }
    return n;
}

json_t *hr_fact_string(const char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    if (*text == 0) {
        return json_pack("{s:n, s:s}", "value", "reason", "empty");
    }
    size_t length = strlen(text), out = 0;
    char *clean = malloc(length + 1);
    if (!clean) {
        return json_null();
    }
    for (size_t i = 0; i < length;) {
        size_t n = sequence_bytes((const unsigned char *)text + i);
        if (n == 0 || (n == 1 && (unsigned char)text[i] < 0x20) || text[i] == 0x7F) {
            clean[out++] = n == 0 ? '?' : ' ';
            i++;
        } else {
            memcpy(clean + out, text + i, n);
            out += n;
            i += n;
        }
    }
    while (out > 0 && clean[out - 1] == ' ') {
        out--;
    }
    json_t *string = json_stringn(clean, out);
    free(clean);
    return string ? string : json_null();
}

static bool join(char path[PATH_BYTES], const char *root, const char *format, va_list arguments)
{
    int n = snprintf(path, PATH_BYTES, "%s", root);
    int m = n < PATH_BYTES ? vsnprintf(path + n, (size_t)(PATH_BYTES - n), format, arguments) : -1;

    return m >= 0 && n + m < PATH_BYTES;
}

static char *read_path(const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return NULL;
    }
    char *text = NULL;
    size_t used = 0, room = 0;
    ssize_t got = 1;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
        while (got > 0 && used < HR_FACT_TEXT_MAX) { /* sysfs and proc do not tell the size */
            if (room - used < 4096) {
                char *more = realloc(text, room = room ? room * 2 : 8192);
                if (!more) {
                    break;
                }
                text = more;
            }
            got = read(fd, text + used, room - used - 1);
            used += got > 0 ? (size_t)got : 0;
        }
    }
    close(fd);
    if (!text || (got < 0 && used == 0)) {
        free(text);
        return NULL;
    }
    while (used > 0 && (isspace((unsigned char)text[used - 1]) || text[used - 1] == 0)) {
        used--;
    }
    text[used] = 0;
    for (char *zero; (zero = memchr(text, 0, used));) {
        *zero = '\n';
    }
    return text;
}

char *hr_fact_read(const char *root, const char *format, ...)
{
    char path[PATH_BYTES];
    va_list arguments;

    va_start(arguments, format);
    bool fits = join(path, root, format, arguments);
    va_end(arguments);
    return fits ? read_path(path) : NULL;
}

bool hr_text_integer(const char *text, int64_t *value)
{
    char *end;

    errno = 0;
    long long number = strtoll(text, &end, 0);
    if (end == text || errno) {
        return false;
    }
    while (isspace((unsigned char)*end)) {
        end++;
    }
    if (*end) {
        return false;
    }
    *value = number;
    return true;
}

bool hr_fact_integer(int64_t *value, const char *root, const char *format, ...)
{
    char path[PATH_BYTES];
    va_list arguments;

    va_start(arguments, format);
    bool fits = join(path, root, format, arguments);
    va_end(arguments);
    char *text = fits ? read_path(path) : NULL;
    bool is = text && hr_text_integer(text, value);
    free(text);
    return is;
}

enum shape { TEXT, NUMBER, CHOICE };

static json_t *choice_of(char *text)
{
    char *from = strchr(text, '['), *to = from ? strchr(from, ']') : NULL;

    if (to) {
        *to = 0;
        return hr_fact_string(from + 1);
    }
    return hr_fact_string(text);
}

static json_t *fact(enum shape shape, const char *root, const char *format, va_list arguments)
{
    char path[PATH_BYTES];
    int64_t number;

    if (!join(path, root, format, arguments)) {
        return hr_fact_null("its path is too long");
    }
    const char *shown = path + strlen(root);
    char *text = read_path(path);
    json_t *json;
    if (!text) {
        json = hr_fact_why("%s: %s", shown, access(path, F_OK) == 0 ? "not readable" : "not there");
    } else if (*text == 0) {
        json = hr_fact_why("%s: empty", shown);
    } else if (shape == NUMBER) {
        json = hr_text_integer(text, &number) ? json_integer(number)
                                              : hr_fact_why("%s: not a number", shown);
    } else {
        json = shape == CHOICE ? choice_of(text) : hr_fact_string(text);
    }
    free(text);
    return json;
}

json_t *hr_fact_text(const char *root, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    json_t *json = fact(TEXT, root, format, arguments);
    va_end(arguments);
    return json;
}

json_t *hr_fact_number(const char *root, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    json_t *json = fact(NUMBER, root, format, arguments);
    va_end(arguments);
    return json;
}

json_t *hr_fact_choice(const char *root, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    json_t *json = fact(CHOICE, root, format, arguments);
    va_end(arguments);
    return json;
}

/* Digits compare as numbers: cpu2 before cpu10. */
static int by_name(const void *left, const void *right)
{
    const char *a = *(char *const *)left, *b = *(char *const *)right;

    while (*a && *b) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            char *a_end, *b_end;
            unsigned long long x = strtoull(a, &a_end, 10), y = strtoull(b, &b_end, 10);
            if (x != y) {
                return x < y ? -1 : 1;
            }
            a = a_end;
            b = b_end;
        } else if (*a != *b) {
            break;
        } else {
            a++;
            b++;
        }
    }
    return *a == *b ? strcmp(*(char *const *)left, *(char *const *)right)
                    : (unsigned char)*a - (unsigned char)*b;
}

void hr_names_read(struct hr_names *names, const char *root, const char *format, ...)
{
    char path[PATH_BYTES];
    va_list arguments;

    va_start(arguments, format);
    bool fits = join(path, root, format, arguments);
    va_end(arguments);
    *names = (struct hr_names){0};
    DIR *folder = fits ? opendir(path) : NULL;
    if (!folder) {
        return;
    }
    int room = 0;
    for (struct dirent *entry; names->count < NAMES_MAX && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (names->count == room) {
            room = room ? room * 2 : 16;
            char **more = realloc(names->name, (size_t)room * sizeof(*more));
            if (!more) {
                break;
            }
            names->name = more;
        }
        if (!(names->name[names->count] = strdup(entry->d_name))) {
            break;
        }
        names->count++;
    }
    closedir(folder);
    if (names->count > 1) {
        qsort(names->name, (size_t)names->count, sizeof(*names->name), by_name);
    }
}

void hr_names_free(struct hr_names *names)
{
    for (int i = 0; i < names->count; i++) {
        free(names->name[i]);
    }
    free(names->name);
    *names = (struct hr_names){0};
}

bool hr_lines_value(const char *text, const char *key, char separator, char *value, size_t size)
{
    size_t length = strlen(key);

    for (const char *line = text; line && *line;) {
        const char *end = strchr(line, '\n');
        if (!end) {
            end = line + strlen(line);
        }
        const char *at = line + length;
        if ((size_t)(end - line) > length && memcmp(line, key, length) == 0) {
            while (at < end && (*at == ' ' || *at == '\t')) {
                at++;
            }
            if (at < end && *at == separator) {
                for (at++; at < end && (isspace((unsigned char)*at) || *at == '"'); at++) {
                }
                while (end > at && (isspace((unsigned char)end[-1]) || end[-1] == '"')) {
                    end--;
                }
                snprintf(value, size, "%.*s", (int)(end - at), at);
                return true;
            }
        }
        line = *end ? end + 1 : NULL;
    }
    return false;
}

bool hr_lines_integer(const char *text, const char *key, char separator, int64_t *value)
{
    char word[64], *end;

    if (!hr_lines_value(text, key, separator, word, sizeof(word))) {
        return false;
    }
    errno = 0;
    long long number = strtoll(word, &end, 0);
    if (end == word || errno || (*end && !isspace((unsigned char)*end))) {
        return false;
    }
    if (strcmp(end, " kB") == 0) {
        if (number > INT64_MAX / 1024 || number < 0) {
            return false;
        }
        number *= 1024;
    }
    *value = number;
    return true;
}
