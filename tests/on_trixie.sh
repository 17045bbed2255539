#!/usr/bin/env bash
# on_trixie.sh [CTEST ARGUMENT...]: builds and tests the cryptography, MLS and the C ABI in a root of Debian 13 (trixie), whose
# OpenSSL 3.5 has the ML-KEM that Debian 12 and Ubuntu 24.04 lack, with its GCC 14. Needs root and debootstrap. The root, its
# build and its compiler cache stay in build/trixie (MYCHAT_TRIXIE: elsewhere) for the next time; the first time downloads some
# 700 MB. What is mounted there, nobody else sees, and it is gone when this ends.
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
  [ ! -e "$root" ] || [ -e "$root/begun" ] || fail "$root is there, and was not made by this"
  rm -rf "$root"
  mkdir -p "$root"
  touch "$root/begun"
  debootstrap --variant=minbase trixie "$root" ${MYCHAT_DEBIAN_MIRROR:+"$MYCHAT_DEBIAN_MIRROR"} >&2
  touch "$root/complete"
fi

exec 9>"$root/lock"
flock --nonblock 9 || fail "another one is at work in $root"
mkdir -p "$root/src/mychat" "$root/src/shared" "$root/build" "$root/ccache"
touch "$root/etc/resolv.conf" "$root/etc/machine-certificates.crt"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$(readlink -f /etc/resolv.conf)" "$root/etc/resolv.conf"
mount --bind "$project" "$root/src/mychat"
mount -o remount,bind,ro "$root/src/mychat"
# What this machine trusts is trusted there, for npm too.
certificates=/etc/ssl/certs/ca-certificates.crt
[ ! -e $certificates ] || mount --bind $certificates "$root/etc/machine-certificates.crt"
if [ -d "$project/../shared" ]; then
  mount --bind "$project/../shared/" "$root/src/shared"
  mount -o remount,bind,ro "$root/src/shared"
fi

inside() {
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 CCACHE_DIR=/ccache CCACHE_NOHASHDIR=1 \
    NODE_EXTRA_CA_CERTS=/etc/machine-certificates.crt http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
    MYCHAT_JOBS="${MYCHAT_JOBS:-$(nproc)}" bash -euo pipefail -c "$1" on_trixie "${@:2}"
}

inside '
  cd /src/mychat
  ./dev setup
  cmake --preset dev -B /build/dev >/build/cmake.log 2>&1 || { cat /build/cmake.log >&2; exit 1; }
  cmake --build /build/dev -j "$MYCHAT_JOBS" \
    --target test_crypto test_mls test_mls_model mls_vectors mls_peer test_c_api test_c_api_torture
  openssl version
  ctest --test-dir /build/dev -R "^(test_crypto|test_mls.*|mls_.*|test_c_api.*)$" --output-on-failure --no-tests=error \
    -j "$((MYCHAT_JOBS + 1))" "$@"
' "$@"
