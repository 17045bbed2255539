#!/usr/bin/env bash
# check.sh SOURCE PREFIX WORK SERVER ORDINARY: builds libmychat with the archives of PREFIX inside (MYCHAT_STATIC_DEPS) in
# WORK, which is kept so that only the first run compiles everything; proves that it needs and exports nothing else, and
# that it works over TLS against SERVER in programs that have an OpenSSL, a libcurl and an SQLite of their own. ORDINARY is
# the folder of a libmychat.so of the usual kind, which must fail where that is what the test is about.
set -euo pipefail
source=$1 prefix=$2 work=$3 server=$4 ordinary=$5
here=$source/tests/package/self_contained
say() { echo "== $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
mkdir -p "$work"
[ -e "$prefix/lib/libcurl.a" ] || fail "$prefix has no archives: ./dev deps makes them"
unset SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF LD_LIBRARY_PATH

say "libmychat with its dependencies inside, and a module that holds it"
launcher=()
if command -v ccache > /dev/null; then
  launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
# The flags of the presets `dev` and `node`, so that the compiler's cache has the library already.
cmake -G Ninja -S "$here" -B "$work/build" -DMYCHAT_SOURCE="$source" -DMYCHAT_DEPS_PREFIX="$prefix" \
  -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1" -DMYCHAT_WARNINGS=ON "${launcher[@]}" > "$work/log" 2>&1 || { cat "$work/log"; fail "it does not configure"; }
cmake --build "$work/build" > "$work/log" 2>&1 || { tail -50 "$work/log"; fail "it does not build"; }
rm -rf "$work/install"
cmake --install "$work/build" --prefix "$work/install" > "$work/log"
module=$work/build/module.so
library=$(find "$work/install" -name libmychat.so)
libdir=$(dirname "$library")
grep -q '^Libs.private: -lstdc++ -lm -pthread$' "$libdir/pkgconfig/mychat.pc" || fail "mychat.pc names other libraries"
[ -z "$(find "$work/install" -name '*.a')" ] || fail "an archive is installed without those that it needs"

say "libmychat exports mychat_* and nothing else, the module what it means to"
python3 -B "$source/tests/abi/exports.py" "$source" "$library"
[ "$(nm -D --defined-only "$module" | cut -d ' ' -f 3)" = module_run ] || fail "the module exports more"

for file in "$library" "$module"; do
  say "$(basename "$file") needs the C library and nothing else, stays loaded, and leaves only that for the linker to find"
  readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tee "$work/needed"
  if grep -vE '^(libc|libm|libpthread|libdl|ld-linux[-a-z0-9_]*|libc\.musl-[a-z0-9_]+)\.so(\.[0-9]+)?$' "$work/needed"; then
    fail "these are not the C library"
  fi
  readelf -d "$file" | grep -q 'Flags: .*NODELETE' || fail "it may be unloaded"
  # With glibc each function carries its version; what is weak may stay missing, and is asked for by name.
  if grep -q '^libc\.so\.6$' "$work/needed" &&
    nm -D --undefined-only "$file" | grep -vE '@GLIBC_|^ +w (__gmon_start__|_ITM_\w+|__cxa_pure_virtual)$'; then
    fail "these could come from the program"
  fi
done

say "programs with libraries of their own"
flags=(-std=c11 -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L -I "$source/include" -L "$libdir")
cc "${flags[@]}" "$here/beside.c" -lmychat -lssl -lcrypto -lcurl -lsqlite3 -o "$work/beside"
cc "${flags[@]}" -rdynamic "$here/impostor.c" -lmychat -o "$work/impostor"

# An authority that only these programs are told of, and a node that it vouches for.
rm -rf "$work/tls" "$work/users" "$work/node"
mkdir -p "$work/tls" "$work/users" "$work/node"
new_authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
    -keyout "$work/tls/$1.key" -out "$work/tls/$1.pem" 2> /dev/null
}
new_authority ours
new_authority other
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > "$work/tls/names"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout "$work/tls/node.key" \
  -out "$work/tls/node.csr" 2> /dev/null
