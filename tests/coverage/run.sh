#!/usr/bin/env bash
# run.sh BUILD_DIR WHAT [OPTION of report.py...]: runs the tests of WHAT in a tree of the preset "coverage", and reports
# which branches of the sources they took. Fails when a test does, or when less is covered than is recorded here.
set -euo pipefail
usage() { echo "run.sh BUILD_DIR mls [--uncovered]" >&2; exit 2; }
[ $# -ge 2 ] || usage
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd)
what=$2
shift 2
vectors=${MYCHAT_VECTORS_DIR:-$root/../shared/vectors}
export MYCHAT_VECTORS_DIR=$vectors
profiles=$build/profiles
rm -rf "$profiles"
mkdir -p "$profiles"

objects=()
# test_of NAME PROGRAM [ARGUMENT...]
test_of() {
  local name=$1 program=$build/$2
  shift 2
  printf '%-28s' "$name" >&2
  local begin=$SECONDS
  if ! LLVM_PROFILE_FILE="$profiles/$name.profraw" "$program" "$@" >"$profiles/$name.log" 2>&1; then
    echo " FAILED" >&2
    tail -n 60 "$profiles/$name.log" >&2
    exit 1
  fi
  printf ' %3d s\n' "$((SECONDS - begin))" >&2
  case " ${objects[*]} " in
    *" $program "*) ;;
    *) objects+=("$program") ;;
  esac
}

case "$what" in
  mls)
    test_of engine tests/mls/test_mls
    MYCHAT_MLS_MODEL_OPERATIONS=6000 test_of model tests/mls/test_mls_model
    if [ -d "$vectors/mls" ]; then
      test_of vectors tests/mls/vectors/mls-vectors --all "$vectors/mls"
    else
      echo "coverage: no vectors of MLS in $vectors: without them" >&2
    fi
    test_of crypto tests/crypto/test_crypto
    test_of abi tests/c_api/test_c_api mls mls_group mls_outside
    test_of want_of_memory tests/c_api/test_c_api_torture --gtest_filter='*Mls*'
    reports=(--folder src/e2ee/mls --least 95 --folder src/crypto)
    ;;
  *) usage ;;
esac

merged=$profiles/merged.profdata
llvm-profdata-16 merge -sparse -o "$merged" "$profiles"/*.profraw
options=(-instr-profile "$merged" -skip-functions "${objects[0]}")
for object in "${objects[@]:1}"; do options+=(-object "$object"); done
cd "$root"
# llvm-cov warns of inline functions that some file includes and does not call.
llvm-cov-16 export "${options[@]}" -sources src/e2ee/mls src/crypto >"$profiles/coverage.json" 2>"$profiles/export.log" ||
  { cat "$profiles/export.log" >&2; exit 1; }
exec python3 -B "$here/report.py" "$profiles/coverage.json" "${reports[@]}" "$@"
