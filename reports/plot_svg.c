/*
 * plot_svg.c - makes a picture that gnuplot drew fit its surroundings: style rules that match the
 * scripts' middle tones give it one palette on light and one on dark ground (a viewer without CSS
 * shows the middle tones), and its names become its own, so that many stand in one page.
 */
#include "reports/plot.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
/* gnuplot writes a line's colour as rgb(%3d, %3d, %3d) and a text's as rgb(%d,%d,%d). */
#define TONE(line, text, color) \
    "svg [stroke=\"" line "\"]{stroke:" color "}svg [fill=\"" line "\"],svg [fill=\"" text \
    "\"]{fill:" color "}svg [color=\"" line "\"]{color:" color "}\n"
#define PALETTE(blue, orange, green, purple, ochre, ink, faint, grid) \
    TONE("rgb( 47, 129, 199)", "rgb(47,129,199)", blue) \
    TONE("rgb(217, 118,  26)", "rgb(217,118,26)", orange) \
    TONE("rgb( 26, 154, 136)", "rgb(26,154,136)", green) \
    TONE("rgb(179,  93, 164)", "rgb(179,93,164)", purple) \
    TONE("rgb(169, 138,  28)", "rgb(169,138,28)", ochre) \
    TONE("rgb(122, 122, 122)", "rgb(122,122,122)", ink) \
    TONE("rgb(142, 142, 142)", "rgb(142,142,142)", faint) \
    TONE("rgb(169, 169, 169)", "rgb(169,169,169)", grid)

const char hr_plot_style[] =
    "svg [font-family=\"sans-serif\"]{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,"
    "\"Helvetica Neue\",Arial,sans-serif;font-variant-numeric:tabular-nums}\n"
    "svg [font-size=\"16.00\"]{font-weight:600}\n"
    PALETTE("#0b62b0", "#bf5600", "#00786a", "#973a88", "#7d6300", "#39434d", "#8a949e", "#d5dade")
    "@media screen and (prefers-color-scheme:dark){\n"
    PALETTE("#63b1ff", "#ffa45c", "#4fd1b5", "#e39bd8", "#dfc04e", "#c6cfd8", "#707b86", "#39424b")
    "}\n";
/* clang-format on */

static void put_names(FILE *out, const char *text, const char *end, const char *name)
{
    static const struct {
        const char *from, *before, *after; /* before the picture's name, and after it */
    } names[] = {
        {"gpDot", "", "-dot"},
        {"gpPt", "", "-pt"},
        {"gnuplot_canvas", "", "-canvas"},
        {"'textbox'", "'", "-textbox'"},
        {"'greybox'", "'", "-greybox'"},
    };
    size_t i;

    while (text < end) {
        bool replaced = false;

        for (i = 0; i < sizeof(names) / sizeof(names[0]) && !replaced; i++) {
            size_t length = strlen(names[i].from);

            if (strncmp(text, names[i].from, length) == 0) {
                fprintf(out, "%s%s%s", names[i].before, name, names[i].after);
                text += length;
                replaced = true;
            }
        }
        if (!replaced && strncmp(text, "xlink:href", 10) == 0) {
            fputs("href", out);
            text += 10;
        } else if (!replaced && strncmp(text, "<title>", 7) == 0 && strstr(text, "</title>")) {
            text = strstr(text, "</title>") + 8; /* a browser would show it as a tool tip */
        } else if (!replaced && strncmp(text, "<desc>", 6) == 0 && strstr(text, "</desc>")) {
            text = strstr(text, "</desc>") + 7;
        } else if (!replaced) {
            fputc(*text++, out);
        }
    }
}

char *hr_plot_theme(const char *svg, const char *name, bool inlined)
{
    const char *root = strstr(svg, "<svg"), *box = root ? strstr(root, "viewBox=\"") : NULL;
    const char *body = root ? strchr(root, '>') : NULL;
    unsigned width, height;
    char *text = NULL;
    size_t bytes;
    FILE *out;

    if (!box || !body || box > body) {
        return NULL;
    }
    out = open_memstream(&text, &bytes);
    if (!out) {
        return NULL;
    }
    if (inlined) {
        fprintf(out, "<svg role=\"img\" aria-label=\"plot of %s\" ", name);
    } else {
        fputs("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n", out);
        fputs("<svg xmlns=\"http://www.w3.org/2000/svg\" ", out);
    }
    fwrite(box, 1, strcspn(box + 9, "\"") + 10, out);
    if (!inlined && sscanf(box + 9, "0 0 %u %u", &width, &height) == 2) {
        fprintf(out, " width=\"%u\" height=\"%u\"", width, height);
    }
    fputs(">\n", out);
    if (!inlined) {
        fprintf(out, "<style>\n%s</style>\n", hr_plot_style);
    }
    put_names(out, body + 1, body + 1 + strlen(body + 1), name);
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}
