#!/usr/bin/env bash
# deps_recipes.sh SOURCE WORK: what cmake/deps/build.sh takes for done. A recipe that failed is none, what did not change is
# not built again, and a change of the sources under the same name is.
set -euo pipefail
source=$1
work=$2
rm -rf "$work"
mkdir -p "$work/sources/cjson-1.0"
export MYCHAT_DEPS_SOURCES=$work/sources
build() { "$source/cmake/deps/build.sh" "$work/prefix" cjson 2> "$work/log"; }
fail() { echo "deps_recipes: $*" >&2; cat "$work/log" >&2; exit 1; }

echo 'int one(void);' > "$work/sources/cjson-1.0/cJSON.h"
echo 'this is not C' > "$work/sources/cjson-1.0/cJSON.c"
if build; then fail "a source that does not compile was taken for built"; fi
[ ! -e "$work/prefix/lib/libcjson.a" ] || fail "an archive of nothing"

printf '#include "cJSON.h"\nint one(void) { return 1; }\n' > "$work/sources/cjson-1.0/cJSON.c"
build || fail "the mended source was not built"
[ -e "$work/prefix/lib/libcjson.a" ] || fail "no archive"
build || fail "a second time"
[ ! -s "$work/log" ] || fail "what is there was built again"

echo 'int two(void) { return 2; }' >> "$work/sources/cjson-1.0/cJSON.c"
build || fail "the changed source was not built"
nm "$work/prefix/lib/libcjson.a" | grep -q ' T two$' || fail "the archive is that of before the change"
