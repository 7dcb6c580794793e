/* completion_command.c - what can be typed next? Scripts for bash, zsh and fish, made from the
 * tables of commands and options, so that they never lag behind. Operands complete as files. */
#include "harness/command.h"
#include "harness/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool takes_file(const struct hr_option *o)
{
    return o->metavar &&
           (strstr(o->metavar, "FILE") || strstr(o->metavar, "DIR") || strstr(o->metavar, "PATH"));
}

/* ---- bash -------------------------------------------------------------------------------- */

static void print_bash(void)
{
    printf("# bash completion for headroom; `headroom completion bash` made it.\n"
           "_headroom()\n{\n    local word=${COMP_WORDS[COMP_CWORD]} "
           "before=${COMP_WORDS[COMP_CWORD-1]} options=\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \"");
    for (const struct hr_command *const *c = hr_commands; *c; c++) {
        printf("%s ", (*c)->name);
    }
    printf("--help --version\" -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} "
           "in\n");
    for (const struct hr_command *const *c = hr_commands; *c; c++) {
        printf("    %s) options=\"", (*c)->name);
        for (const struct hr_option *o = hr_command_options(*c); o->name; o++) {
            printf("--%s ", o->name);
        }
        printf("--help\" ;;\n");
    }
    printf("    esac\n"
           "    case $word in\n"
           "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
           "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
           "    esac\n"
           "    if [ \"${COMP_WORDS[1]}\" = completion ] && [ \"$before\" = completion ]; then\n"
           "        COMPREPLY=($(compgen -W \"bash zsh fish\" -- \"$word\"))\n"
           "    fi\n"
           "}\n"
           "complete -o filenames -F _headroom headroom\n");
}

/* ---- zsh ---------------------------------------------------------------------------------- */

/* Inside '…[text]' of _arguments. */
static void put_zsh(const char *text)
{
    for (; text && *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", stdout);
        } else {
            if (strchr("[]:\\", *text)) {
                putchar('\\');
            }
            putchar(*text);
        }
    }
}

static void print_zsh_option(const struct hr_option *o)
{
    printf(" \\\n            '%s--%s%s[", o->kind == HR_OPT_LIST ? "*" : "", o->name,
           o->kind == HR_OPT_FLAG ? "" : "=");
    put_zsh(o->help);
    putchar(']');
    if (o->kind != HR_OPT_FLAG) {
        printf(":");
        put_zsh(hr_option_metavar(o));
        printf(":%s", takes_file(o) ? "_files" : " ");
    }
    putchar('\'');
}

static void print_zsh(void)
{
    printf("#compdef headroom\n# zsh completion; `headroom completion zsh` made it.\n"
           "_headroom()\n{\n    local -a commands\n    commands=(");
    for (const struct hr_command *const *c = hr_commands; *c; c++) {
        printf("\n        '%s:", (*c)->name);
        put_zsh((*c)->summary);
        putchar('\'');
    }
    printf("\n    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        "
           "return\n    fi\n"
           "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $command "
           "in\n");
    for (const struct hr_command *const *c = hr_commands; *c; c++) {
        printf("    %s)\n        _arguments '--help[this text]'", (*c)->name);
        for (const struct hr_option *o = hr_command_options(*c); o->name; o++) {
            print_zsh_option(o);
        }
        printf(" \\\n            '*:operand:%s' ;;\n",
               strcmp((*c)->name, "completion") == 0 ? "(bash zsh fish)" : "_files");
    }
    printf("    esac\n}\ncompdef _headroom headroom\n");
}

/* ---- fish ---------------------------------------------------------------------------------- */

static void put_fish(const char *text)
{
    putchar('\'');
    for (; text && *text; text++) {
        if (*text == '\'' || *text == '\\') {
            putchar('\\');
        }
        putchar(*text);
    }
    putchar('\'');
}

static void print_fish(void)
{
    printf("# fish completion for headroom; `headroom completion fish` made it.\n");
    for (const struct hr_command *const *c = hr_commands; *c; c++) {
        printf("complete -c headroom -n __fish_use_subcommand -f -a %s -d ", (*c)->name);
        put_fish((*c)->summary);
        putchar('\n');
        for (const struct hr_option *o = hr_command_options(*c); o->name; o++) {
            printf("complete -c headroom -n '__fish_seen_subcommand_from %s' -l %s", (*c)->name,
                   o->name);
            if (o->letter) {
                printf(" -s %c", o->letter);
            }
            if (o->kind != HR_OPT_FLAG) {
                printf(takes_file(o) ? " -r -F" : " -x");
            }
            printf(" -d ");
            put_fish(o->help);
            putchar('\n');
        }
    }
    printf(
        "complete -c headroom -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n");
}

static int run(const struct hr_args *args)
{
    const char *const *operands;

    hr_arg_operands(args, &operands);
    if (strcmp(operands[0], "bash") == 0) {
        print_bash();
    } else if (strcmp(operands[0], "zsh") == 0) {
        print_zsh();
    } else if (strcmp(operands[0], "fish") == 0) {
        print_fish();
    } else {
        return hr_exit_of(
            hr_fail(EINVAL, "no completion for '%.40s'; one of bash, zsh, fish", operands[0]));
    }
    return HR_EXIT_OK;
}

const struct hr_command hr_command_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "print a shell's completion script",
    .details =
        "  bash: headroom completion bash > ~/.local/share/bash-completion/completions/headroom\n"
        "  zsh:  headroom completion zsh > a folder of $fpath, named _headroom\n"
        "  fish: headroom completion fish > ~/.config/fish/completions/headroom.fish\n",
    .run = run,
};
