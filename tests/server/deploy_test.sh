#!/usr/bin/env bash
# deploy_test.sh SERVER SOURCE: the deployment files do what they are for. What needs a program that is not installed is
# left out; exit 77 when that is systemd-analyze or nginx.
set -eu
program=$1 source=$2
deploy=$source/server-reference/deploy
dir=$(mktemp -d)
node= proxy=
cleanup() {
  for pid in $proxy $node; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
  rm -rf "$dir"
}
trap cleanup EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
left_out=0

# wait_for WHAT COMMAND...: until it succeeds.
wait_for() {
  local what=$1
  shift
  for _ in $(seq 300); do
    if "$@" 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  fail "$what does not start"
}

check_unit() {
  command -v systemd-analyze >/dev/null || { left_out=1; return 0; }
  sed "s#/usr/bin/mychat-server#$program#" "$deploy/mychat-server.service" >"$dir/mychat-server.service"
  local output
  if ! output=$(systemd-analyze verify "$dir/mychat-server.service" 2>&1) || [ -n "$output" ]; then
    fail "the systemd unit is not accepted: $output"
  fi
}

# Every setting of the example is one that the node knows, and with a secret the node accepts it.
check_example() {
  sed "s#^SECRET_KEY=.*#SECRET_KEY=$(openssl rand -base64 48)#" "$deploy/mychat.env.example" >"$dir/.env"
  local output
  output=$(env -i PATH="$PATH" "$program" config --data-dir "$dir" 2>&1) || fail "$output"
  if grep -q '^warning' <<<"$output"; then fail "$output"; fi
  # And the other way: it shows every setting.
  local setting
  for setting in $(sed -n 's/^\([A-Z_]*\) *=.*/\1/p' <<<"$output"); do
    grep -q "\b$setting=" "$deploy/mychat.env.example" || fail "$setting is not in mychat.env.example"
  done
  rm "$dir/.env"
}

# The packages that the Dockerfile's stage of that number installs.
docker_packages() {
  awk -v stage="$1" '/^FROM/ {n++} n == stage' "$deploy/Dockerfile" | sed -n '/apt-get install/,/rm -rf/p' |
    tr ' ' '\n' | grep -E '^[a-z0-9][a-z0-9.+-]+$' | grep -vxE 'apt-get|update|install|rm' | sort -u
}

# The image is built of what ./dev builds with on Debian 12, and holds the libraries that the program needs.
check_dockerfile() {
  local known missing
  known=$(apt-cache() { echo "Package: $2"; }; eval "$(sed -n '/^packages()/,/^}/p' "$source/dev")"; packages | tr ' ' '\n' | sort -u)
  [ "$(docker_packages 1 | wc -l)" -gt 10 ] || fail "the Dockerfile's packages are not found"
  missing=$(docker_packages 1 | comm -23 - <(echo "$known"))
  [ -z "$missing" ] || fail "the Dockerfile builds with what ./dev does not know:" $missing
  grep -q 'VERSION_ID="12"' /etc/os-release && grep -q '^ID=debian' /etc/os-release || return 0
  # A sanitizer refers to more of the library than the node uses, so such a program is no measure for the image.
  if readelf -d "$program" | grep -qE 'NEEDED.*lib(a|t|ub)san'; then return 0; fi
  local library path
  for library in $(readelf -d "$program" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'); do
    path=$(ldd "$program" | awk -v name="$library" '$1 == name {print $3}')
    case $library in libc.so* | libm.so* | ld-linux* | libgcc_s.so*) continue ;; esac
    local owner
    owner=$(dpkg -S "$(readlink -f "$path")" "$path" 2>/dev/null | head -n 1 | cut -d: -f1)
    docker_packages 2 | grep -qx "$owner" || fail "the image lacks $owner, which has $library"
  done
}

# nginx with the site as it is, but for ports, certificate and address family, in front of a node.
check_nginx() {
  command -v nginx >/dev/null || { left_out=1; return 0; }
  local ports http https upstream
  ports=$(python3 -c 'import socket
taken = [socket.socket() for _ in range(2)]
for one in taken: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in taken))')
  read -r http https <<<"$ports"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" \
    -subj /CN=chat.example.org -addext subjectAltName=DNS:chat.example.org -days 2 2>/dev/null
  "$program" init --data-dir "$dir/node" --domain chat.example.org >/dev/null
  env -i PATH="$PATH" "$program" run --data-dir "$dir/node" --port 0 --ready-file "$dir/ready" \
    --trusted-proxies 127.0.0.1 --registration-open true --login-attempts-per-minute 2 >"$dir/node.log" 2>&1 &
  node=$!
  wait_for "the node" test -s "$dir/ready"
  upstream=$(sed -n 's/^PORT=//p' "$dir/ready")
  sed -e "s#/etc/letsencrypt/live/chat.example.org/fullchain.pem#$dir/cert.pem#" \
    -e "s#/etc/letsencrypt/live/chat.example.org/privkey.pem#$dir/key.pem#" -e '/listen \[::\]/d' \
    -e "s#listen 80;#listen 127.0.0.1:$http;#" -e "s#listen 443 #listen 127.0.0.1:$https #" \
    -e "s#127.0.0.1:8000#127.0.0.1:$upstream#" "$deploy/nginx-site.conf" >"$dir/site.conf"
  cat >"$dir/nginx.conf" <<CONF
$([ "$(id -u)" != 0 ] || echo 'user root;')
daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events {}
http {
  client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u;
  scgi_temp_path $dir/s; access_log off;
  include $dir/site.conf;
}
CONF
  local output
  output=$(nginx -t -c "$dir/nginx.conf" -p "$dir" 2>&1) || fail "the nginx site is not accepted: $output"
  nginx -c "$dir/nginx.conf" -p "$dir" >"$dir/nginx.log" 2>&1 &
  proxy=$!
  wait_for nginx test -s "$dir/nginx.pid"
  python3 -B "$(dirname "${BASH_SOURCE[0]}")/deploy_nginx.py" "$http" "$https" "$dir/cert.pem" || {
    cat "$dir/nginx.log" "$dir/error.log" "$dir/node.log" >&2
    fail "nginx and the node do not work together"
  }
}

check_unit
check_example
check_dockerfile
check_nginx
if [ "$left_out" = 1 ]; then
  echo "systemd-analyze or nginx is not installed: what is for it was not checked"
  exit 77
fi
