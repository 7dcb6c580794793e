#!/usr/bin/env bash
# main_cli.sh - the program's front door: help, version, unknown names, streams and exit codes.
. tests/cli/check.sh

expect_exit 2 "$HEADROOM"
expect_err '^usage: headroom COMMAND'
[ -s "$TMP/out" ] && failed "usage on standard output without --help"

expect_exit 0 "$HEADROOM" --help
expect_out '^commands:'
expect_out '  completion '
expect_exit 0 "$HEADROOM" -h

expect_exit 0 "$HEADROOM" --version
expect_out '^headroom [0-9]+[.][0-9]+[.][0-9]+$'
expect_out '^git ([0-9a-f]{40}|unknown)'
expect_out '^compiler '
expect_out '^flags '

expect_refused "$HEADROOM" completoin
expect_err 'did you mean completion[?]$'
expect_refused "$HEADROOM" xyzzy
expect_err 'headroom --help'
expect_refused "$HEADROOM" completion
expect_err 'bash[|]zsh[|]fish is missing'
expect_refused "$HEADROOM" completion tcsh
expect_refused "$HEADROOM" completion bash zsh
expect_err "unexpected operand 'zsh'"
expect_refused "$HEADROOM" completion --hepl
expect_err 'did you mean --help[?]$'

# Every command explains itself, and the help is made from the table.
for command in $("$HEADROOM" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    expect_exit 0 "$HEADROOM" "$command" --help
    expect_out "^usage: headroom $command "
    expect_out '  -h, --help '
    expect_refused "$HEADROOM" "$command" --no-such-option
done

# Completion scripts are valid and name every command.
for shell in bash zsh fish; do
    expect_exit 0 "$HEADROOM" completion "$shell"
    expect_out 'completion'
    cp "$TMP/out" "$TMP/$shell"
done
bash -n "$TMP/bash" || failed "the bash completion does not parse"
bash -c '. "$1"; COMP_WORDS=(headroom compl); COMP_CWORD=1; _headroom; [ "${COMPREPLY[*]}" = completion ]' _ "$TMP/bash" ||
    failed "bash does not complete a command"

# A full disk must not look like success.
if [ -c /dev/full ]; then
    "$HEADROOM" --help >/dev/full 2>"$TMP/err"
    [ $? -eq 2 ] || failed "a full disk went unseen"
    expect_err 'cannot write standard output'
fi
