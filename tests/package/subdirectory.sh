#!/usr/bin/env bash
# subdirectory.sh SOURCE WORK: builds and runs a foreign project that holds MyChat's sources. WORK is kept, so that only
# the first run compiles everything.
set -euo pipefail
source=$1 work=$2
mkdir -p "$work"
launcher=()
if command -v ccache > /dev/null; then
  launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
cmake -G Ninja -S "$source/tests/package/subdirectory" -B "$work/build" -DMYCHAT_SOURCE="$source" \
  -DCMAKE_CXX_FLAGS=-O0 "${launcher[@]}"
cmake --build "$work/build" --target program
rm -f "$work"/store.mychat*
"$work/build/program" "$work/store.mychat"
if cmake --install "$work/build" --prefix "$work/prefix" | grep -i mychat; then
  echo "FAILED: the host's install installs MyChat without being asked to" >&2
  exit 1
fi
