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
export MYCHAT_VECTORS_DIR=${MYCHAT_VECTORS_DIR:-$root/../shared/vectors}
export MYCHAT_MLS_MODEL_OPERATIONS=6000 MYCHAT_MLS_MODEL_SEED=1

# Of each run a line: name, program, arguments. Tests that search memory for secrets take minutes and no other branch.
case "$what" in
  mls)
    runs="engine tests/mls/test_mls
model tests/mls/test_mls_model
crypto tests/crypto/test_crypto --gtest_filter=-Wiping.*:*Rsa*
abi tests/c_api/test_c_api mls mls_group mls_outside
want-of-memory tests/c_api/test_c_api_torture --gtest_filter=*Mls*"
    if [ -d "$MYCHAT_VECTORS_DIR/mls" ]; then
      runs+=$'\n'"vectors tests/mls/vectors/mls-vectors --all $MYCHAT_VECTORS_DIR/mls"
    else
      echo "coverage: no vectors of MLS in $MYCHAT_VECTORS_DIR: without them" >&2
    fi
    # What the engine stands on: RSA, PEM and passwords are of accounts.
    reports=(--folder src/e2ee/mls --least 98 --folder src/crypto --but rsa,prime_window,pem,argon2,version)
    ;;
  *) usage ;;
esac

profiles=$build/profiles
rm -rf "$profiles"
mkdir -p "$profiles"
export build profiles

run_one() {
  set -f  # A filter of tests is no pattern of files.
  local name program arguments begin=$SECONDS
  read -r name program arguments <<<"$1"
  # shellcheck disable=SC2086
  if LLVM_PROFILE_FILE="$profiles/$name.profraw" "$build/$program" $arguments >"$profiles/$name.log" 2>&1; then
    printf '%-16s %4d s\n' "$name" "$((SECONDS - begin))" >&2
  else
    printf '%-16s FAILED\n' "$name" >&2
    tail -n 60 "$profiles/$name.log" >&2
    return 1
  fi
}
export -f run_one
printf '%s\n' "$runs" | xargs -P "$(nproc)" -d '\n' -I{} bash -c 'run_one "$1"' _ {}

merged=$profiles/merged.profdata
llvm-profdata-16 merge -sparse -o "$merged" "$profiles"/*.profraw
objects=()
while read -r _ program _; do objects+=(-object "$build/$program"); done <<<"$runs"
cd "$root"
# It warns of inline functions that some file includes and does not call; the first object has no option before it.
llvm-cov-16 export -instr-profile "$merged" -skip-functions "${objects[@]:1}" -sources src/e2ee/mls src/crypto \
  >"$profiles/coverage.json" 2>"$profiles/export.log" || { cat "$profiles/export.log" >&2; exit 1; }
exec python3 -B "$here/report.py" "$profiles/coverage.json" "${reports[@]}" "$@"
