#include "transport/http_transfer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "base/bytes.h"
#include "transport/curl_errors.h"
#include "transport/headers.h"
#include "transport/system_trust.h"

namespace mychat {
namespace {

constexpr unsigned kUnheardMs =
    20'000;  // Sent and not acknowledged by the other side: the connection is given up.
constexpr long kNamesKnownSeconds = 10;  // Then a host may be found elsewhere.

using std::chrono::duration_cast;
using std::chrono::milliseconds;

const char* method_name(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return "GET";
    case HttpMethod::kPost:
      return "POST";
    case HttpMethod::kPut:
      return "PUT";
    case HttpMethod::kDelete:
      return "DELETE";
  }
  return "GET";
}

Error too_large(const std::string& message, CURLcode code) {
  return Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_NETWORK, message, code);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

HttpTransfer::HttpTransfer(HttpRequestId id, Url url, HttpRequest request, HttpCallback callback)
    : id_(id), url_(std::move(url)), request_(std::move(request)), callback_(std::move(callback)) {
  // Meant so: what short strings leave behind when they are moved.
  wipe(request.body);     // NOLINT(bugprone-use-after-move)
  wipe(request.headers);  // NOLINT(bugprone-use-after-move)
}

HttpTransfer::~HttpTransfer() {
  easy_.reset();
  for (curl_slist* node = header_list_; node != nullptr; node = node->next) {
    secure_wipe(node->data, std::strlen(node->data));
  }
  curl_slist_free_all(header_list_);
  wipe(request_.body);
  wipe(request_.headers);
}

template <class Value>
void HttpTransfer::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
  if (code == CURLE_OK) return;
  const mychat_status status = code == CURLE_OUT_OF_MEMORY ? MYCHAT_E_OUT_OF_MEMORY : MYCHAT_E_INTERNAL;
  throw Error(status, MYCHAT_DOMAIN_NETWORK, "libcurl refused an option.", code);
}

void HttpTransfer::append_header(const std::string& line) {
  curl_slist* const longer = curl_slist_append(header_list_, line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  header_list_ = longer;
}

void HttpTransfer::prepare(const TransportOptions& options, const std::string& authorities) {
  started_ = std::chrono::steady_clock::now();
  easy_.reset(curl_easy_init());
  if (!easy_) throw std::bad_alloc();
  connect_timeout_ = options.connect_timeout;
  if (request_.timeout == milliseconds::zero()) request_.timeout = options.request_timeout;

  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_URL, url_.to_string().c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_NOPROGRESS, 1L);
  set(CURLOPT_TCP_NODELAY, 1L);
  if (request_.once) set(CURLOPT_FRESH_CONNECT, 1L);
  if (!request_.connect_to.empty()) {
    const bool is_v6 = request_.connect_to.find(':') != std::string::npos;
    std::string rule = "::";  // Whatever host and port: another host, the same port.
    rule.append(is_v6 ? "[" : "").append(request_.connect_to).append(is_v6 ? "]:" : ":");
    connect_to_.reset(curl_slist_append(nullptr, rule.c_str()));
    if (!connect_to_) throw std::bad_alloc();
    set(CURLOPT_CONNECT_TO, connect_to_.get());
  }
  // A cancelled look-up is left to end by itself; otherwise cancelling would wait for the resolver.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, &HttpTransfer::on_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  address_filter_ = options.address_filter;
  set(CURLOPT_DNS_CACHE_TIMEOUT, kNamesKnownSeconds);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!options.proxy_from_environment) set(CURLOPT_PROXY, "");

  set_trust(options, authorities);
  set_limits(options);
  set_request(options);
}

void HttpTransfer::set_trust(const TransportOptions& options, const std::string& authorities) {
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!authorities.empty()) {
    curl_blob blob{};
    blob.data = const_cast<char*>(authorities.data());
    blob.len = authorities.size();
    blob.flags = CURL_BLOB_NOCOPY;
    set(CURLOPT_CAINFO, static_cast<char*>(nullptr));
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    set(CURLOPT_CAINFO_BLOB, &blob);
  } else if (kSearchSystemTrust && url_.scheme == "https") {
    const SystemTrust system = find_system_trust();
    set(CURLOPT_CAINFO, system.file.empty() ? nullptr : system.file.c_str());
    set(CURLOPT_CAPATH, system.directories.empty() ? nullptr : system.directories.c_str());
  }
  if (!options.pins.empty()) {
    std::string pins;
    for (const std::string& pin : options.pins) pins += (pins.empty() ? "" : ";") + pin;
    set(CURLOPT_PINNEDPUBLICKEY, pins.c_str());
  }
}

