#!/usr/bin/env bash
# test.sh java|go|csharp LIBRARY SERVER WORK_DIR: what SWIG makes of mychat.i for a language. java: built, and runs the
# scenario send_receive against a mychat-server. go: compiled. csharp: generated.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${here%/bindings/swig}
language=$1 library=$2 server=$3 work=$4
swig=$root/build/swig/bin/swig
[ -x "$swig" ] || swig=swig
rm -rf "$work"
mkdir -p "$work/mychat"
launcher=$(command -v ccache || true)
compile() {  # -O0: what is shown is that it is right.
  $launcher "${CXX:-c++}" -std=c++20 -fPIC -O0 -w "-I$root/include" "$@"
}

generate() { "$swig" -c++ -w314 "$@" "-I$root/include" -outdir "$work/mychat" -o "$work/mychat/layer.cpp" "$here/mychat.i"; }

run_java() {
  generate -java -package mychat
  local home
  home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
  compile "-I$home/include" "-I$home/include/linux" -c "$work/mychat/layer.cpp" -o "$work/layer.o"
  "${CXX:-c++}" -shared "$work/layer.o" "$library" "-Wl,-rpath,$(dirname "$library")" -o "$work/libmychat_java.so"
  javac -encoding UTF-8 -d "$work/classes" "$work"/mychat/*.java "$root/bindings/java"/*.java
  coproc node { "$server" dev --print-port --lifeline --data-dir "$work/node" --log-level error; }
  local port="" line
  while read -r line <&"${node[0]}"; do
    case "$line" in PORT=*) port=${line#PORT=}; break ;; esac
  done
  [ -n "$port" ] || { echo "the node did not start" >&2; exit 1; }
  mkdir "$work/stores"
  LC_ALL=C.UTF-8 java -Xcheck:jni -cp "$work/classes" SendReceive "http://127.0.0.1:$port" "$work/stores" "$work/libmychat_java.so"
}

run_go() {
  generate -go -cgo -intgosize 64
  rm "$work/mychat/layer.cpp"  # cgo wants the other ending.
  "$swig" -c++ -w314 -go -cgo -intgosize 64 "-I$root/include" -outdir "$work/mychat" -o "$work/mychat/layer.cxx" "$here/mychat.i"
  printf 'module mychat\n\ngo 1.20\n' > "$work/mychat/go.mod"
  (cd "$work/mychat" && CGO_ENABLED=1 CGO_CXXFLAGS="-std=c++20 -O0 -w -I$root/include" CGO_LDFLAGS="$library" go build ./...)
  echo "1 passed, 0 failed"
}

run_csharp() {
  generate -csharp -namespace MyChat
  [ -e "$work/mychat/mychat.cs" ] && [ -e "$work/mychat/mychat_client_options.cs" ]
  compile -c "$work/mychat/layer.cpp" -o "$work/layer.o"
  echo "1 passed, 0 failed"
}

"run_$language"