openssl x509 -req -in "$work/tls/node.csr" -CA "$work/tls/ours.pem" -CAkey "$work/tls/ours.key" -CAcreateserial -days 2 \
  -extfile "$work/tls/names" -out "$work/tls/node.pem" 2> /dev/null
mkdir "$work/tls/hashed"
cp "$work/tls/ours.pem" "$work/tls/hashed/$(openssl x509 -in "$work/tls/ours.pem" -noout -hash).0"

"$server" dev --port 0 --data-dir "$work/node" --tls-cert "$work/tls/node.pem" --tls-key "$work/tls/node.key" \
  --ready-file "$work/node/ready" > "$work/node.log" 2>&1 &
node=$!
trap 'kill "$node" 2> /dev/null; wait "$node" 2> /dev/null || true' EXIT
for _ in $(seq 300); do
  [ -s "$work/node/ready" ] && break
  kill -0 "$node" 2> /dev/null || break
  sleep 0.1
done
[ -s "$work/node/ready" ] || { cat "$work/node.log"; fail "the node does not start"; }
url=https://localhost:$(sed -n 's/^PORT=//p' "$work/node/ready")

# run LIBRARY VARIABLE=VALUE... PROGRAM ARGUMENT...
run() { env LD_LIBRARY_PATH="$1" "${@:2}"; }

say "beside healthy libraries; the authority is found by SSL_CERT_FILE"
run "$libdir" SSL_CERT_FILE="$work/tls/ours.pem" "$work/beside" healthy "$url" "$work/users" | tee "$work/info"
grep -q '^mychat/[^ ]* dependencies/static ' "$work/info" || fail "mychat_build_info() does not say static"

say "beside crippled ones"
run "$libdir" SSL_CERT_FILE="$work/tls/ours.pem" "$work/beside" crippled "$url" "$work/users"

say "in a program that exports functions of the same names; the authority is found by SSL_CERT_DIR"
run "$libdir" SSL_CERT_DIR="$work/tls/hashed" "$work/impostor" "$url" "$work/users"

say "the module, in the same program"
run "$libdir" SSL_CERT_FILE="$work/tls/ours.pem" "$work/impostor" "$url" "$work/users" "$module"

say "an openssl.cnf that leaves OpenSSL without any algorithm is not read"
printf 'openssl_conf = all\n[all]\nproviders = list\n[list]\nnull = none\n[none]\nactivate = 1\n' > "$work/tls/none.cnf"
run "$libdir" SSL_CERT_FILE="$work/tls/ours.pem" OPENSSL_CONF="$work/tls/none.cnf" "$work/impostor" "$url" "$work/users"

# refused NAME VARIABLE=VALUE...: a new user's registration ends with MYCHAT_E_TLS.
refused() {
  mkdir -p "$work/users/$1"
  if run "$libdir" "${@:2}" "$work/impostor" "$url" "$work/users/$1" > "$work/refused" 2>&1 ||
    ! grep -q '^register: MYCHAT_E_TLS: ' "$work/refused"; then
    cat "$work/refused"
    fail "the node's certificate is not refused with $1"
  fi
  grep '^register: ' "$work/refused"
}
say "a node that no authority vouches for is refused"
refused another-authority SSL_CERT_FILE="$work/tls/other.pem"
refused no-such-file SSL_CERT_FILE="$work/tls/missing.pem"
refused the-system MYCHAT_NOTHING=

say "the usual libmychat.so does not stand these programs: they can tell the difference"
cripple() { run "$ordinary" SSL_CERT_FILE="$work/tls/ours.pem" "$@" > "$work/ordinary" 2>&1; }
if cripple "$work/impostor" "$url" "$work/users" || ! grep -q "^the program's .* was called$" "$work/ordinary"; then
  cat "$work/ordinary"
  fail "the impostor is not noticed"
fi
if cripple OPENSSL_CONF="$work/tls/none.cnf" "$work/beside" healthy "$url" "$work/users"; then
  fail "the openssl.cnf without algorithms is harmless"
fi
if cripple "$work/beside" crippled "$url" "$work/users"; then fail "crippled libraries are not noticed"; fi
say "self-contained"
