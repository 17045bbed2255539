#!/usr/bin/env bash
# installed.sh BUILD SOURCE WORK [programs]: installs BUILD, moves the prefix, builds and runs foreign projects against it,
# and runs the installed programs when they are built.
set -euo pipefail
build=$1 here=$2/tests/package work=$3 programs=${4:-}
rm -rf "$work"
mkdir -p "$work"
unset MyChat_DIR PKG_CONFIG_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH

say() { echo "== $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

say "install, then move the prefix"
for component in mychat_library mychat_development ${programs:+cli server}; do
  cmake --install "$build" --component "$component" --prefix "$work/first" > "$work/install.log"
done
mv "$work/first" "$work/moved"
prefix=$work/moved
libdir=$(dirname "$(find "$prefix" -name libmychat.so)")
pcdir=$libdir/pkgconfig

say "no installed text names a path of this machine"
if grep -rlE "$build|$2|$work|/usr/(lib|include)" "$prefix" --include='*.cmake' --include='*.pc' --include='*.h'; then
  fail "the files above hold absolute paths"
fi

# run PROGRAM NAME KIND: it works, and links libmychat.so only if it should.
run() {
  local program=$1 name=$2 kind=$3
  LD_LIBRARY_PATH=$libdir "$program" "$work/$name.mychat" || fail "$name ends with $?"
  local needed
  needed=$(readelf -d "$program" | grep -c 'NEEDED.*libmychat' || true)
  [ "$kind" = shared ] && [ "$needed" != 1 ] && fail "$name does not use libmychat.so"
  [ "$kind" = static ] && [ "$needed" != 0 ] && fail "$name uses libmychat.so"
  return 0
}

# cmake_project NAME FOLDER KIND ARGUMENTS...
cmake_project() {
  local name=$1 folder=$2 kind=$3
  shift 3
  say "find_package: $name"
  cmake -G Ninja -S "$here/$folder" -B "$work/$name" -DCMAKE_PREFIX_PATH="$prefix" "$@" > "$work/$name.log" 2>&1 ||
    { cat "$work/$name.log"; fail "$name does not configure"; }
  cmake --build "$work/$name" > "$work/$name.log" 2>&1 || { cat "$work/$name.log"; fail "$name does not build"; }
  run "$work/$name/program" "$name" "$kind"
}
for language in c cxx; do
  cmake_project "$language-shared" "$language" shared -DTARGET=MyChat::mychat
  cmake_project "$language-static" "$language" static -DTARGET=MyChat::mychat_static -DCOMPONENT=static
  cmake_project "$language-use-static" "$language" static -DTARGET=MyChat::mychat -DMyChat_USE_STATIC=ON
done

# pc_project NAME KIND MODULE: by pkg-config, in both languages.
pc_project() {
  local name=$1 kind=$2 module=$3
  shift 3
  say "pkg-config: $name"
  local flags libs
  flags=$(PKG_CONFIG_PATH=$pcdir pkg-config --cflags "$@" "$module")
  libs=$(PKG_CONFIG_PATH=$pcdir pkg-config --libs "$@" "$module")
  # shellcheck disable=SC2086
  cc -std=c99 -Wall -Wextra -Wpedantic -Werror $flags "$here/consumer/program.c" $libs -o "$work/$name-c"
  # shellcheck disable=SC2086
  c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror $flags "$here/consumer/program.cpp" $libs -o "$work/$name-cxx"
  run "$work/$name-c" "$name-c" "$kind"
  run "$work/$name-cxx" "$name-cxx" "$kind"
}
pc_project pc-shared shared mychat
pc_project pc-static static mychat-static
[ "$(PKG_CONFIG_PATH=$pcdir pkg-config --modversion mychat)" = "$(sed -n 's/#define MYCHAT_VERSION_STRING "\(.*\)"/\1/p' \
  "$prefix/include/mychat/version.h")" ] || fail "mychat.pc has another version than the headers"

version=$(PKG_CONFIG_PATH=$pcdir pkg-config --modversion mychat)
node=
trap '[ -z "$node" ] || kill "$node" 2> /dev/null' EXIT
# installed PROGRAM ARGUMENTS...: as a user runs it, who knows nothing of where it was built.
installed() {
  env -i HOME="$work/home" MYCHAT_PASSPHRASE=local MYCHAT_PASSWORD="a long password" MYCHAT_BACKUP_PASSWORD="another one" \
    "$prefix/bin/$1" "${@:2}"
}
if [ -n "$programs" ]; then
  say "the installed programs: a node, an account on it, and a message to itself"
  mkdir -p "$work/home"
  for program in mychat mychat-server; do
    installed $program --version | grep -qF "$version" || fail "$program --version does not say $version"
    if readelf -d "$prefix/bin/$program" | grep -E 'R(UN)?PATH' | grep -v '\[\$ORIGIN/'; then
      fail "$program looks for libraries in a folder of this machine"
    fi
  done
  used=$(ldd "$prefix/bin/mychat" | sed -n 's/.*libmychat[^ ]* => \([^ ]*\).*/\1/p')
  [ "$(realpath "$used")" = "$(realpath "$libdir/libmychat.so")" ] || fail "mychat uses $used"
  env -i HOME="$work/home" "$prefix/bin/mychat-server" dev --port 0 --data-dir "$work/node" \
    --ready-file "$work/ready" > "$work/node.log" 2>&1 &
  node=$!
  for _ in $(seq 300); do [ -s "$work/ready" ] && break || sleep 0.1; done
  url=$(sed -n 's/^URL=//p' "$work/ready")
  mychat() { installed mychat --store "$work/alice.mychat" --node "$url" "$@"; }
  mychat register alice --backup "$work/alice.zip" > "$work/mychat.log" || fail "mychat register ends with $?"
  mychat send alice@localhost "to myself" --wait accepted --timeout 60 > "$work/mychat.log" ||
    fail "mychat send ends with $?"
  mychat history alice@localhost | grep -q "to myself" || fail "mychat history lacks the message"
  kill "$node"
  wait "$node" || fail "mychat-server ends with $?"
  node=
fi

say "a newer major version is refused"
if cmake -G Ninja -S "$here/c" -B "$work/newer" -DCMAKE_PREFIX_PATH="$prefix" -DTARGET=MyChat::mychat \
  -DCMAKE_PROJECT_INCLUDE="$here/ask_for_99.cmake" > "$work/newer.log" 2>&1; then
  fail "find_package(MyChat 99) succeeds"
fi
grep -q 'considered but not accepted' "$work/newer.log" || { cat "$work/newer.log"; fail "it fails for another reason"; }

say "only the archive left: the same names mean it"
rm "$libdir"/libmychat.so* "$libdir"/cmake/MyChat/MyChatSharedTargets*.cmake
cmake_project c-only-static c static -DTARGET=MyChat::mychat
pc_project pc-only-static static mychat --static
say "all foreign projects build and run"
