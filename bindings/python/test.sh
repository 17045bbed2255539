#!/usr/bin/env bash
# test.sh BUILD_DIR [PYTEST ARGUMENT...]: for each CPython found, installs the package with pip into a venv of its own, and runs the
# tests against the mychat-server of BUILD_DIR. MYCHAT_PYTHONS names the interpreters (default: python3, and python3.9 to python3.13
# where they are). The first one runs everything; the others what differs between versions.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd)
shift
work=$root/build/python
deps=${MYCHAT_DEPS_PREFIX:-$root/build/deps}
export MYCHAT_SERVER=$build/server-reference/app/mychat-server
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
unset PYTHONPATH

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# One of each version, the machine's python3 first.
pythons() {
  local python version seen=" "
  for python in ${MYCHAT_PYTHONS:-python3 python3.13 python3.12 python3.11 python3.10 python3.9}; do
    version=$(version_of "$python") || continue
    case "$version" in 3.9 | 3.1[0-3]) ;; *) continue ;; esac
    case "$seen" in *" $version "*) continue ;; esac
    seen="$seen$version "
    echo "$python"
  done
}

# The sources' state: the wheel is built again only when it changed.
stamp() { find "$here" "$root/src" "$root/include" "$root/cmake" -type f -not -path '*/tests/*' -newer "$1" 2>/dev/null | head -n 1; }

install() {
  local python=$1 venv=$2
  if [ ! -x "$venv/bin/python" ]; then "$python" -m venv "$venv"; fi
  if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    "$venv/bin/pip" install -q -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
  fi
  if [ -e "$venv/installed" ] && [ -z "$(stamp "$venv/installed")" ]; then return; fi
  # The compiler by CMake's names for it, not by the interpreter's, and the flags of the preset `dev`, so that the compiler's
  # cache has the library already; warnings are errors. With the archives of `./dev deps` it is self-contained, as what is
  # shipped.
  local arguments="-DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O1 -g1' -DMYCHAT_WARNINGS=ON"
  if [ -d "$deps/lib" ]; then arguments+=" -DMYCHAT_STATIC_DEPS=ON -DMYCHAT_DEPS_PREFIX=$deps"; fi
  rm -rf "$venv/wheels"
  CC=${CC:-cc} CXX=${CXX:-c++} CMAKE_ARGS=$arguments \
    "$venv/bin/pip" wheel -q --no-build-isolation --no-deps --wheel-dir "$venv/wheels" \
    --config-settings=build-dir="$venv/cmake" --config-settings=cmake.build-type=RelWithDebInfo "$here"
  "$venv/bin/pip" install -q --no-deps --force-reinstall "$venv"/wheels/*.whl
  touch "$venv/installed"
}

main() {
  local python version venv first=1
  for python in $(pythons); do
    version=$(version_of "$python")
    venv=$work/$version
    say "python $version: install"
    install "$python" "$venv"
    say "python $version: test"
    export MYCHAT_WHEELS=$venv/wheels
    if [ "$first" = 1 ]; then
      if [ -x "$venv/bin/mypy" ]; then
        (cd "$here" && "$venv/bin/mypy" --cache-dir "$work/mypy" src/mychat tests build-backend bench &&
          "$venv/bin/python" -m mypy.stubtest --mypy-config-file pyproject.toml --allowlist stubtest-allowed.txt mychat._mychat)
      fi
      (cd "$here" && "$venv/bin/python" -m pytest -q -p no:cacheprovider "$@")
      ln -sfn "$venv" "$work/first"
    else
      (cd "$here" && "$venv/bin/python" -m pytest -q -p no:cacheprovider tests/test_offline.py tests/test_async.py \
        tests/test_lifecycle.py tests/test_federation.py tests/test_federation_node.py tests/test_mls*.py)
    fi
    first=0
  done
  [ "$first" = 0 ] || { echo "test.sh: no CPython of 3.9 to 3.13 is here" >&2; exit 1; }
}
main "$@"
