/* command.c - what did the user ask for? One table of options drives parsing, the environment, the
 * checks of single values and --help. It cannot see whether values fit together: that is the
 * command's. */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/nearest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum origin { DEFAULT, ENVIRONMENT, FLAG };

struct value {
    enum origin origin;
    const char *text;
    bool flag;
    uint64_t count;
    const char **list;
    int list_length;
};

struct hr_args {
    const struct hr_command *command;
    int options;
    struct value *values; /* beside command->options */
    const char **operands;
    int operands_length;
    char **line; /* "headroom", then argv */
    int line_length;
    char **split; /* copies of list variables, cut up */
    int split_length;
};

const struct hr_option *hr_command_options(const struct hr_command *command)
{
    static const struct hr_option none = {.name = NULL};

    return command->options ? command->options : &none;
}

const char *hr_option_metavar(const struct hr_option *option)
{
    return option->metavar ? option->metavar : option->kind == HR_OPT_COUNT ? "N" : "TEXT";
}

void hr_variable_name(const char *name, char variable[HR_VARIABLE_MAX])
{
    size_t at = (size_t)snprintf(variable, HR_VARIABLE_MAX, "HEADROOM_");

    for (; *name && at + 1 < HR_VARIABLE_MAX; name++) {
        variable[at++] =
            (char)(isalnum((unsigned char)*name) ? toupper((unsigned char)*name) : '_');
    }
    variable[at] = '\0';
}

/* ---- values ---------------------------------------------------------------------- */

/* `shown` names the option as the user wrote it. */
static int set_flag_text(struct value *value, const char *text, const char *shown)
{
    static const char *const yes[] = {"1", "yes", "true", "on"}, *const no[] = {"0", "no", "false",
                                                                                "off"};

    for (int i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) == 0) {
            value->flag = true;
            return 0;
        }
        if (strcasecmp(text, no[i]) == 0) {
            value->flag = false;
            return 0;
        }
    }
    return hr_fail(EINVAL, "%s: '%.40s' is neither yes nor no", shown, text);
}

static int set_value(const struct hr_option *option, struct value *value, const char *text,
                     enum origin origin, const char *shown)
{
    if (!*text) {
        return hr_fail(EINVAL, "%s needs a value (%s)", shown, hr_option_metavar(option));
    }
    if (option->kind == HR_OPT_COUNT) {
        int rc = hr_parse_count(text, &value->count);

        if (rc) {
            return hr_context(rc, "%s", shown);
        }
    }
    if (option->kind == HR_OPT_LIST) {
        const char **list;

        if (value->origin != origin) {
            value->list_length = 0; /* a nearer origin replaces, it does not append */
        }
        list = realloc(value->list, sizeof(*list) * (size_t)(value->list_length + 1));
        if (!list) {
            return hr_fail(ENOMEM, "%s: out of memory", shown);
        }
        list[value->list_length++] = text;
        value->list = list;
    }
    value->text = text;
    value->origin = origin;
    return 0;
}

static int set_list_variable(struct hr_args *args, const struct hr_option *option,
                             struct value *value, const char *text, const char *shown)
{
    char *copy = strdup(text), **split, *rest, *item;

