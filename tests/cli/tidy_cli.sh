#!/usr/bin/env bash
# The rules about the tree itself: who may include whom, unique file names, short files, no left-overs.
. tests/cli/check.sh

sources=$(git ls-files '*.c' '*.h')
[ -n "$sources" ] || skip "not a git checkout"
: >"$TMP/out"

# rule FOLDER ALLOWED: every project include in FOLDER's files matches ALLOWED (an extended regex).
rule() {
    for file in $(printf '%s\n' "$sources" | grep -E "^$1"); do
        sed -n 's/^ *# *include "\([^"]*\)".*/\1/p' "$file" | grep -Ev "^($2)" |
            sed "s|^|$file may not include |" >>"$TMP/out"
    done
}
rule 'engine-under-test/engine\.h$' 'nothing'
rule 'harness/' 'harness/|engine-under-test/(engine|poison)\.h$'
rule 'probes/' 'probes/|harness/|engine-under-test/device/device_api\.h$'
rule 'engine-under-test/skeleton\.c$' 'engine\.h$' # it is copied elsewhere, with engine.h beside it
rule 'engine-under-test/(null|oracle|oracle_book)\.c$' 'engine-under-test/(engine|null|oracle)\.h$'
rule 'engine-under-test/reference/' 'engine-under-test/((engine|poison)\.h$|reference/)'
rule 'engine-under-test/device/' 'engine-under-test/(engine\.h$|device/)|harness/error\.h$'
rule 'engine-under-test/' 'engine-under-test/|harness/|engine\.h$'
rule 'suites/' 'suites/|harness/|probes/probe\.h$|engine-under-test/(engine|loader|conform|collect|device/device_api|device/device_engine|device/device_(ceilings|product))\.h$|reports/(report|compare)\.h$'
rule 'reports/' 'reports/|harness/(record|error|command|histogram|statistics|verdict|gate_trials|change_points|sha256|sink|build|settings_file|config_folder|nearest)\.h$'
[ ! -s "$TMP/out" ] || failed "include rule (CONTRIBUTING.md, \"Who may include whom\")"

# engine.h stands alone: nothing but these two.
sed -n 's/^ *# *include *//p' engine-under-test/engine.h | grep -Ev '^<std(def|int)\.h>$' >"$TMP/out"
[ ! -s "$TMP/out" ] || failed "engine.h includes more than <stddef.h> and <stdint.h>"

# A file name says what is in it, once in the whole tree; and no file names that only say where things are kept.
git ls-files '*.c' '*.h' | sed 's|.*/||' | sort | uniq -d >"$TMP/out"
[ ! -s "$TMP/out" ] || failed "file names that are not unique"
git ls-files | grep -E '(^|/)(src|include|lib|utils?|common|misc|helpers?)(/|\.[ch]$)' >"$TMP/out"
[ ! -s "$TMP/out" ] || failed "names that say storage, not meaning"

for file in $sources; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 700 ] || echo "$file has $lines lines" >>"$TMP/out"
    # Every source file opens with what it is for.
    head -c 2 "$file" | grep -q '^/\*' || echo "$file does not open with a comment" >>"$TMP/out"
done
[ ! -s "$TMP/out" ] || failed "files that are too long, or do not say what they are for"

git grep -nIwE 'TODO|FIXME|XXX' -- '*.c' '*.h' Makefile scripts configs >"$TMP/out"
[ ! -s "$TMP/out" ] || failed "left-over markers"

# The OS is named only in back ends.
git grep -nE '__linux__|__APPLE__' -- 'suites/*.[ch]' 'reports/*.[ch]' 'engine-under-test/conform*' >"$TMP/out"
[ ! -s "$TMP/out" ] || failed "an operating system named outside the back ends"

# OpenSSL is seen in two places, so that there is one way to seal (CONTRIBUTING.md, "Sealing").
git grep -lE '# *include <openssl/' -- '*.c' '*.h' | grep -vxE 'harness/crypto(_keys)?\.c' >"$TMP/out"
[ ! -s "$TMP/out" ] || failed "OpenSSL included outside harness/crypto.c and harness/crypto_keys.c"

# A setting that a text names is one that there is: words of which the part before or behind the dot is known.
grep -oE '\{"[a-z0-9_]+\.[a-z0-9_]+"' harness/config_rows.c | tr -d '{"' | sort -u >"$TMP/settings"
groups=$(cut -d. -f1 "$TMP/settings" | sort -u | paste -sd'|')
names=$(cut -d. -f2 "$TMP/settings" | sort -u | paste -sd'|')
git grep -hvE '#include' -- '*.c' ':!tests' | grep -oE '"[^"]*"' |
    grep -oE "(^|[^a-z0-9_./-])(($groups)\.[a-z_]+|[a-z]+\.($names))([^a-z_.]|$)" | grep -oE '[a-z]+\.[a-z_]+' |
    grep -vE '\.([chly]|dat|gp|svg|csv|yaml|json)$' | sort -u | comm -23 - "$TMP/settings" >"$TMP/out"
[ ! -s "$TMP/out" ] || failed "texts that name a setting which does not exist"
