#!/usr/bin/env bash
# build.sh PREFIX [NAME...]: builds the libraries that libmychat holds when it is configured with MYCHAT_STATIC_DEPS, as
# static archives with position-independent code and hidden symbols, into PREFIX/lib and PREFIX/include. Without names:
# all of versions.txt. What PREFIX has already, built the same way, is left as it is.
#
# MYCHAT_DEPS_TARBALLS  a folder with the releases' archives, looked into before anything is downloaded
# MYCHAT_DEPS_SOURCES   a folder with unpacked sources NAME-VERSION, used as they are in place of a release: what a
#                       distribution maintains, with its patches
# An OpenSSL or zlib that is not in PREFIX is the system's; it must then be installed for development.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jobs=${MYCHAT_JOBS:-$(nproc)}
launcher=$(command -v ccache || true)
cc=${CC:-cc}
flags="-O2 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -fstack-protector-strong"
flags+=" -D_FORTIFY_SOURCE=2 ${CFLAGS:-}"

say() { echo "deps: $*" >&2; }
fail() { say "$*"; exit 1; }
sha256() { if command -v sha256sum > /dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1; }
content_of() { (cd "$1" && find . -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cat) | sha256 -; }
in_prefix() { [ -e "$prefix/lib/$1" ]; }

# Which source is to be built: "folder NAME-VERSION SUM" or "release NAME VERSION SHA256 ADDRESS".
choose() {
  local folder
  for folder in "${MYCHAT_DEPS_SOURCES:-/nonexistent}/$1"-*/; do
    if [ -d "$folder" ]; then
      # A distribution's security update changes the contents and not the name.
      echo "folder $(basename "$folder") $(content_of "$folder")"
      return
    fi
  done
  awk -v name="$1" '$1 == name { print "release", $0; found = 1 } END { exit !found }' "$here/versions.txt" ||
    fail "versions.txt has no $1"
}

