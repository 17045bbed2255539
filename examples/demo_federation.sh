#!/usr/bin/env bash
# demo_federation.sh BUILD_DIR: three nodes with keys and TLS certificates of their own (of an authority made for this run),
# a user on each, and what crosses between them; one node is cut off and comes back. Everything lives in a temporary folder
# and is gone afterwards.
set -euo pipefail
build=$(cd "$1" && pwd)
server=$build/server-reference/app/mychat-server
cli=$build/examples/cli/mychat
work=$(mktemp -d)
declare -A port node_pid
cleanup() {
  for pid in "${node_pid[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() { echo "$*" >&2; exit 1; }

# The user's command line, at the node of the same letter.
mychat() {
  local who=$1
  shift
  MYCHAT_PASSPHRASE="local secret of $who" MYCHAT_PASSWORD="login of $who" MYCHAT_BACKUP_PASSWORD="backup of $who" \
    "$cli" --store "$work/$who.mychat" --node "https://${domain[$who]}" --ca "$work/ca.pem" --quiet "$@"
}

certificate() {
  openssl req -newkey ed25519 -nodes -keyout "$work/$1.key" -subj "/CN=node $1" -out "$work/$1.csr" 2>/dev/null
  openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days 2 -out "$work/$1.pem" \
    -extfile <(echo "subjectAltName=IP:127.0.0.1") 2>/dev/null
}

# A node's name holds its port here, as all are on one machine.
start_node() {
  local name=$1
  : >"$work/$name.ready"
  "$server" dev --port "${port[$name]}" --domain "${domain[$name]}" --data-dir "$work/node-$name" \
    --ready-file "$work/$name.ready" --tls-cert "$work/$name.pem" --tls-key "$work/$name.key" \
    --federation-enabled true --federation-allow-private true --federation-ca-file "$work/ca.pem" >>"$work/$name.log" 2>&1 &
  node_pid[$name]=$!
  for _ in $(seq 100); do
    [ -s "$work/$name.ready" ] && return
    kill -0 "${node_pid[$name]}" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/$name.log" >&2
  fail "The node $name did not start."
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

step "1. Three nodes, each with its own domain, key and certificate"
openssl req -x509 -newkey ed25519 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -subj "/CN=An authority for an hour" \
  -days 2 2>/dev/null
declare -A domain
for name in alice bob carol; do
  port[$name]=$(free_port)
  domain[$name]=127.0.0.1:${port[$name]}
  certificate "$name"
  start_node "$name"
  echo "the node of $name: https://${domain[$name]}, key" \
    "$(curl -s --cacert "$work/ca.pem" "https://${domain[$name]}/.well-known/mychat-node" |
      python3 -c 'import base64, json, sys; print(json.loads(base64.b64decode(json.load(sys.stdin)["federation"]["payload"]))["key"])')"
done

step "2. A user on each"
for name in alice bob carol; do
  mychat "$name" register "$name" --backup "$work/$name-keys.zip"
  echo "$name@${domain[$name]}"
done
alice=alice@${domain[alice]}
bob=bob@${domain[bob]}
carol=carol@${domain[carol]}

step "3. Messages and receipts cross the nodes"
mychat alice contact add "$bob" >/dev/null
mychat alice send "$bob" "Grüße from another node 👋" --wait accepted
mychat alice send "$carol" "And to the third" --wait accepted
mychat bob listen --once --timeout 30 | sed 's/^/    bob reads:   /'
mychat carol listen --once --timeout 30 | sed 's/^/    carol reads: /'
mychat bob send "$alice" "I read you" --wait delivered --timeout 30 &
mychat alice listen --once --timeout 30 --status | sed 's/^/    alice sees:  /'
wait $! || fail "Bob's message was not delivered."

step "4. Bob's node is cut off; Alice goes on writing"
disown "${node_pid[bob]}"  # The shell says nothing about its end.
kill -KILL "${node_pid[bob]}"
for number in 1 2 3; do mychat alice send "$bob" "While you were away: $number" --wait accepted; done
sqlite3 -readonly "$work"/node-alice/*.db \
  "SELECT '    in the queue of alice''s node for ' || domain || ': ' || queued FROM nodes WHERE queued > 0;"

step "5. It comes back: everything arrives once, in order"
start_node bob
mychat bob listen --count 3 --timeout 60 | tee "$work/received" | sed 's/^/    bob reads:   /'
[ "$(grep -oE 'away: [0-9]' "$work/received" | tr -d '\n')" = "away: 1away: 2away: 3" ] || fail "Not once, or not in order."
for _ in $(seq 100); do
  left=$(sqlite3 -readonly "$work"/node-alice/*.db "SELECT sum(queued) FROM nodes;")
  [ "$left" = 0 ] && break
  sleep 0.1
done
echo "    waiting at alice's node: $left"
[ "$left" = 0 ]
if grep -aqE 'another node|to the third|I read you|away: [0-9]' "$work"/node-*/*; then
  fail "A node's files hold plaintext!"
fi
echo "    No file of a node holds a text."

step "Done: three nodes, each trusting what the others prove, and nothing else."
