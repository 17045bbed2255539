// A node of protocol 1 of the tests' own, over https: one user, keys, what it was sent.
#pragma once

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "crypto/random.h"
#include "e2e/federated_node.h"
#include "e2e/rogue.h"
#include "e2ee/envelope_v1.h"
#include "keys/fingerprint.h"
#include "support/net.h"
#include "support/test_keys.h"
#include "support/tls.h"
#include "transport/http_client.h"

namespace mychat::e2e {

class V1Peer {
 public:
  struct Post {
    std::string target, origin, body;
  };

  explicit V1Peer(test::TlsServerConfig tls)
      : tls_(std::move(tls)), server_([this](test::Connection& connection) { serve(connection); }) {
    domain = "127.0.0.1:" + std::to_string(server_.port());
    bob = "bob@" + domain;
  }

  static std::string document_of(const std::string& domain) {
    return R"({"version":"1.0","domain":")" + domain + R"(","federation_api":"https://)" + domain +
           R"(/api/federation","public_key":"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",)"
           R"("capabilities":["text_messages"],"max_message_size":10485760,)"
           R"("statistics":{"user_count":1,"uptime_days":1}})";
  }
  void answer_messages_with(std::string status, std::string body) {
    const std::lock_guard lock(mutex_);
    answer_ = {std::move(status), std::move(body)};
  }
  std::vector<Post> posts(std::string_view target) const {
    const std::lock_guard lock(mutex_);
    std::vector<Post> out;
    std::copy_if(posts_.begin(), posts_.end(), std::back_inserter(out),
                 [&](const Post& post) { return post.target.ends_with(target); });
    return out;
  }
  int documents() const { return documents_; }

  // To the user of that node, from bob unless told; the id is returned in `id`.
  std::string message(const Sdk& to, const std::string& text, std::string* id,
                      std::string sender = {}) const {
    *id = uuid_v4();
    const EnvelopeFields sealed = seal_envelope(view(text), test::alice_key().public_key(), {});
    return R"({"message_id":")" + *id + R"(","sender_handle":")" + (sender.empty() ? bob : sender) +
           R"(","recipient_handle":")" + to.handle + R"(","encrypted_content":")" + sealed.encrypted_content +
           R"(","encrypted_key":")" + sealed.encrypted_key + R"(","iv":")" + sealed.iv +
           R"(","content_type":"text","created_at":"2026-01-01T00:00:00.000Z"})";
  }
  std::string receipt(const std::string& id, const std::string& recipient) const {
    return R"({"message_id":")" + id + R"(","recipient_handle":")" + recipient +
           R"(","status":"delivered","timestamp":"2026-01-01T00:00:00.000Z"})";
  }
  // `from`: the address that a proxy would say it comes from; empty: that of this node.
  Answer post(const FederatedNode& node, const std::string& call, const std::string& body,
              const std::string& origin, const std::string& from = {}) {
    HttpRequest request;
    request.method = HttpMethod::kPost;
    request.url = "http://127.0.0.1:" + std::to_string(node.port) + "/api/federation/" + call;
    request.body = body;
    request.headers = {{"X-Origin-Node", origin}, {"X-Signature", "AAAA"}};
    if (!from.empty()) request.headers.push_back({"X-Forwarded-For", from});
    std::promise<HttpResult> promise;
    client_.submit(std::move(request),
                   [&promise](HttpResult result) { promise.set_value(std::move(result)); });
    HttpResult result = promise.get_future().get();
    if (const auto* error = std::get_if<Error>(&result)) throw *error;
    auto& response = std::get<HttpResponse>(result);
    return {response.status, std::move(response.body)};
  }
  Answer post(const FederatedNode& node, const std::string& call, const std::string& body) {
    return post(node, call, body, domain);
  }

  std::string domain;
  std::string bob;

 private:
  std::string keys() const {
    const RsaPublicKey key = test::bob_key().public_key();
    std::string pem;
    for (const char c : key.to_spki_pem()) pem.append(c == '\n' ? "\\n" : std::string(1, c));
    return R"({"full_handle":")" + bob + R"(","public_key":")" + pem + R"(","public_key_fingerprint":")" +
           key_fingerprint(key) + R"(","last_updated":"2026-01-01T00:00:00.000Z"})";
  }
  std::pair<std::string, std::string> answer_to(const test::RawRequest& request) {
    const std::lock_guard lock(mutex_);
    if (request.target == "/.well-known/mychat-node") {
      ++documents_;
      return {"200 OK", document_of(domain)};
    }
    if (request.target == "/api/federation/keys/bob") return {"200 OK", keys()};
    if (request.method == "POST") {
      posts_.push_back({request.target, request.header("x-origin-node"), request.body});
      return request.target.ends_with("/messages") ? answer_
                                                   : std::pair{std::string("200 OK"), std::string("{}")};
    }
    return {"404 Not Found", R"({"error":"user_not_found","message":"Nobody."})"};
  }
  void serve(test::Connection& connection) {
    if (!connection.start_tls(tls_)) return;
    while (const auto request = test::read_http_request(connection)) {
      const auto [status, body] = answer_to(*request);
      if (!connection.write("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
                            "\r\n\r\n" + body))
        return;
    }
  }

  const test::TlsServerConfig tls_;
  mutable std::mutex mutex_;
  std::pair<std::string, std::string> answer_{"202 Accepted", R"({"status":"accepted"})"};
  std::vector<Post> posts_;
  std::atomic<int> documents_ = 0;
  HttpClient client_{TransportOptions{}};
  test::Server server_;
};

}  // namespace mychat::e2e