void HttpTransfer::set_limits(const TransportOptions& options) {
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout_.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options.low_speed_bytes));
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.low_speed_time.count()));
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.max_response_bytes));
  set(CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
}

void HttpTransfer::set_request(const TransportOptions& options) {
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  const bool has_body =
      request_.method == HttpMethod::kPost || request_.method == HttpMethod::kPut || !request_.body.empty();
  if (has_body) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
    // curl would otherwise claim that the body is a form.
    append_header("Content-Type:");
  }
  set(CURLOPT_CUSTOMREQUEST, method_name(request_.method));
  append_header("Expect:");
  for (const HttpHeader& header : request_.headers) {
    std::string line = header.name + (header.value.empty() ? ";" : ": ") + header.value;
    append_header(line);
    wipe(line);
  }
  set(CURLOPT_HTTPHEADER, header_list_);
}

curl_socket_t HttpTransfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  try {
    if (!static_cast<HttpTransfer*>(self)->may_connect(&address->addr)) return CURL_SOCKET_BAD;
  } catch (const std::bad_alloc&) {
    return CURL_SOCKET_BAD;
  }
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  // A path that is dead, or a server that moved away, is noticed before the request's own time is over.
  if (fd >= 0) ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnheardMs, sizeof kUnheardMs);
  return fd;
}

bool HttpTransfer::may_connect(const sockaddr* address) {
  if (!address_filter_) return true;
  const std::string reason = address_filter_(address);
  if (reason.empty()) {
    refused_.reset();  // Another address of the same name will do.
    return true;
  }
  refused_ = Error(MYCHAT_E_POLICY, MYCHAT_DOMAIN_NETWORK,
                   url_.host + " was not connected to: its address " + reason + ".", CURLE_COULDNT_CONNECT);
  return false;
}

std::size_t HttpTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  try {
    return static_cast<HttpTransfer*>(self)->take_header({data, bytes}) ? bytes : 0;
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

std::size_t HttpTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  try {
    return static_cast<HttpTransfer*>(self)->take_body({data, bytes}) ? bytes : 0;
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

bool HttpTransfer::take_header(std::string_view line) {
  // Counted over interim (1xx) answers too, which could otherwise go on for ever.
  header_bytes_ += line.size();
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();
  } else {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      HttpHeader header{std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))};
      for (char& c : header.name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      }
      response_.headers.push_back(std::move(header));
    }
  }
  if (header_bytes_ > kMaxResponseHeaderBytes || response_.headers.size() > kMaxResponseHeaders) {
    refused_ =
        too_large("The answer of " + url_.host + " has too many or too long headers.", CURLE_WRITE_ERROR);
    return false;
  }
  return true;
}

bool HttpTransfer::take_body(std::string_view bytes) {
  if (bytes.size() > request_.max_response_bytes - response_.body.size()) {
    refused_ = too_large("The answer of " + url_.host + " is larger than accepted.", CURLE_WRITE_ERROR);
    return false;
  }
  response_.body.append(bytes);
  return true;
}

HttpResult HttpTransfer::result(CURLcode code) {
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
  }
  wipe(response_.body);
  if (refused_) return *refused_;
  if (code == CURLE_WRITE_ERROR) code = CURLE_OUT_OF_MEMORY;  // Only our own callbacks, for want of memory.

  CurlFailure failure;
  failure.code = code;
  failure.host = url_.host;
  failure.connect_timeout = connect_timeout_;
  failure.timeout = request_.timeout;
  failure.elapsed = duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
  curl_off_t ready = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &ready);
  failure.connected = ready > 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_SSL_VERIFYRESULT, &failure.verify_result);
  return error_of(failure);
}

}  // namespace mychat
