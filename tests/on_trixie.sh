#!/usr/bin/env bash
# on_trixie.sh [--all] [CTEST ARGUMENT...]: builds and tests in a root of Debian 13 (trixie), whose OpenSSL 3.5 has the ML-KEM that
# Debian 12 and Ubuntu 24.04 lack, with its GCC 14: the tests of the cryptography, of MLS and of the C ABI; --all: all of them.
# Needs root and debootstrap. The root, its build and its compiler cache stay in build/trixie (MYCHAT_TRIXIE: elsewhere) for the
# next time; the first time downloads some 500 MB. What is mounted there, nobody else sees, and it is gone when this ends.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=${MYCHAT_TRIXIE:-$project/build/trixie}
readonly project root
fail() { printf 'on_trixie: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "needs root"
command -v debootstrap >/dev/null || fail "needs debootstrap (apt-get install debootstrap)"

# A mount namespace of its own.
if [ "${MYCHAT_TRIXIE_INSIDE:-}" != "$PPID" ]; then
  export MYCHAT_TRIXIE_INSIDE=$$
  unshare --mount --propagation private -- "$0" "$@" || exit $?
  exit 0
fi

if [ ! -e "$root/complete" ]; then
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase trixie "$root" "${MYCHAT_DEBIAN_MIRROR:-http://deb.debian.org/debian}" >&2
  touch "$root/complete"
fi

mkdir -p "$root/src/mychat" "$root/src/shared" "$root/build" "$root/ccache"
touch "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$(readlink -f /etc/resolv.conf)" "$root/etc/resolv.conf"
mount --bind "$project" "$root/src/mychat"
mount -o remount,bind,ro "$root/src/mychat"
if [ -d "$project/../shared" ]; then
  mount --bind "$project/../shared/" "$root/src/shared"
  mount -o remount,bind,ro "$root/src/shared"
fi

inside() {
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 CCACHE_DIR=/ccache CCACHE_NOHASHDIR=1 \
    MYCHAT_JOBS="${MYCHAT_JOBS:-$(nproc)}" bash -euo pipefail -c "$1" on_trixie "${@:2}"
}

targets='test_crypto test_mls test_mls_model mls_vectors mls_peer test_c_api test_c_api_torture'
tests=(-R '^(test_crypto|test_mls|test_mls_.*|mls_.*|test_c_api.*)$')
if [ "${1:-}" = --all ]; then
  targets=all tests=()
  shift
fi
inside '
  cd /src/mychat
  ./dev setup
  cmake --preset dev -B /build/dev >/build/cmake.log 2>&1 || { cat /build/cmake.log >&2; exit 1; }
  cmake --build /build/dev -j "$MYCHAT_JOBS" --target '"$targets"'
  openssl version
  ctest --test-dir /build/dev --output-on-failure --no-tests=error -j "$((MYCHAT_JOBS + 1))" "$@"
' "${tests[@]}" "$@"
