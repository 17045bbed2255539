// Requests to other nodes: signed, with answers that are verified; and their documents. Never blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "federation/address_rules.h"
#include "federation/node_document.h"
#include "federation/v1.h"
#include "services/federation.h"
#include "transport/http_client.h"

namespace mychat::server {

struct PeerHttpOptions {
  TransportOptions transport;
  federation::AddressRules addresses;
  bool plain_http = false;  // For development: nodes are reached over http.
};

struct FetchedDocument {
  federation::VerifiedDocument document;
  std::int64_t clock_ahead_ms = 0;  // Of the peer, by its Date; 0 when it is the same within a minute.
};

struct PeerCall {
  std::string method;       // GET or POST
  std::string url;          // Absolute
  std::string destination;  // Domain
  std::string body;
  std::int64_t clock_ahead_ms = 0;
  // Whose signature the answer must have; nothing: none is asked for.
  std::optional<Ed25519PublicKey> answer_key;
  std::chrono::milliseconds timeout{30'000};
  bool is_signed = true;  // False: of protocol 1, whose X-Signature proves nothing.
};

struct PeerAnswer {
  int status = 0;
  std::string body;
  std::string error;   // The member `error` of a refusal's body: "handshake_required".
  std::string detail;  // Of the same, as plain_line().
  std::optional<std::chrono::milliseconds> retry_after;
  std::optional<std::int64_t> date_ms;
};

// What another node wrote, for logs and operators: one line, not too long, nothing that a terminal takes for
// more than text.
std::string plain_line(std::string_view text);

class PeerHttp {
 public:
  using DocumentCallback = std::function<void(std::variant<FetchedDocument, Error>)>;
  using V1Callback = std::function<void(std::variant<federation::V1Node, Error>)>;
  using AnswerCallback = std::function<void(std::variant<PeerAnswer, Error>)>;

  PeerHttp(PeerHttpOptions options, Federation& federation, const Clock& clock = Clock::system());
  ~PeerHttp();

  // GET https://DOMAIN/.well-known/mychat-node. Callbacks come on a thread of the client's, or before the
  // call returns; they must not block.  MYCHAT_E_UNSUPPORTED: the node has no document of protocol 2.
  void fetch_document(const std::string& domain, DocumentCallback done);
  // The same of a node of protocol 1. `address`: the IP address that must answer as that domain; empty:
  // whatever the name resolves to.
  void fetch_v1_document(const std::string& domain, const std::string& address, V1Callback done);
  // An answer of status 2xx whose signature does not hold is an error (MYCHAT_E_SIGNATURE). Refusals need
  // none.
  void call(PeerCall call, AnswerCallback done);
  void close();

 private:
  // Whoever can name a port could have this node knock at any door of another's house.
  std::optional<Error> refusal_of_name(const std::string& domain) const;

  PeerHttpOptions options_;
  Federation& federation_;
  const Clock& clock_;
  // Made for the first request: a node that has nobody to ask does without libcurl and its memory. Null once
  // closed.
  HttpClient* client();
  std::mutex mutex_;
  bool closed_ = false;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace mychat::server
