#include "transport/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace mychat {
namespace {

constexpr std::size_t kMaxHostBytes = 253;
constexpr std::size_t kMaxLabelBytes = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" || scheme == "wss" ? 443 : 80;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabelBytes) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

// DNS names and strict IPv4. A name whose last label is a number would be read as an IPv4 address in one of
// inet_aton's short forms by some resolvers ("127.1", "0x7f.1"), so only the four-part decimal form passes.
void check_host_name(const std::string& host) {
  if (host.empty()) throw_argument("The address has no host.");
  if (host.size() > kMaxHostBytes) throw_argument("The address's host is longer than 253 bytes.");
  std::string_view rest = host;
  std::string_view label;
  for (bool more = true; more;) {
    const std::size_t dot = rest.find('.');
    more = dot != std::string_view::npos;
    label = rest.substr(0, dot);
    if (!is_label(label)) throw_argument("The address's host is not a host name or IP address.");
    if (more) rest.remove_prefix(dot + 1);
  }
  const bool numeric = std::all_of(label.begin(), label.end(), is_digit) || label.starts_with("0x");
  if (numeric && !is_ipv4(host)) throw_argument("The address's host is not a host name or IP address.");
}

std::uint16_t parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > 5 || error != std::errc() || end != text.data() + text.size() ||
      value == 0 || value > 65535) {
    throw_argument("The address's port is not a number from 1 to 65535.");
  }
  return static_cast<std::uint16_t>(value);
}

void parse_authority(std::string_view authority, Url& url) {
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) throw_argument("The address's IPv6 host has no closing bracket.");
    url.host = lower(authority.substr(1, close - 1));
    if (!is_ipv6(url.host)) throw_argument("The address's host is not an IPv6 address.");
    const std::string_view rest = authority.substr(close + 1);
    has_port = !rest.empty();
    if (has_port && rest.front() != ':') throw_argument("The address's host is not an IPv6 address.");
    if (has_port) port = rest.substr(1);
  } else {
    const std::size_t colon = authority.find(':');
    has_port = colon != std::string_view::npos;
    url.host = lower(authority.substr(0, colon));
    if (has_port) port = authority.substr(colon + 1);
    check_host_name(url.host);
  }
  url.port = has_port ? parse_port(port) : default_port(url.scheme);
}

void check_target(std::string_view target) {
  for (const char c : target) {
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' || c == '`' ||
        c == '{' || c == '|' || c == '}') {
      throw_argument("The address holds a character that must be percent-encoded.");
    }
    if (c == '#') throw_argument("The address has a fragment (#), which a node's address cannot have.");
  }
}

}  // namespace

bool Url::is_ip_address() const noexcept { return is_ipv4(host) || is_ipv6(host); }

bool Url::is_loopback() const noexcept {
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string Url::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string out;
  if (v6) out += '[';
  out += host;
  if (v6) out += ']';
  if (port != default_port(scheme)) {
    out += ':';
    out += std::to_string(port);
  }
  return out;
}

std::string Url::to_string() const { return scheme + "://" + authority() + target; }

Url Url::with_target(std::string_view new_target) const {
  if (!new_target.starts_with('/')) throw_argument("The target of an address must begin with '/'.");
  if (new_target.size() > kMaxUrlBytes) throw_argument("The address is longer than 2048 bytes.");
  check_target(new_target);
  Url out = *this;
  out.target = std::string(new_target);
  return out;
}

Url parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) throw_argument("The address is longer than 2048 bytes.");
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) throw_argument("The address does not begin with https:// or http://.");
  Url url;
  url.scheme = lower(text.substr(0, colon));
  if (url.scheme != "https" && url.scheme != "http" && url.scheme != "wss" && url.scheme != "ws") {
    throw_argument("The address does not begin with https:// or http://.");
  }
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t end = rest.find_first_of("/?#");
  const std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos) {
    throw_argument("The address holds a user name or password, which it must not.");
  }
  parse_authority(authority, url);
  const std::string_view tail = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  if (!tail.starts_with('/')) url.target = '/';
  url.target += tail;
  check_target(url.target);
  return url;
}

Url parse_node_url(std::string_view text) {
  Url url = parse_url(text);
  if (url.scheme != "https" && url.scheme != "http") {
    throw_argument("The node's address does not begin with https:// or http://.");
  }
  if (url.target != "/") throw_argument("The node's address must end after its host and port.");
  return url;
}

Url websocket_url(const Url& node) {
  Url url = node.with_target("/ws");
  url.scheme = node.is_tls() ? "wss" : "ws";
  return url;
}

void require_confidential(const Url& url, bool allow_plaintext) {
  if (url.is_tls() || url.is_loopback() || allow_plaintext) return;
  throw Error(MYCHAT_E_PLAINTEXT_REFUSED, MYCHAT_DOMAIN_NETWORK,
              "The address is not encrypted (" + url.scheme + ") and leads to another machine.");
}

}  // namespace mychat
