#!/usr/bin/env bash
# tests/bench/run.sh NAME BUILD_DIR: one measure, or all. Only JSON lines on standard output.
set -euo pipefail
usage() { echo "run.sh {keygen|envelope|send|idle|size|store|storage|json|crypto|mls|federation|bindings|all} BUILD_DIR [ARGUMENTS]" >&2; exit 2; }
[ $# -ge 2 ] || usage
name=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "$2" && pwd)
shift 2
bench=$build/tests/bench
server=$build/server-reference/app/mychat-server
# Databases are measured on a disk, not in memory: beside the build.
work=$(mktemp -d "$build/bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

run() {
  local program=$1
  shift
  [ -x "$program" ] || { echo "$program is missing: build the preset 'release'" >&2; exit 1; }
  echo "bench: $(basename "$program")" >&2
  "$program" "$@" | grep '^{'
}

one() {
  case "$1" in
    keygen | envelope | store | storage | json | crypto | mls) run "$bench/bench_$1" "${@:2}" ;;
    send) run "$bench/bench_send" --server "$server" --dir "$work" "${@:2}" ;;
    federation) run "$bench/bench_federation" --server "$server" --dir "$work" "${@:2}" ;;
    idle) run "$bench/bench_idle" "$server" "$work" "${@:2}" ;;
    bindings)
      "$root/bindings/python/bench/run.sh" "$bench/bench_abi" "$server" | grep '^{'
      "$root/bindings/node/bench/run.sh" "$build" "$root/build/node-release"
      ;;
    size) run "$bench/bench_size" "$(find "$build" -name libmychat.so | head -n 1)" "${@:2}" ;;
    all) for each in keygen envelope mls crypto json store storage send federation idle size bindings; do one "$each"; done ;;
    *) usage ;;
  esac
}
one "$name" "$@"
