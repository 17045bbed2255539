#!/usr/bin/env bash
# reference.sh SOURCE WORK: MYCHAT_BUILD_DOCS configures, and the reference is made without a warning.
set -euo pipefail
source=$1 work=$2
rm -rf "$work"
cmake -G Ninja -S "$source" -B "$work" -DMYCHAT_BUILD_DOCS=ON -DMYCHAT_BUILD_TESTS=OFF -DMYCHAT_BUILD_SERVER=OFF \
  -DMYCHAT_BUILD_EXAMPLES=OFF
cmake --build "$work" --target mychat_docs
grep -q mychat_client_create "$work"/docs/html/client_8h.html
