#!/usr/bin/env bash
# subdirectory.sh SOURCE WORK BUILD_TYPE C_FLAGS CXX_FLAGS: builds and runs a foreign project that holds MyChat's sources,
# by add_subdirectory, then by FetchContent. With the flags of the build that this test belongs to, the compiler cache has
# most of it already. WORK is kept, so that only the first run compiles.
set -euo pipefail
source=$1 work=$2 type=$3 c_flags=$4 cxx_flags=$5
mkdir -p "$work"
if command -v ccache > /dev/null; then
  how=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_BUILD_TYPE="$type"
    -DCMAKE_C_FLAGS_"${type^^}"="$c_flags" -DCMAKE_CXX_FLAGS_"${type^^}"="$cxx_flags")
else
  how=(-DCMAKE_CXX_FLAGS=-O0)
fi
for by in add_subdirectory FetchContent; do
  echo "== $by"
  rm -f "$work/build/program"
  cmake -G Ninja -S "$source/tests/package/subdirectory" -B "$work/build" -DMYCHAT_SOURCE="$source" -DMYCHAT_BY=$by \
    "${how[@]}"
  cmake --build "$work/build" --target program
  rm -f "$work"/store.mychat*
  "$work/build/program" "$work/store.mychat"
  if cmake --install "$work/build" --prefix "$work/prefix" | grep -i mychat; then
    echo "FAILED: the host's install installs MyChat without being asked to" >&2
    exit 1
  fi
done
