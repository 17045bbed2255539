#!/usr/bin/env bash
# headers.sh INCLUDE: every public header compiles alone, without a warning, as every C and C++ that programs use.
set -euo pipefail
include=$1
warnings=(-pedantic -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Werror)
checked=0

# compile COMPILER LANGUAGE STANDARD HEADER
compile() {
  local flags=("${warnings[@]}")
  if [ "$2" = c++ ]; then flags=(-pedantic -Wall -Wextra -Wshadow -Wconversion -Wold-style-cast -Werror); fi
  # Included twice, so that a missing guard shows; for the shared and for the static library.
  local define
  for define in -UMYCHAT_STATIC -DMYCHAT_STATIC; do
    printf '#include <mychat/%s>\n#include <mychat/%s>\n' "$4" "$4" |
      "$1" -x "$2" -std="$3" "${flags[@]}" $define -I "$include" -fsyntax-only - ||
      { echo "FAILED: $4 with $1 -std=$3 $define" >&2; exit 1; }
    checked=$((checked + 1))
  done
}

for header in "$include"/mychat/*.h; do
  name=$(basename "$header")
  for compiler in gcc clang-16; do
    command -v "$compiler" > /dev/null || { echo "skipped: no $compiler here"; continue; }
    for standard in c99 c11 c17; do compile "$compiler" c "$standard" "$name"; done
  done
  for compiler in g++ clang++-16; do
    command -v "$compiler" > /dev/null || { echo "skipped: no $compiler here"; continue; }
    for standard in c++11 c++14 c++17 c++20; do compile "$compiler" c++ "$standard" "$name"; done
  done
done
[ "$checked" -gt 0 ] || { echo "FAILED: nothing was compiled" >&2; exit 1; }
echo "$checked compilations without a warning"