# Prints the folder with the sources. A release's archive is unpacked only if it is the one that was pinned.
unpack() {
  local kind=$1 name=$2 version=${3:-} sum=${4:-} address=${5:-}
  if [ "$kind" = folder ]; then
    cp -RL "$MYCHAT_DEPS_SOURCES/$name" "$work/"
    echo "$work/$name"
    return
  fi
  local archive=$name-$version.tar.${address##*.tar.} file
  file=${MYCHAT_DEPS_TARBALLS:-/nonexistent}/$archive
  if [ ! -f "$file" ]; then
    file=$work/$archive
    say "$name $version: downloading $address"
    curl -fsSL --proto '=https' --retry 3 -o "$file" "$address" || fail "$address cannot be downloaded"
  fi
  [ "$(sha256 "$file")" = "$sum" ] || fail "$file is not the release that versions.txt names: its SHA-256 differs"
  mkdir "$work/$name"
  tar -xf "$file" -C "$work/$name" --strip-components=1
  echo "$work/$name"
}

# compile ARCHIVE FILE...: in the present folder; further flags in $defines.
compile() {
  local archive=$1 file
  shift
  for file in "$@"; do echo "$file"; done |
    xargs -P "$jobs" -I {} sh -c "$launcher $cc $flags ${defines:-} -c {} -o \$(echo {} | tr / _).o"
  rm -f "$archive"
  ar rcs "$archive" ./*.o
  mkdir -p "$prefix/lib" "$prefix/include"
  cp "$archive" "$prefix/lib/"
}

# with_cmake SOURCE OPTION...
with_cmake() {
  local source=$1
  shift
  cmake -S "$source" -B "$work/build" -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$flags" \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON ${launcher:+-DCMAKE_C_COMPILER_LAUNCHER="$launcher"} \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$prefix" \
    -DBUILD_SHARED_LIBS=OFF -DCMAKE_POLICY_VERSION_MINIMUM=3.5 "$@"
  cmake --build "$work/build" -j "$jobs"
  cmake --install "$work/build"
}

zlib_place() {
  if in_prefix libz.a; then echo "-DZLIB_LIBRARY=$prefix/lib/libz.a -DZLIB_INCLUDE_DIR=$prefix/include"; fi
}
openssl_place() { if in_prefix libcrypto.a; then echo "-DOPENSSL_ROOT_DIR=$prefix -DOPENSSL_USE_STATIC_LIBS=ON"; fi }

build_zlib() {
  local defines="-DHAVE_UNISTD_H -DHAVE_STDARG_H"
  compile libz.a adler32.c crc32.c deflate.c infback.c inffast.c inflate.c inftrees.c trees.c zutil.c compress.c \
    uncompr.c gzclose.c gzlib.c gzread.c gzwrite.c
  cp zlib.h zconf.h "$prefix/include/"
}

build_openssl() {
  # No configuration file, engine or module of the machine is ever read: only what is inside runs. The folder named is
  # one that only root can write, should anything ask for it all the same.
  CC="$launcher $cc" CFLAGS="$flags" ./Configure --prefix="$prefix" --libdir=lib --openssldir=/etc/ssl no-shared no-tests \
    no-apps no-docs no-legacy no-engine no-dso no-module no-autoload-config no-pinshared no-ssl3 no-dtls no-comp no-srp \
    no-weak-ssl-ciphers no-ui-console no-afalgeng no-cmp no-cms no-ts no-gost no-idea no-seed no-camellia no-aria \
    no-bf no-cast no-rc2 no-rc4 no-md4 no-mdc2 no-rmd160 no-whirlpool
  make -j "$jobs" build_libs
  make install_dev
}

build_argon2() {
  local core=src/ref.c defines="-Iinclude"
  case $($cc -dumpmachine) in x86_64-*) core=src/opt.c ;; esac  # SSE2, which every x86-64 has.
  compile libargon2.a src/argon2.c src/core.c src/thread.c src/encoding.c src/blake2/blake2b.c "$core"
  cp include/argon2.h "$prefix/include/"
}

build_sqlite() {
  local defines="-DSQLITE_THREADSAFE=1 -DSQLITE_DQS=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_SHARED_CACHE"
  compile libsqlite3.a sqlite3.c
  cp sqlite3.h "$prefix/include/"
}

build_cjson() {
  local defines=""
  compile libcjson.a cJSON.c
  mkdir -p "$prefix/include/cjson"
  cp cJSON.h "$prefix/include/cjson/"
}

build_libzip() {
  # shellcheck disable=SC2046
  with_cmake "$PWD" -DENABLE_COMMONCRYPTO=OFF -DENABLE_GNUTLS=OFF -DENABLE_MBEDTLS=OFF -DENABLE_OPENSSL=OFF \
    -DENABLE_WINDOWS_CRYPTO=OFF -DENABLE_BZIP2=OFF -DENABLE_LZMA=OFF -DENABLE_ZSTD=OFF -DENABLE_FDOPEN=OFF \
    -DBUILD_TOOLS=OFF -DBUILD_REGRESS=OFF -DBUILD_OSSFUZZ=OFF -DBUILD_EXAMPLES=OFF -DBUILD_DOC=OFF $(zlib_place)
}

build_curl() {
  # HTTP and HTTPS and nothing else. Authorities are named by the program (src/transport/system_trust.h).
  # shellcheck disable=SC2046
  with_cmake "$PWD" -DBUILD_STATIC_LIBS=ON -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DBUILD_LIBCURL_DOCS=OFF \
    -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF -DPICKY_COMPILER=OFF -DHTTP_ONLY=ON -DCURL_USE_OPENSSL=ON \
    -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_CA_FALLBACK=OFF \
    -DENABLE_THREADED_RESOLVER=ON -DENABLE_IPV6=ON -DENABLE_UNIX_SOCKETS=OFF -DENABLE_WEBSOCKETS=OFF \
    -DCURL_DISABLE_WEBSOCKETS=ON -DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_ALTSVC=ON \
    -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_NETRC=ON -DCURL_DISABLE_DOH=ON -DCURL_DISABLE_AWS=ON -DCURL_DISABLE_IPFS=ON \
    -DCURL_DISABLE_KERBEROS_AUTH=ON -DCURL_DISABLE_NEGOTIATE_AUTH=ON -DCURL_DISABLE_FORM_API=ON \
    -DCURL_ZLIB=ON -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBPSL=OFF \
    -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBSSH=OFF -DCURL_USE_GSSAPI=OFF -DUSE_OPENSSL_QUIC=OFF \
    $(zlib_place) $(openssl_place)
}

build_libwebsockets() {
  # The WebSocket client and nothing else.
  # shellcheck disable=SC2046
  with_cmake "$PWD" -DLWS_WITH_SHARED=OFF -DLWS_WITH_STATIC=ON -DLWS_STATIC_PIC=ON -DLWS_WITHOUT_SERVER=ON \
    -DLWS_WITHOUT_TESTAPPS=ON -DLWS_WITH_MINIMAL_EXAMPLES=OFF -DDISABLE_WERROR=ON -DLWS_WITH_SSL=ON -DLWS_IPV6=ON \
    -DLWS_WITHOUT_EXTENSIONS=ON -DLWS_UNIX_SOCK=OFF -DLWS_WITH_HTTP2=OFF -DLWS_ROLE_RAW_FILE=OFF -DLWS_WITH_LEJP=OFF \
    -DLWS_WITH_LEJP_CONF=OFF -DLWS_WITH_DIR=OFF -DLWS_WITH_LWSAC=OFF -DLWS_WITH_UDP=OFF -DLWS_WITH_SYS_STATE=OFF \
    -DLWS_WITH_SYS_SMD=OFF -DLWS_WITH_SECURE_STREAMS=OFF -DLWS_WITH_CACHE_NSCOOKIEJAR=OFF -DLWS_WITH_NETLINK=OFF \
    -DLWS_WITH_HTTP_BASIC_AUTH=OFF -DLWS_WITH_EVLIB_PLUGINS=OFF -DLWS_SSL_CLIENT_USE_OS_CA_CERTS=OFF \
    -DLWS_REPRODUCIBLE=ON -DLWS_HAVE_LIBCAP=0 $(openssl_place)
}

names=("$@")
if [ $# = 0 ]; then mapfile -t names < <(awk '!/^#/ { print $1 }' "$here/versions.txt"); fi
recipe=$(sha256 "$here/build.sh")
for name in "${names[@]}"; do
  chosen=$(choose "$name")
  stamp=$prefix/share/mychat-deps/$name
  made="$chosen
$recipe $($cc -dumpmachine) ${CFLAGS:-}"
  if [ "$(cat "$stamp" 2> /dev/null)" = "$made" ]; then continue; fi
  # shellcheck disable=SC2086
  source=$(unpack $chosen)
  read -r kind what version _ <<< "$chosen"
  [ "$kind" = folder ] || what+=-$version
  say "$name: building $what"
  rm -rf "$work/build"
  rm -f "$stamp"
  # Not behind || or !, where a command that fails would not end the recipe.
  set +e
  (
    set -e
    cd "$source"
    "build_$name"
  ) > "$work/log" 2>&1
  built=$?
  set -e
  [ $built = 0 ] || { tail -40 "$work/log" >&2; fail "$name does not build"; }
  mkdir -p "$(dirname "$stamp")"
  echo "$made" > "$stamp"
  rm -rf "$source"
done