    split = realloc(args->split, sizeof(*split) * (size_t)(args->split_length + 1));
    if (split) {
        args->split = split;
    }
    if (!copy || !split) {
        free(copy);
        return hr_fail(ENOMEM, "%s: out of memory", shown);
    }
    args->split[args->split_length++] = copy;
    for (item = strtok_r(copy, ";", &rest); item; item = strtok_r(NULL, ";", &rest)) {
        int rc = set_value(option, value, item, ENVIRONMENT, shown);

        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int take_environment(struct hr_args *args)
{
    const struct hr_option *options = hr_command_options(args->command);

    for (int i = 0; i < args->options; i++) {
        char variable[HR_VARIABLE_MAX];
        const char *text;
        int rc;

        hr_variable_name(options[i].name, variable);
        text = getenv(variable);
        if (!text || !*text) {
            continue;
        }
        if (options[i].kind == HR_OPT_FLAG) {
            rc = set_flag_text(&args->values[i], text, variable);
            args->values[i].origin = ENVIRONMENT;
        } else if (options[i].kind == HR_OPT_LIST) {
            rc = set_list_variable(args, &options[i], &args->values[i], text, variable);
        } else {
            rc = set_value(&options[i], &args->values[i], text, ENVIRONMENT, variable);
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* ---- the command line ------------------------------------------------------------ */

static int unknown_option(const struct hr_command *command, const char *name)
{
    struct hr_nearest near = {.word = name};

    for (const struct hr_option *o = hr_command_options(command); o->name; o++) {
        hr_nearest_offer(&near, o->name);
    }
    hr_nearest_offer(&near, "help");
    if (hr_nearest_name(&near)) {
        return hr_fail(EINVAL, "unknown option --%.60s; did you mean --%s?", name,
                       hr_nearest_name(&near));
    }
    return hr_fail(EINVAL, "unknown option --%.60s; `headroom %s --help` lists them", name,
                   command->name);
}

/* A value that looks like an option is a forgotten value more often than meant. */
static int take_value(struct hr_args *args, int option, const char *attached, int *at, int argc,
                      char **argv, const char *shown)
{
    const struct hr_option *o = &hr_command_options(args->command)[option];
    const char *text = attached;

    if (!text) {
        if (*at + 1 >= argc) {
            return hr_fail(EINVAL, "%s needs a value (%s)", shown, hr_option_metavar(o));
        }
        text = argv[*at + 1];
        if (text[0] == '-' && text[1]) {
            return hr_fail(
                EINVAL,
                "%s needs a value (%s), but '%.40s' follows; if it is meant, write --%s=%.40s",
                shown, hr_option_metavar(o), text, o->name, text);
        }
        ++*at;
    }
    return set_value(o, &args->values[option], text, FLAG, shown);
}

/* --name or --name=value at argv[*at]. 1: help was asked for. */
static int take_long(struct hr_args *args, int *at, int argc, char **argv)
{
    const struct hr_option *options = hr_command_options(args->command);
    const char *name = argv[*at] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    char shown[80];

    if (length == 4 && memcmp(name, "help", 4) == 0) {
        return 1;
    }
    snprintf(shown, sizeof(shown), "--%.*s", length > 60 ? 60 : (int)length, name);
    for (int i = 0; i < args->options; i++) {
        if (strlen(options[i].name) != length || memcmp(options[i].name, name, length) != 0) {
            continue;
        }
        if (options[i].kind == HR_OPT_FLAG) {
            if (equals) {
                return hr_fail(EINVAL, "%s takes no value", shown);
            }
            args->values[i].flag = true;
            args->values[i].origin = FLAG;
            return 0;
        }
        return take_value(args, i, equals ? equals + 1 : NULL, at, argc, argv, shown);
    }
    return unknown_option(args->command, shown + 2);
}

/* -x, -xvalue, -xyz at argv[*at]. 1: help was asked for. */
static int take_letters(struct hr_args *args, int *at, int argc, char **argv)
{
    const struct hr_option *options = hr_command_options(args->command);

    for (const char *letter = argv[*at] + 1; *letter; letter++) {
        const char shown[] = {'-', *letter, '\0'};
        int i = 0;

        while (i < args->options && options[i].letter != *letter) {
            i++;
        }
        if (i == args->options) {
            if (*letter == 'h') {
                return 1;
            }
            return hr_fail(EINVAL, "unknown option -%c in '%.40s'; `headroom %s --help` lists them",
                           *letter, argv[*at], args->command->name);
        }
        if (options[i].kind != HR_OPT_FLAG) {
            return take_value(args, i, letter[1] ? letter + 1 : NULL, at, argc, argv, shown);
        }
        args->values[i].flag = true;
        args->values[i].origin = FLAG;
    }
    return 0;
}

static int take_line(struct hr_args *args, int argc, char **argv)
{
    bool only_operands = false;

    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        int rc = 0;

        if (only_operands || word[0] != '-' || !word[1]) {
            args->operands[args->operands_length++] = word;
        } else if (strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (word[1] == '-') {
            rc = take_long(args, &at, argc, argv);
        } else {
            rc = take_letters(args, &at, argc, argv);
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int check_operands(const struct hr_args *args)
{
    const struct hr_command *command = args->command;

    if (args->operands_length < command->operands_min) {
        return hr_fail(EINVAL, "%s is missing; usage: headroom %s [options] %s",
                       command->operands_min == 1 ? command->operands : "an operand", command->name,
                       command->operands);
    }
    if (args->operands_length > command->operands_max) {
        return hr_fail(EINVAL, "unexpected operand '%.60s'; usage: headroom %s [options] %s",
                       args->operands[command->operands_max], command->name,
                       command->operands ? command->operands : "");
    }
    return 0;
}

static void presets(struct hr_args *args)
{
    const struct hr_option *options = hr_command_options(args->command);

    for (int i = 0; i < args->options; i++) {
        if (options[i].preset && set_value(&options[i], &args->values[i], options[i].preset,
                                           DEFAULT, options[i].name) != 0) {
            fprintf(stderr, "headroom: the table of %s is wrong: %s\n", args->command->name,
                    hr_error());
            abort();
        }
    }
}

int hr_args_parse(struct hr_args **out, const struct hr_command *command, int argc, char **argv)
{
    static char program[] = "headroom";
    struct hr_args *args = calloc(1, sizeof(*args));
    int rc;

    *out = NULL;
    if (!args) {
        return hr_fail(ENOMEM, "out of memory");
    }
    args->command = command;
    while (hr_command_options(command)[args->options].name) {
        args->options++;
    }
    args->values = calloc((size_t)args->options + 1, sizeof(*args->values));
    args->operands = calloc((size_t)argc + 1, sizeof(*args->operands));
    args->line = calloc((size_t)argc + 2, sizeof(*args->line));
    if (!args->values || !args->operands || !args->line) {
        hr_args_free(args);
        return hr_fail(ENOMEM, "out of memory");
    }
    args->line[args->line_length++] = program;
    for (int i = 0; i < argc; i++) {
        args->line[args->line_length++] = argv[i];
    }
    presets(args);
    rc = take_environment(args);
    if (rc == 0) {
        rc = take_line(args, argc, argv);
    }
    if (rc == 0) {
        rc = check_operands(args);
    }
    if (rc) {
        hr_args_free(args);
        if (rc == 1) {
            hr_command_help(command);
        }
        return rc;
    }
    *out = args;
    return 0;
}

void hr_args_free(struct hr_args *args)
{
    if (!args) {
        return;
    }
    for (int i = 0; args->values && i < args->options; i++) {
        free(args->values[i].list);
    }
    for (int i = 0; i < args->split_length; i++) {
        free(args->split[i]);
    }
    free(args->split);
    free(args->values);
    free(args->operands);
    free(args->line);
    free(args);
}

/* ---- reading --------------------------------------------------------------------- */

static const struct value *value_of(const struct hr_args *args, const char *name)
{
    const struct hr_option *options = hr_command_options(args->command);

    for (int i = 0; i < args->options; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &args->values[i];
        }
    }
    fprintf(stderr, "headroom: `%s` has no option --%s in its table\n", args->command->name, name);
    abort();
}

const char *hr_arg_text(const struct hr_args *args, const char *name)
{
    return value_of(args, name)->text;
}

bool hr_arg_flag(const struct hr_args *args, const char *name)
{
    return value_of(args, name)->flag;
}

uint64_t hr_arg_count(const struct hr_args *args, const char *name)
{
    return value_of(args, name)->count;
}

bool hr_arg_given(const struct hr_args *args, const char *name)
{
    return value_of(args, name)->origin != DEFAULT;
}

int hr_arg_list(const struct hr_args *args, const char *name, const char *const **values)
{
    const struct value *value = value_of(args, name);

    *values = value->list;
    return value->list_length;
}

int hr_arg_operands(const struct hr_args *args, const char *const **operands)
{
    *operands = args->operands;
    return args->operands_length;
}

const char *hr_arg_origin(const struct hr_args *args, const char *name)
{
    static const char *const names[] = {"default", "environment", "flag"};

    return names[value_of(args, name)->origin];
}

int hr_arg_line(const struct hr_args *args, char *const **argv)
{
    *argv = args->line;
    return args->line_length;
}
