#!/usr/bin/env bash
# demo.sh BUILD_DIR: a node on SQLite and two users who exchange encrypted messages through it, all with the programs just
# built. Everything lives in a temporary folder and is gone afterwards.
set -euo pipefail
build=$(cd "$1" && pwd)
server=$build/server-reference/app/mychat-server
cli=$build/examples/cli/mychat
work=$(mktemp -d)
node_pid=
listen_pid=
cleanup() {
  for pid in $listen_pid $node_pid; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# mychat PROFILE ARGUMENT...: the command line as one of the users.
mychat() {
  local who=$1
  shift
  MYCHAT_PASSPHRASE="local secret of $who" MYCHAT_PASSWORD="login of $who" \
    MYCHAT_BACKUP_PASSWORD="backup of $who" "$cli" --store "$work/$who.mychat" --node "$url" "$@"
}

step "1. A node on SQLite"
"$server" dev --port 0 --data-dir "$work/node" --ready-file "$work/ready" >"$work/node.log" 2>&1 &
node_pid=$!
for _ in $(seq 100); do
  [ -s "$work/ready" ] && break
  kill -0 "$node_pid" 2>/dev/null || { cat "$work/node.log" >&2; exit 1; }
  sleep 0.1
done
url=$(sed -n 's/^URL=//p' "$work/ready")
[ -n "$url" ] || { echo "The node did not start:" >&2; cat "$work/node.log" >&2; exit 1; }
echo "mychat-server listens on $url"

step "2. Two users; their RSA-4096 keys are made on their own side, and saved in a key backup"
mychat alice register alice --backup "$work/alice-keys.zip"
mychat bob register bob --backup "$work/bob-keys.zip"
alice=alice@localhost
bob=bob@localhost

step "3. The backup is proven by restoring it"
mychat alice backup verify "$work/alice-keys.zip"

step "4. They add each other, and compare safety numbers"
mychat alice contact add "$bob"
mychat bob contact add "$alice"
one=$(mychat alice --json verify "$bob" | grep -oE '([0-9]{5} ){11}[0-9]{5}')
two=$(mychat bob --json verify "$alice" | grep -oE '([0-9]{5} ){11}[0-9]{5}')
printf 'alice sees %s\nbob sees   %s\n' "$one" "$two"
[ "$one" = "$two" ]

step "5. Bob listens; Alice writes"
mychat bob listen --count 2 --timeout 60 >"$work/received" 2>"$work/listen.log" &
listen_pid=$!
mychat alice send "$bob" "Grüße from the other side 👋" --wait delivered --timeout 30
mychat alice send "$bob" "The node carries this and cannot read it." --wait delivered --timeout 30
wait "$listen_pid" || { cat "$work/listen.log" >&2; exit 1; }
listen_pid=
echo "What Bob received, in real time, decrypted on his side:"
sed 's/^/    /' "$work/received"
grep -q 'Grüße from the other side' "$work/received"

step "6. What the node stores of it"
mychat bob sync >/dev/null
for file in "$work"/node/*.db; do database=$file; done
sqlite3 -readonly "$database" "SELECT '    message ' || lower(hex(id)) || char(10) || '        encrypted_content ' ||
  lower(hex(substr(encrypted_content, 1, 28))) || '…' || char(10) || '        encrypted_key     ' || lower(hex(substr(encrypted_key, 1, 28))) || '…'
  FROM messages ORDER BY seq;"
if grep -aqE 'the other side|cannot read it' "$work"/node/*; then
  echo "The node's files hold plaintext!" >&2
  exit 1
fi
echo "No file of the node holds the text."

step "7. Alice loses her device, restores the backup elsewhere, and reads on"
mychat alice-2 restore "$work/alice-keys.zip" --backup-password-file <(echo "backup of alice")
mychat alice-2 login alice --password-file <(echo "login of alice")
mychat alice-2 sync
mychat alice-2 history "$bob"
mychat bob send "$alice" "Welcome back" --wait accepted
mychat alice-2 listen --once --timeout 30 | sed 's/^/    /'

step "Done: registered, backed up, verified, sent, received, restored."
