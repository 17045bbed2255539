#include "peering/peer_http.h"

#include <utility>

#include "federation/discovery.h"
#include "federation/http_signature.h"
#include "protocol/json.h"

namespace mychat::server {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kAnswerMax = 1024 * 1024;
constexpr milliseconds kDocumentTimeout{15'000};

TransportOptions with_rules(const PeerHttpOptions& options) {
  TransportOptions transport = options.transport;
  transport.allow_plaintext = options.plain_http;
  transport.address_filter = [rules = options.addresses](const sockaddr* address) {
    return federation::address_objection(rules, address);
  };
  return transport;
}

std::vector<federation::HeaderField> fields_of(const mychat::HttpResponse& response) {
  std::vector<federation::HeaderField> fields;
  fields.reserve(response.headers.size());
  for (const HttpHeader& header : response.headers) fields.emplace_back(header.name, header.value);
  return fields;
}

Error refused(mychat_status status, const std::string& message, int detail = 0, bool retryable = false) {
  return {status, MYCHAT_DOMAIN_FEDERATION, message, detail, retryable};
}

std::vector<federation::HeaderField> v1_fields(const OwnIdentity& own, const PeerCall& call) {
  std::vector<federation::HeaderField> fields{{"x-origin-node", own.document.domain}};
  if (!call.body.empty())
    fields.emplace_back("x-signature",
                        federation::v1_signature(ed25519_public_pem(own.document.key), call.body));
  return fields;
}

PeerAnswer read_answer(mychat::HttpResponse& response, std::int64_t now_ms) {
  PeerAnswer answer;
  answer.status = response.status;
  answer.retry_after = response.retry_after(now_ms);
  answer.date_ms = response.date_ms();
  if (response.status / 100 != 2) {
    try {
      const Json json =
          Json::parse(response.body, {.max_bytes = 64 * 1024, .max_depth = 8, .max_nodes = 256});
      answer.error = json->find("error").string_or_none().value_or("");
      const auto message = json->find("message").string_or_none().value_or("");  // Of protocol 1.
      answer.detail = plain_line(json->find("detail").string_or_none().value_or(message));
    } catch (const Error&) {  // A proxy's own page, perhaps.
    }
  }
  answer.body = std::move(response.body);
  return answer;
}

}  // namespace

std::string plain_line(std::string_view text) {
  constexpr std::size_t kMost = 400;
  std::string out(text.substr(0, kMost));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  return out;
}

PeerHttp::PeerHttp(PeerHttpOptions options, Federation& federation, const Clock& clock)
    : options_(std::move(options)), federation_(federation), clock_(clock) {}

PeerHttp::~PeerHttp() { close(); }

HttpClient* PeerHttp::client() {
  const std::lock_guard lock(mutex_);
  if (closed_) return nullptr;
  if (!client_) client_ = std::make_unique<HttpClient>(with_rules(options_));
  return client_.get();
}

void PeerHttp::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  if (client_) client_->close();  // Its callbacks may ask for it meanwhile, and get none.
}

std::optional<Error> PeerHttp::refusal_of_name(const std::string& domain) const {
  if (options_.addresses.allow_non_public || domain.find(':') == std::string::npos) return std::nullopt;
  return refused(MYCHAT_E_POLICY, domain + " is not asked: names with a port are for development.");
}

void PeerHttp::fetch_document(const std::string& domain, DocumentCallback done) {
  if (const auto refusal = refusal_of_name(domain)) return done(*refusal);
  mychat::HttpRequest request;
  request.url = federation::well_known_url(domain, options_.plain_http);
  request.timeout = kDocumentTimeout;
  request.max_response_bytes = federation::kWellKnownMax;
  try {
    HttpClient* const http = client();
    if (http == nullptr) return done(refused(MYCHAT_E_CLOSED, "This node is stopping."));
    http->submit(std::move(request), [this, domain, done](HttpResult result) {
      if (auto* error = std::get_if<Error>(&result)) return done(*error);
      try {
        const auto& response = std::get<mychat::HttpResponse>(result);
        auto found = federation::read_well_known(response.status, response.body, response.date_ms(), domain,
                                                 clock_.now_ms(), {.allow_http = options_.plain_http});
        done(FetchedDocument{std::move(found.document), found.clock_ahead_ms});
      } catch (const Error& error) {
        done(error);
      }
    });
  } catch (const Error& error) {
    done(error);
  }
}

void PeerHttp::fetch_v1_document(const std::string& domain, const std::string& address, V1Callback done) {
  if (const auto refusal = refusal_of_name(domain)) return done(*refusal);
  mychat::HttpRequest request;
  // Without TLS nothing at all would vouch for such a node.
  request.url = federation::well_known_url(domain, false);
  request.connect_to = address;
  request.once = !address.empty();
  request.timeout = kDocumentTimeout;
  request.max_response_bytes = federation::kWellKnownMax;
  try {
    HttpClient* const http = client();
    if (http == nullptr) return done(refused(MYCHAT_E_CLOSED, "This node is stopping."));
    http->submit(std::move(request), [domain, done](HttpResult result) {
      if (auto* error = std::get_if<Error>(&result)) return done(*error);
      std::variant<federation::V1Node, Error> found = refused(MYCHAT_E_INTERNAL, {});
      try {
        const auto& response = std::get<mychat::HttpResponse>(result);
        found = federation::read_v1_well_known(response.status, response.body, domain);
      } catch (const Error& error) {
        found = error;
      }
      done(std::move(found));
    });
  } catch (const Error& error) {
    done(error);
  }
}

void PeerHttp::call(PeerCall call, AnswerCallback done) {
  const auto own = federation_.identity();
  if (!own) return done(refused(MYCHAT_E_INVALID_STATE, "This node has no identity yet."));
  auto sent = std::make_shared<PeerCall>(std::move(call));
  try {
    auto fields = std::make_shared<std::vector<federation::HeaderField>>(
        sent->is_signed
            ? federation::sign_request(own->key, own->document.domain, sent->destination, sent->method,
                                       sent->url, sent->body, (clock_.now_ms() + sent->clock_ahead_ms) / 1000)
            : v1_fields(*own, *sent));
    mychat::HttpRequest request;
    request.method = sent->method == "GET" ? HttpMethod::kGet : HttpMethod::kPost;
    request.url = sent->url;
    request.body = sent->body;
    request.timeout = sent->timeout;
    request.max_response_bytes = kAnswerMax;
    for (const auto& [name, value] : *fields) request.headers.push_back({name, value});
    if (!sent->body.empty()) request.headers.push_back({"content-type", "application/json"});
    HttpClient* const http = client();
    if (http == nullptr) return done(refused(MYCHAT_E_CLOSED, "This node is stopping."));
    http->submit(std::move(request), [this, sent, fields, done](HttpResult result) {
      if (auto* error = std::get_if<Error>(&result)) return done(*error);
      auto& response = std::get<mychat::HttpResponse>(result);
      try {
        if (response.status / 100 == 2 && sent->answer_key) {
          const auto received = fields_of(response);
          const auto message =
              federation::parse_signed(federation::ResponseView{response.status, received, response.body},
                                       federation::RequestView{sent->method, sent->url, *fields, sent->body});
          if (message.origin != sent->destination) {
            throw refused(MYCHAT_E_KEY_MISMATCH,
                          "The answer of " + sent->destination + " is signed by " + message.origin + ".");
          }
          message.verify(*sent->answer_key);
        }
        done(read_answer(response, clock_.now_ms()));
      } catch (const Error& error) {
        done(error);
      }
    });
  } catch (const Error& error) {
    done(error);
  }
}

}  // namespace mychat::server
