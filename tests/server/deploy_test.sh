#!/usr/bin/env bash
# The deployment files are accepted by the programs that they are for. A program that is not installed is skipped
# (exit 77 when none is there).
set -eu
program=$1 deploy=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
checked=0

if command -v systemd-analyze >/dev/null; then
  sed "s#/usr/bin/mychat-server#$program#" "$deploy/mychat-server.service" >"$dir/mychat-server.service"
  if ! output=$(systemd-analyze verify "$dir/mychat-server.service" 2>&1) || [ -n "$output" ]; then
    echo "the systemd unit is not accepted: $output"
    exit 1
  fi
  checked=1
fi

if command -v nginx >/dev/null; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" \
    -subj /CN=chat.example.org -days 2 2>/dev/null
  sed -e "s#/etc/letsencrypt/live/chat.example.org/fullchain.pem#$dir/cert.pem#" \
    -e "s#/etc/letsencrypt/live/chat.example.org/privkey.pem#$dir/key.pem#" "$deploy/nginx-site.conf" >"$dir/site.conf"
  cat >"$dir/nginx.conf" <<CONF
pid $dir/nginx.pid;
error_log $dir/error.log;
events {}
http {
  client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u;
  scgi_temp_path $dir/s; access_log off;
  include $dir/site.conf;
}
CONF
  # A test may not use the ports of the site: only its grammar is checked.
  if ! output=$(nginx -t -c "$dir/nginx.conf" -p "$dir" 2>&1); then
    echo "the nginx site is not accepted: $output"
    exit 1
  fi
  checked=1
fi

# Every setting of the example is one that the node knows, and with a secret the node accepts it.
sed "s#^SECRET_KEY=.*#SECRET_KEY=$(openssl rand -base64 48)#" "$deploy/mychat.env.example" >"$dir/.env"
output=$(env -i PATH="$PATH" "$program" config --data-dir "$dir" 2>&1) || { echo "$output"; exit 1; }
if grep -q '^warning' <<<"$output"; then
  echo "$output"
  exit 1
fi
[ "$checked" = 1 ] || echo "neither systemd-analyze nor nginx is installed: their files were not checked"
