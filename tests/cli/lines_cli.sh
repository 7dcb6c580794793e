#!/usr/bin/env bash
# What scripts/lines-per-request promises: refusals in a line, 77 without valgrind. Its counting needs minutes
# and valgrind, and is no test.
. tests/cli/check.sh

expect_exit 2 scripts/lines-per-request no-such-flow
expect_err "no flow preset 'no-such-flow'"
expect_exit 2 scripts/lines-per-request mixed
expect_err "'mixed' has L2 markets"
expect_exit 2 scripts/lines-per-request -n many
expect_err 'a number of requests is needed'
expect_exit 0 scripts/lines-per-request -h
expect_out '^lines-per-request - how many lines'

# The default flows are there, and valgrind missing is a skip, said before anything is built.
mkdir "$TMP/bin"
for tool in bash sed dirname grep; do
    ln -s "$(command -v $tool)" "$TMP/bin/$tool"
done
expect_exit 77 env PATH="$TMP/bin" scripts/lines-per-request
expect_err 'SKIP: valgrind is not installed'
