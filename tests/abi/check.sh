#!/usr/bin/env bash
# check.sh BUILD [--update]: compares libmychat.so of the dev preset with the recorded description of its ABI
# (libmychat.abi, x86-64). Any difference fails; --update records the present one.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
library=$(cd "$1" && pwd)/src/libmychat.so
baseline=$here/libmychat.abi
present=$(mktemp --suffix=.abi)
trap 'rm -f "$present"' EXIT

# No places, paths of this machine or names of other libraries: only what a program that links the library relies on.
abidw --headers-dir "$root/include" --drop-private-types --exported-interfaces-only --no-corpus-path \
  --no-comp-dir-path --no-show-locs --no-elf-needed --type-id-style hash "$library" |
  sed -E "s|path='[^']*/(src/[^']*)'|path='\1'|" > "$present"
if grep -nE "$root|='/" "$present"; then
  echo "abi: the description holds paths of this machine" >&2
  exit 1
fi

if [ "${2:-}" = --update ]; then
  cp "$present" "$baseline"
  echo "abi: recorded in tests/abi/libmychat.abi"
  exit 0
fi

python3 -B "$here/exports.py" "$root" "$library"
status=0
# The two descriptions, not description and library: abidiff takes types whose place is not recorded for private ones.
# Harmless changes are shown as well, such as a member's other name.
abidiff --harmless "$baseline" "$present" || status=$?
if [ "$status" != 0 ]; then
  echo "abi: libmychat.so differs from the recorded ABI (abidiff: $status). If that is meant: ./dev abi --update" >&2
  exit 1
fi
echo "abi: as recorded"
