// One HTTP request on its way: its curl handle, what it sends, what it has received so far.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "transport/http_client.h"
#include "transport/url.h"

namespace mychat {

inline constexpr std::size_t kMaxResponseHeaders = 128;
inline constexpr std::size_t kMaxResponseHeaderBytes = 64 * 1024;

// Belongs to the client's thread once it is started.
class HttpTransfer {
 public:
  HttpTransfer(HttpRequestId id, Url url, HttpRequest request, HttpCallback callback);
  ~HttpTransfer();  // Wipes the request.
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  HttpRequestId id() const noexcept { return id_; }
  CURL* easy() const noexcept { return easy_.get(); }

  // Makes the curl handle; throws MYCHAT_E_OUT_OF_MEMORY or MYCHAT_E_INTERNAL. `authorities` must outlive the
  // transfer.
  void prepare(const TransportOptions& options, const std::string& authorities);
  // What the finished transfer amounts to.
  HttpResult result(CURLcode code);
  HttpCallback take_callback() noexcept { return std::move(callback_); }

 private:
  struct FreeEasy {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  template <class Value>
  void set(CURLoption option, Value value);
  void set_trust(const TransportOptions& options, const std::string& authorities);
  void set_limits(const TransportOptions& options);
  void set_request(const TransportOptions& options);
  void append_header(const std::string& line);
  bool may_connect(const sockaddr* address);
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);

  HttpRequestId id_;
  Url url_;
  HttpRequest request_;
  HttpCallback callback_;
  AddressFilter address_filter_;
  std::chrono::milliseconds connect_timeout_{0};
  std::chrono::steady_clock::time_point started_;
  curl_slist* header_list_ = nullptr;
  std::unique_ptr<curl_slist, FreeList> connect_to_;  // Outlives the handle.
  std::unique_ptr<CURL, FreeEasy> easy_;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  std::optional<Error> refused_;  // Why we stopped the transfer ourselves.
};

}  // namespace mychat
