/* command_help.c - what can be asked of a command? --help, made from the table that parses it:
 * usage, options with defaults, the command's own paragraphs, and the environment. */
#include "harness/command.h"

#include <stdio.h>
#include <string.h>

#define COLUMN_MAX 32

/* Columns, for what is shown in one each: UTF-8 characters. */
static int width(const char *text)
{
    int columns = 0;

    for (; *text; text++) {
        columns += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return columns;
}

static void help_option(const struct hr_option *o, int column)
{
    char left[96], letter[5] = "    ";
    const char *metavar = hr_option_metavar(o);

    if (o->letter) {
        snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    }
    snprintf(left, sizeof(left), "%s--%s%s%s%s", letter, o->name, o->kind == HR_OPT_FLAG ? "" : " ",
             o->kind == HR_OPT_FLAG ? "" : metavar, o->kind == HR_OPT_LIST ? " …" : "");
    printf("  %s", left);
    if (width(left) >= column) {
        printf("\n  %*s", column, "");
    } else {
        printf("%*s", column - width(left), "");
    }
    printf("%s%s%s%s\n", o->help ? o->help : "", o->preset ? " [" : "", o->preset ? o->preset : "",
           o->preset ? "]" : "");
}

void hr_command_help(const struct hr_command *command)
{
    static const struct hr_option help = {"help", 'h', HR_OPT_FLAG, NULL, NULL, "this text"};
    const struct hr_option *o;
    char variable[HR_VARIABLE_MAX];

    printf("usage: headroom %s [options]%s%s\n\n%s\n\noptions:\n", command->name,
           command->operands && *command->operands ? " " : "",
           command->operands ? command->operands : "", command->summary);
    for (o = hr_command_options(command); o->name; o++) {
        help_option(o, COLUMN_MAX);
    }
    help_option(&help, COLUMN_MAX);
    if (command->details) {
        printf("\n%s%s", command->details,
               command->details[strlen(command->details) - 1] == '\n' ? "" : "\n");
    }
    if (command->help) {
        command->help();
    }
    if (!hr_command_options(command)->name) {
        return;
    }
    printf("\nenvironment (a flag wins over it, it wins over the default):\n ");
    for (o = command->options; o->name; o++) {
        hr_variable_name(o->name, variable);
        printf(" %s", variable);
    }
    printf("\n");
}
