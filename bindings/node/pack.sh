#!/usr/bin/env bash
# pack.sh BUILD_DIR FOLDER: packs the npm package of a tree that was built with MYCHAT_BUILD_NODE into FOLDER, and prints the
# tarball's name. The sources that install.js builds from, where no prebuilt addon runs, go with it: the library's and the
# addon's, with the code that SWIG generated, so that nobody needs SWIG.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
built=$(cd "$1/bindings/node" && pwd)
mkdir -p "$2"
folder=$(cd "$2" && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

cp -R "$built/package/dist" "$built/package/prebuilds" "$stage/"
cp "$here/package.json" "$here/install.js" "$here/README.md" "$root/LICENSE" "$stage/"
mkdir -p "$stage/sdk/bindings/node/generated"
cp "$root/CMakeLists.txt" "$root/LICENSE" "$stage/sdk/"
cp -R "$root/cmake" "$root/include" "$root/src" "$stage/sdk/"
cp -R "$here/CMakeLists.txt" "$here/native" "$here/README.md" "$stage/sdk/bindings/node/"
cp "$built/mychat_napi.cpp" "$stage/sdk/bindings/node/generated/"
cd "$stage"
npm pack --silent --pack-destination "$folder" | sed "s|^|$folder/|"
