#include "transport/http_client.h"

#include <curl/curl.h>

#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "transport/headers.h"
#include "transport/http_transfer.h"
#include "transport/threads.h"
#include "transport/tls.h"
#include "transport/url.h"

namespace mychat {
namespace {

constexpr std::size_t kMaxRequestBytes = 64 * 1024 * 1024;
constexpr long kMaxHostConnections = 6;
constexpr int kLongestPollMs = 60'000;

struct FreeMulti {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, FreeMulti>;

Multi make_multi() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK)
    throw Error(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_NETWORK, "libcurl cannot be initialised.", code);
  Multi multi(curl_multi_init());
  if (!multi) throw std::bad_alloc();
  curl_multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, kMaxHostConnections);
  return multi;
}

Error closed_error() { return Error(MYCHAT_E_CLOSED, MYCHAT_DOMAIN_API, "The HTTP client was closed."); }

}  // namespace

class HttpClient::Impl {
 public:
  explicit Impl(TransportOptions options) : options_(std::move(options)) {
    check_options(options_);
    authorities_ = load_authorities(options_);
    multi_ = make_multi();
    thread_ = start_quiet_thread([this] { run(); });
  }

  ~Impl() { close(); }

  HttpRequestId submit(HttpRequest request, HttpCallback callback);
  void cancel(HttpRequestId id);
  void close();

 private:
  using TransferPtr = std::unique_ptr<HttpTransfer>;

  void run() noexcept;
  bool take_orders();
  void start(TransferPtr transfer);
  void collect();
  void finish(TransferPtr transfer, HttpResult result) noexcept;
  void close_all() noexcept;
  TransferPtr remove(HttpRequestId id);
  void log(LogLevel level, std::string_view message) const {
    if (options_.log) options_.log->write(level, "http", message);
  }

  TransportOptions options_;
  std::string authorities_;
  // Used and freed on the thread only, but for wake-ups, which others send while they hold mutex_ and before
  // stopping_.
  Multi multi_;
  std::unordered_map<HttpRequestId, TransferPtr> active_;  // The thread's.

  std::mutex mutex_;
  bool stopping_ = false;
  HttpRequestId next_id_ = 1;
  std::vector<TransferPtr> submitted_;
  std::vector<HttpRequestId> cancelled_;
  std::mutex close_mutex_;  // Taken before mutex_.
  std::thread thread_;
};

HttpRequestId HttpClient::Impl::submit(HttpRequest request, HttpCallback callback) {
  if (!callback) throw_argument("The request has no callback.");
  Url url = parse_url(request.url);
  if (url.scheme != "http" && url.scheme != "https")
    throw_argument("The request's address is not http or https.");
  require_confidential(url, options_.allow_plaintext);
  check_headers(request.headers);
  if (!request.connect_to.empty() &&
      request.connect_to.find_first_not_of("0123456789abcdefABCDEF.:") != std::string::npos)
    throw_argument("What the request is to connect to is no IP address.");
  if (request.body.size() > kMaxRequestBytes) throw_argument("The request's body is larger than 64 MiB.");
  if (request.timeout < std::chrono::milliseconds::zero() || request.timeout > std::chrono::hours(24)) {
    throw_argument("The request's time-out must be at most a day.");
  }

  HttpRequestId id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) throw closed_error();
    id = next_id_++;
    submitted_.push_back(
        std::make_unique<HttpTransfer>(id, std::move(url), std::move(request), std::move(callback)));
    curl_multi_wakeup(multi_.get());
  }
  // Meant so: what short strings leave behind when they are moved.
  wipe(request.body);     // NOLINT(bugprone-use-after-move)
  wipe(request.headers);  // NOLINT(bugprone-use-after-move)
  return id;
}

void HttpClient::Impl::cancel(HttpRequestId id) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || id == 0 || id >= next_id_) return;
    cancelled_.push_back(id);
    curl_multi_wakeup(multi_.get());
  }
}

void HttpClient::Impl::close() {
  const std::lock_guard closing(close_mutex_);
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    curl_multi_wakeup(multi_.get());
  }
  thread_.join();
}

void HttpClient::Impl::run() noexcept {
  for (;;) {
    try {
      if (!take_orders()) break;
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      collect();
    } catch (const std::exception& error) {
      // Only for want of memory; what is under way goes on.
      log(LogLevel::kError, error.what());
    }
    curl_multi_poll(multi_.get(), nullptr, 0, kLongestPollMs, nullptr);
  }
  close_all();
  multi_.reset();
}

bool HttpClient::Impl::take_orders() {
  std::vector<TransferPtr> submitted;
  std::vector<HttpRequestId> cancelled;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    submitted.swap(submitted_);
    cancelled.swap(cancelled_);
  }
  for (TransferPtr& transfer : submitted) start(std::move(transfer));
  for (const HttpRequestId id : cancelled) {
    if (TransferPtr transfer = remove(id)) {
      finish(std::move(transfer), or_out_of_memory<HttpResult>([] {
               return Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, "The request was cancelled.");
             }));
    }
  }
  return true;
}

void HttpClient::Impl::start(TransferPtr transfer) {
  const HttpRequestId id = transfer->id();
  try {
    transfer->prepare(options_, authorities_);
    HttpTransfer& started = *(active_[id] = std::move(transfer));
    const CURLMcode code = curl_multi_add_handle(multi_.get(), started.easy());
    if (code == CURLM_OK) return;
    transfer = std::move(active_[id]);
    active_.erase(id);
    throw std::bad_alloc();
  } catch (const Error& error) {
    finish(std::move(transfer), error);
  } catch (const std::bad_alloc&) {
    finish(std::move(transfer), out_of_memory());
  }
}

void HttpClient::Impl::collect() {
  int left = 0;
  while (CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    HttpTransfer* done = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
    auto result = or_out_of_memory<HttpResult>([&] { return done->result(code); });
    finish(remove(done->id()), std::move(result));
  }
}

HttpClient::Impl::TransferPtr HttpClient::Impl::remove(HttpRequestId id) {
  const auto found = active_.find(id);
  if (found == active_.end()) return nullptr;
  TransferPtr transfer = std::move(found->second);
  active_.erase(found);
  curl_multi_remove_handle(multi_.get(), transfer->easy());
  return transfer;
}

void HttpClient::Impl::finish(TransferPtr transfer, HttpResult result) noexcept {
  HttpCallback callback = transfer->take_callback();
  transfer.reset();
  try {
    callback(std::move(result));
  } catch (const std::exception& error) {
    log(LogLevel::kError, error.what());
  } catch (...) {
    log(LogLevel::kError, "A callback failed.");
  }
}

void HttpClient::Impl::close_all() noexcept {
  std::vector<TransferPtr> submitted;
  {
    const std::lock_guard lock(mutex_);
    submitted.swap(submitted_);
  }
  const auto closed = or_out_of_memory<Error>(closed_error);
  while (!active_.empty()) finish(remove(active_.begin()->first), closed);
  for (TransferPtr& transfer : submitted) finish(std::move(transfer), closed);
}

HttpClient::HttpClient(TransportOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;

HttpRequestId HttpClient::submit(HttpRequest request, HttpCallback callback) {
  return impl_->submit(std::move(request), std::move(callback));
}

void HttpClient::cancel(HttpRequestId id) { impl_->cancel(id); }
void HttpClient::close() { impl_->close(); }

}  // namespace mychat
