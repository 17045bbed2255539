#!/usr/bin/env bash
# run.sh BENCH_ABI SERVER: builds the wheel as it ships, installs it into a venv of its own, and measures it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/build/python/bench
deps=${MYCHAT_DEPS_PREFIX:-$root/build/deps}
export MYCHAT_SERVER=$2 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
unset PYTHONPATH
mkdir -p "$work"
{
  [ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q pybind11==3.1.0 scikit-build-core==1.1.2
  arguments=
  if [ -d "$deps/lib" ]; then arguments="-DMYCHAT_STATIC_DEPS=ON -DMYCHAT_DEPS_PREFIX=$deps"; fi
  rm -f "$work"/*.whl
  CMAKE_ARGS=$arguments "$work/venv/bin/pip" wheel -q --no-build-isolation --no-deps --wheel-dir "$work" \
    --config-settings=build-dir="$work/cmake" "$here"
  "$work/venv/bin/pip" install -q --force-reinstall --no-deps "$work"/*.whl
} >&2
exec "$work/venv/bin/python" "$here/bench/bench.py" "$1" "$work"/*.whl
