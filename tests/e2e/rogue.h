// A node of the tests' own, which does what it must not: serves a document, and signs what it likes.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "e2e/federated_node.h"
#include "e2e/rest.h"
#include "federation/handshake.h"
#include "federation/http_signature.h"
#include "federation/node_document.h"
#include "protocol/json_writer.h"
#include "support/net.h"
#include "support/tls.h"
#include "transport/http_client.h"

namespace mychat::e2e {

inline std::int64_t now_ms() { return Clock::system().now_ms(); }

inline const std::string kTransactions = "/api/federation/transactions";

inline std::string http_date(std::int64_t unix_s) {
  const std::time_t time = unix_s;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

struct Answer {
  int status = 0;
  std::string body;
  bool says(std::string_view part) const { return body.find(part) != std::string::npos; }
};

class Rogue {
 public:
  // With `tls`, it is an https node.
  explicit Rogue(std::optional<test::TlsServerConfig> tls = std::nullopt)
      : tls_(std::move(tls)), server_([this](test::Connection& connection) { serve(connection); }) {
    domain = "127.0.0.1:" + std::to_string(server_.port());
    show(document());
  }

  std::string scheme() const { return tls_ ? "https://" : "http://"; }
  federation::NodeDocument document() const {
    federation::NodeDocument result;
    result.domain = domain;
    result.api_url = scheme() + domain + "/api/federation";
    result.sequence = sequence;
    result.issued_at = now_ms();
    result.valid_until = now_ms() + 3'600'000;
    result.capabilities = {"messages"};
    result.key = key.public_key();
    return result;
  }
  void show(const federation::NodeDocument& shown) {
    std::string body;
    JsonWriter out(body);
    out.begin_object();
    out.member("version", "1.0");
    out.member("federation", shown.sign(key));
    out.end_object();
    std::string extra;
    {
      const std::lock_guard lock(mutex_);
      extra = extra_;
    }
    show_text("HTTP/1.1 200 OK\r\n" + extra + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
              body);
  }
  void show_text(std::string answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  // Sent with every answer after the document's status line: "Date: ...\r\n".
  void add_header(std::string lines) {
    const std::lock_guard lock(mutex_);
    extra_ = std::move(lines);
  }
  int asked() const { return asked_; }
  int transactions() const { return transactions_; }

  using Fields = std::vector<federation::HeaderField>;
  Fields sign(const FederatedNode& node, const std::string& path, const std::string& body) const {
    return federation::sign_request(key, domain, node.domain, "POST", node.scheme() + node.domain + path,
                                    body, now_ms() / 1000);
  }
  Answer post(const FederatedNode& node, const std::string& path, const std::string& body,
              const Fields& fields) {
    HttpRequest request;
    request.method = HttpMethod::kPost;
    request.url = "http://" + node.domain + path;
    request.body = body;
    for (const auto& [name, value] : fields) request.headers.push_back({name, value});
    if (!forwarded_for.empty()) request.headers.push_back({"X-Forwarded-For", forwarded_for});
    std::promise<HttpResult> promise;
    client_.submit(std::move(request),
                   [&promise](HttpResult result) { promise.set_value(std::move(result)); });
    HttpResult result = promise.get_future().get();
    if (const auto* error = std::get_if<Error>(&result)) throw *error;
    auto& response = std::get<HttpResponse>(result);
    return {response.status, std::move(response.body)};
  }
  Answer post(const FederatedNode& node, const std::string& path, const std::string& body) {
    return post(node, path, body, sign(node, path, body));
  }
  Answer hello(const FederatedNode& node, std::optional<federation::HandshakeInitiator>* begun = nullptr) {
    federation::HandshakeInitiator handshake(
        {.domain = domain, .protocols = {2}, .capabilities = {"messages"}, .limits = {}}, key, node.domain,
        now_ms());
    const Answer answer = post(node, "/api/federation/handshake", body_of("hello", handshake.hello()));
    if (begun != nullptr) begun->emplace(std::move(handshake));
    return answer;
  }
  // The whole handshake; the node's document is taken from the node.
  void greet(const FederatedNode& node) {
    std::optional<federation::HandshakeInitiator> begun;
    const Answer answer = hello(node, &begun);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const Json shown = Json::parse(rest(node.port, "GET", "/.well-known/mychat-node").body);
    const auto theirs =
        federation::verify_document(federation::Statement::from_json(shown->object("federation")),
                                    node.domain, now_ms(), {.allow_http = true});
    const Json welcome = Json::parse(answer.body);
    const auto end = begun->finish(federation::Statement::from_json(welcome->object("welcome")),
                                   theirs.content, 0, now_ms());
    const Answer last = post(node, "/api/federation/handshake", body_of("confirm", end.confirm));
    ASSERT_EQ(last.status, 200) << last.body;
  }

  std::string domain;
  std::string forwarded_for;  // Where a proxy would say that it comes from.
  Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  std::int64_t sequence = 1;
  std::atomic<bool> hides_keys = false;  // Whoever asks for a user's gets no answer at all.

 private:
  static std::string body_of(const char* name, const federation::Statement& statement) {
    std::string body;
    JsonWriter out(body);
    out.begin_object();
    out.member(name, statement);
    out.end_object();
    return body;
  }
  void serve(test::Connection& connection) {
    if (tls_ && !connection.start_tls(*tls_)) return;
    while (const auto request = test::read_http_request(connection)) {
      ++asked_;
      std::string answer;
      if (request->target == "/api/federation/handshake") {
        answer = shake_hands(*request);
      } else if (hides_keys && request->target.starts_with("/api/federation/keys/")) {
        connection.wait_closed(std::chrono::seconds(60));
        return;
      } else if (request->target == kTransactions) {
        ++transactions_;
        // With what an operator's terminal must not be sent.
        const std::string no = R"({"error":"no","detail":"go away\u001b[2J\nand stay away"})";
        answer = "HTTP/1.1 401 No\r\nContent-Length: " + std::to_string(no.size()) + "\r\n\r\n" + no;
      } else {
        const std::lock_guard lock(mutex_);
        answer = answer_;
      }
      if (!connection.write(answer)) return;
    }
  }

  // As a good node would.
  std::string shake_hands(const test::RawRequest& request) {
    const Json json = Json::parse(request.body);
    std::string body = R"({"established":true})";
    if (const JsonView hello = json->optional_object("hello")) {
      const auto statement = federation::Statement::from_json(hello);
      const std::string origin = federation::hello_origin(statement, domain);
      const auto port = static_cast<std::uint16_t>(std::stoi(origin.substr(origin.find(':') + 1)));
      const Json shown = Json::parse(rest(port, "GET", "/.well-known/mychat-node").body);
      const auto theirs =
          federation::verify_document(federation::Statement::from_json(shown->object("federation")), origin,
                                      now_ms(), {.allow_http = true});
      body = body_of("welcome", federation::answer_hello(
                                    statement, theirs.content,
                                    {.domain = domain, .protocols = {2}, .capabilities = {}, .limits = {}},
                                    key, 0, now_ms())
                                    .welcome);
    }
    const std::string target = scheme() + domain + request.target;
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    for (const auto& [name, value] : federation::sign_response(
             key, domain, federation::RequestView{"POST", target, request.headers, request.body}, 200, body,
             now_ms() / 1000)) {
      head.append(name).append(": ").append(value).append("\r\n");
    }
    return head + "\r\n" + body;
  }

  const std::optional<test::TlsServerConfig> tls_;
  std::mutex mutex_;
  std::string answer_;
  std::string extra_;
  std::atomic<int> asked_ = 0;
  std::atomic<int> transactions_ = 0;
  HttpClient client_{TransportOptions{}};
  test::Server server_;
};

}  // namespace mychat::e2e
