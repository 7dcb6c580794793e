/*
 * command.h - a command is one row in the table of main.c, its options are one table.
 *
 * The table drives parsing, --help, the HEADROOM_<FLAG> environment variables, shell completion
 * and what the report keeps of each value and its origin. The commands live in the folders whose
 * work they do; this header is the only place that names them all, so that harness/ includes none
 * of those folders.
 *
 * Streams: a command's chosen result goes to standard output, everything else to standard error.
 */
#ifndef HR_COMMAND_H
#define HR_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

enum hr_option_kind {
    HR_OPT_FLAG,   /* present or not */
    HR_OPT_TEXT,
    HR_OPT_COUNT,  /* whole number; 5e6, 64Ki and 1_000 are understood */
    HR_OPT_LIST,   /* may be repeated */
};

struct hr_option {
    const char *name;    /* long name without dashes; NULL ends the table */
    char letter;         /* 0 if none */
    enum hr_option_kind kind;
    const char *metavar; /* FILE, N … */
    const char *preset;  /* default as text, or NULL */
    const char *help;    /* one line, with the unit */
};

struct hr_args; /* parsed, checked, read-only */

struct hr_command {
    const char *name;
    const char *operands; /* as shown in the usage line, e.g. "FLOW", "[PROFILE|FILE.yaml]" or "" */
    int operands_min, operands_max;
    const char *summary;  /* one line */
    const char *details;  /* paragraphs under the option table in --help: examples; may be NULL */
    const struct hr_option *options;
    void (*help)(void);   /* prints more after the details, from other tables; may be NULL */
    /* Returns an exit status (enum hr_exit); if not 0 and hr_error() is set, main prints it. */
    int (*run)(const struct hr_args *args);
};

/* Defaults, then environment, then flags. -EINVAL with a message on bad usage. `--help` prints
 * the help to standard output and returns 1. *args is freed with hr_args_free(). argv[0] is the
 * command's own name; argv must outlive *args.
 *
 * Understood: --name value, --name=value, -x value, -xvalue, flags together (-nv), `--` (only operands
 * follow), `-` (standard input or output, as a value or an operand). Of an option given twice the
 * last value holds, unless it is a list. In the environment a list's values are separated by `;`
 * and a flag is 1, yes, true, on or 0, no, false, off; an empty variable counts as not set. */
int hr_args_parse(struct hr_args **args, const struct hr_command *command, int argc, char **argv);
void hr_args_free(struct hr_args *args);

/* Asking for a name that is not in the table is a programming error and aborts. */
const char *hr_arg_text(const struct hr_args *args, const char *name);  /* NULL if not given */
bool hr_arg_flag(const struct hr_args *args, const char *name);
uint64_t hr_arg_count(const struct hr_args *args, const char *name);
bool hr_arg_given(const struct hr_args *args, const char *name); /* by flag or environment */
int hr_arg_list(const struct hr_args *args, const char *name, const char *const **values);
int hr_arg_operands(const struct hr_args *args, const char *const **operands);
/* "flag", "environment" or "default" */
const char *hr_arg_origin(const struct hr_args *args, const char *name);
/* The whole command line, beginning with "headroom", for the record; ended by NULL. Returns its length. */
int hr_arg_line(const struct hr_args *args, char *const **argv);

/* No file of these options (ended by NULL) is one of the inputs, and no two are one; "-" is a place
 * too. -EINVAL with a message. */
int hr_args_check_outputs(const struct hr_args *args, const char *const *options,
                          const char *const *inputs, int count);

/* The command's table of options, and what stands for an option's value in texts; never NULL. */
const struct hr_option *hr_command_options(const struct hr_command *command);
const char *hr_option_metavar(const struct hr_option *option);

/* The environment variable of an option or config key: "min-effect" is HEADROOM_MIN_EFFECT. */
#define HR_VARIABLE_MAX 96
void hr_variable_name(const char *name, char variable[HR_VARIABLE_MAX]);
/* --help of one command. */
void hr_command_help(const struct hr_command *command);

/* Whole numbers as people write them: 1000, 1_000, 5e6, 2.5e3, 64Ki, 4Mi, 1Gi, 10k, 5M. 0 or -EINVAL. */
int hr_parse_count(const char *text, uint64_t *value);
/* A time with its unit: 10us, 1.5 ms, 2s, 5min, 1h; in ns. A bare number is refused. */
int hr_parse_time(const char *text, uint64_t *value_ns);

extern const struct hr_command hr_command_probe;      /* probes/ */
extern const struct hr_command hr_command_tune;       /* probes/ */
extern const struct hr_command hr_command_list;       /* suites/ */
extern const struct hr_command hr_command_run;        /* suites/ */
extern const struct hr_command hr_command_replay;     /* engine-under-test/ */
extern const struct hr_command hr_command_flow;       /* engine-under-test/ */
extern const struct hr_command hr_command_soak;       /* engine-under-test/ */
extern const struct hr_command hr_command_serve;      /* engine-under-test/ */
extern const struct hr_command hr_command_drive;      /* engine-under-test/ */
extern const struct hr_command hr_command_conform;    /* engine-under-test/ */
extern const struct hr_command hr_command_snapshot;   /* engine-under-test/ */
extern const struct hr_command hr_command_recover;    /* engine-under-test/ */
extern const struct hr_command hr_command_verify;     /* engine-under-test/ */
extern const struct hr_command hr_command_claims;     /* reports/ */
extern const struct hr_command hr_command_report;     /* reports/ */
extern const struct hr_command hr_command_compare;    /* reports/ */
extern const struct hr_command hr_command_plan;       /* reports/ */
extern const struct hr_command hr_command_history;    /* reports/ */
extern const struct hr_command hr_command_schema;     /* reports/ */
extern const struct hr_command hr_command_keys;       /* harness/ */
extern const struct hr_command hr_command_completion; /* harness/ */

/* The table of all commands, ended by NULL (main.c). */
extern const struct hr_command *const hr_commands[];

#endif
