#!/usr/bin/env bash
# What scripts/sealed-without takes away from sealed sessions is still there to be taken.
. tests/cli/check.sh

git rev-parse --git-dir >/dev/null 2>&1 || skip "not a git checkout"
expect_exit 0 scripts/sealed-without --check
