#!/usr/bin/env bash
# run.sh BUILD_DIR SECONDS [TARGET...]: runs fuzz targets, a few at a time; fails when one finds something.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
seconds=$2
shift 2
vectors=${MYCHAT_VECTORS_DIR:-$here/../../../shared/vectors}
bin=$build/tests/fuzz
if [ $# = 0 ]; then
  set -- $(find "$bin" -maxdepth 1 -type f -name 'fuzz_*' -executable -printf '%f\n' | sort)
fi
[ $# -gt 0 ] || { echo "no fuzz targets in $bin" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run_one() {
  local target=$1 seeds=$2/seeds-$1 corpus=$2/corpus-$1
  mkdir -p "$seeds" "$corpus"
  case $target in
    fuzz_backup) cp "$vectors"/mychat-v1/*.zip "$seeds" 2>/dev/null || true ;;
    fuzz_json | fuzz_jwk_pem | fuzz_envelope) cp "$vectors"/mychat-v1/identities.json "$seeds" 2>/dev/null || true ;;
  esac
  chmod -R u+w "$seeds"
  local options=()
  # Their inputs are edits of values that they make themselves: there is no corpus from which lengths are learnt.
  case $target in fuzz_mls_*) options=(-len_control=0 -max_len=400) ;; esac
  if "$bin/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3072 -print_final_stats=1 \
      -artifact_prefix="$build/$target-" "${options[@]}" "$corpus" "$seeds" >"$2/$target.log" 2>&1; then
    printf '%-24s clean, %s runs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$2/$target.log")"
  else
    printf '%-24s FAILED\n' "$target"
    tail -n 60 "$2/$target.log"
    return 1
  fi
}
export -f run_one
export build seconds vectors bin
# Four a processor: what counts is the minute of each.
printf '%s\n' "$@" | xargs -P "$(($(nproc) * 4))" -I{} bash -c 'run_one "$1" "$2"' _ {} "$work"
