// Nodes: their keys, documents and rules.
#include "mychat/federation.h"

#include <algorithm>
#include <future>
#include <limits>

#include "base/encoding.h"
#include "c_api/federation_node.h"
#include "federation/document_form.h"
#include "federation/pin_text.h"
#include "federation/policy.h"
#include "protocol/handle.h"
#include "protocol/json.h"
#include "transport/http_client.h"

using namespace mychat;
using namespace mychat::c_api;

namespace mychat::c_api {

Ed25519PrivateKey require_node_key(const void* data, std::size_t size, const char* name) {
  const ByteView seed = require_bytes(data, size, name);
  if (seed.size() != MYCHAT_FEDERATION_KEY_SIZE) throw_argument(std::string(name) + " is not 32 bytes.");
  return Ed25519PrivateKey::from_seed(seed);
}

std::string require_domain(const char* text, const char* name) {
  auto domain = parse_domain(require_text(text, name));
  if (!domain) throw_argument(std::string(name) + " is no domain.");
  return *std::move(domain);
}

federation::PinnedNode require_known(const char* text) {
  return federation::pin_from_text(require_text(text, "known"));
}

federation::Statement require_statement(const char* text, const char* name) {
  // The payload is up to 64 KiB, in base64.
  const Json json =
      Json::parse(require_text(text, name), {.max_bytes = 128 * 1024, .max_depth = 4, .max_nodes = 16});
  return federation::Statement::from_json(json);
}

std::string statement_text(const federation::Statement& statement) {
  std::string json;
  JsonWriter out(json);
  statement.to_json(out);
  return json;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) found.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

namespace {

constexpr mychat_federation_flags kAllFlags = mychat_federation_flags{MYCHAT_FEDERATION_ALLOW_HTTP} |
                                              mychat_federation_flags{MYCHAT_FEDERATION_ALLOW_NON_PUBLIC};

std::optional<federation::PinnedNode> optional_known(const char* text) {
  if (text == nullptr) return std::nullopt;
  return require_known(text);
}

std::int64_t limit(std::int64_t wanted, std::int64_t otherwise, const char* name) {
  if (wanted < 0 || wanted > kJsonMaxInteger) throw_argument(std::string(name) + " is out of range.");
  return wanted == 0 ? otherwise : wanted;
}

federation::PeerLimits limits_of(const mychat_federation_options& options) {
  const federation::PeerLimits otherwise;
  return {
      limit(options.max_message_size, otherwise.max_message_size, "options.max_message_size"),
      limit(options.max_transaction_items, otherwise.max_transaction_items, "options.max_transaction_items"),
      limit(options.max_transaction_bytes, otherwise.max_transaction_bytes, "options.max_transaction_bytes")};
}

mychat_federation_continuity continuity_value(federation::Continuity continuity) {
  switch (continuity) {
    case federation::Continuity::kFirst:
      return MYCHAT_FEDERATION_FIRST;
    case federation::Continuity::kSame:
      return MYCHAT_FEDERATION_SAME;
    case federation::Continuity::kRenewed:
      return MYCHAT_FEDERATION_RENEWED;
    case federation::Continuity::kRotated:
      break;
  }
  return MYCHAT_FEDERATION_ROTATED;
}

mychat_federation_document* new_document(const federation::Discovered& found,
                                         const std::optional<federation::PinnedNode>& known) {
  const federation::NodeDocument& document = found.document.content;
  Arena arena;
  auto* out = arena.make<mychat_federation_document>();
  out->struct_size = sizeof *out;
  out->continuity = continuity_value(federation::check_continuity(known, found.document));
  out->domain = arena.text(document.domain);
  out->api_url = arena.text(document.api_url);
  out->key = arena.text(base64_encode(document.key));
  out->key_id = arena.text(federation::node_key_id(document.key));
  out->next_key = arena.text(document.next_key ? base64_encode(*document.next_key) : "");
  out->capabilities = arena.text(joined(document.capabilities));
  out->protocol =
      static_cast<std::int32_t>(*std::max_element(document.protocols.begin(), document.protocols.end()));
  out->rotations = static_cast<std::uint32_t>(document.rotations.size());
  out->sequence = document.sequence;
  out->issued_at = document.issued_at;
  out->valid_until = document.valid_until;
  out->max_message_size = document.limits.max_message_size;
  out->max_transaction_items = document.limits.max_transaction_items;
  out->max_transaction_bytes = document.limits.max_transaction_bytes;
  out->clock_ahead = found.clock_ahead_ms;
  out->json = arena.text(statement_text(found.statement));
  out->known = arena.text(federation::pin_text(federation::pin(known, found.document)));
  return arena.hand_over(out);
}

federation::Discovered read_answer(const HttpResponse& response, const std::string& domain,
                                   const std::optional<federation::PinnedNode>& known, std::int64_t now,
                                   const federation::DocumentRules& rules) {
  try {
    return federation::read_well_known(response.status, response.body, response.date_ms(), domain, now,
                                       rules);
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_UNSUPPORTED) federation::refuse_v1_of_pinned(known);
    throw;
  }
}

// The document, or the whole answer that has it as a member.
federation::Discovered read_document(std::string_view text, const std::string& domain,
                                     const std::optional<federation::PinnedNode>& known, std::int64_t now,
                                     const federation::DocumentRules& rules) {
  const Json json =
      Json::parse(text, {.max_bytes = federation::kWellKnownMax, .max_depth = 8, .max_nodes = 1024});
  if (!json->find("payload")) {
    HttpResponse response;
    response.status = 200;
    response.body = text;
    return read_answer(response, domain, known, now, rules);
  }
  federation::Discovered found;
  found.statement = federation::Statement::from_json(json);
  found.document = federation::verify_document(found.statement, domain, now, rules);
  return found;
}

HttpResponse fetch(const mychat_federation_node& node, const std::string& domain, std::int32_t timeout_ms) {
  TransportOptions transport;
  transport.ca_file = node.ca_file;
  transport.allow_plaintext = node.allow_http;
  transport.address_filter = [rules =
                                  federation::AddressRules{node.allow_non_public}](const sockaddr* address) {
    return federation::address_objection(rules, address);
  };
  std::promise<HttpResult> answered;  // Before the client: its callback may still run when this is left.
  std::future<HttpResult> answer = answered.get_future();
  HttpClient client(transport);
  HttpRequest request;
  request.url = federation::well_known_url(domain, node.allow_http);
  request.timeout = std::chrono::milliseconds(timeout_ms);
  request.max_response_bytes = federation::kWellKnownMax;
  client.submit(std::move(request), [&](HttpResult result) { answered.set_value(std::move(result)); });
  HttpResult result = answer.get();
  if (const auto* error = std::get_if<Error>(&result)) throw Error(*error);
  return std::move(std::get<HttpResponse>(result));
}

// The document before, and the rotations that the next one carries.
std::vector<federation::NodeKeyRotation> rotations_after(const mychat_federation_node& node,
                                                         const char* previous,
                                                         const std::optional<Ed25519PrivateKey>& previous_key,
                                                         std::int64_t sequence) {
  const federation::Statement statement = require_statement(previous, "previous");
  federation::NodeDocument before = federation::document_from_json(text(view(statement.payload)));
  statement.verify(before.key, federation::purpose::kDocument, "previous document");
  const auto mismatch = [](const std::string& message) {
    return Error(MYCHAT_E_KEY_MISMATCH, MYCHAT_DOMAIN_FEDERATION, message);
  };
  if (before.domain != node.side.domain) throw mismatch("The previous document is of " + before.domain + ".");
  if (before.sequence >= sequence)
    throw_argument("sequence is not higher than that of the previous document.");
  if (before.key == node.key.public_key()) return std::move(before.rotations);
  if (!previous_key || previous_key->public_key() != before.key)
    throw mismatch("The previous document has another key, and that key is not the one given.");
  if (before.rotations.size() == federation::kRotationsMax) before.rotations.erase(before.rotations.begin());
  before.rotations.push_back(
      federation::NodeKeyRotation::make(node.side.domain, *previous_key, node.key, sequence));
  return std::move(before.rotations);
}

std::vector<std::string> patterns(const char* text, const char* name) {
  std::vector<std::string> found = words(optional_text(text));
  for (const std::string& pattern : found) {
    if (!federation::is_domain_pattern(pattern))
      throw_argument(std::string(name) + ": " + pattern + " is no pattern.");
  }
  return found;
}

federation::Mode mode_of(mychat_federation_mode mode) {
  switch (mode) {
    case MYCHAT_FEDERATION_OPEN:
      return federation::Mode::kOpen;
    case MYCHAT_FEDERATION_ALLOW_LIST:
      return federation::Mode::kAllowList;
    case MYCHAT_FEDERATION_APPROVAL:
      return federation::Mode::kApproval;
    default:
      throw_argument("The mode is not one of MYCHAT_FEDERATION_OPEN, _ALLOW_LIST, _APPROVAL.");
  }
}

mychat_federation_verdict verdict_value(federation::Verdict verdict) {
  switch (verdict) {
    case federation::Verdict::kAllowed:
      return MYCHAT_FEDERATION_ALLOWED;
    case federation::Verdict::kBlocked:
      return MYCHAT_FEDERATION_BLOCKED;
    case federation::Verdict::kNotListed:
      return MYCHAT_FEDERATION_NOT_LISTED;
    case federation::Verdict::kAwaitsApproval:
      break;
  }
  return MYCHAT_FEDERATION_AWAITS_APPROVAL;
}

}  // namespace
}  // namespace mychat::c_api

extern "C" {

void mychat_federation_options_init(mychat_federation_options* options) {
  if (options != nullptr) *options = MYCHAT_FEDERATION_OPTIONS_INIT;
}

void mychat_federation_document_options_init(mychat_federation_document_options* options) {
  if (options != nullptr) *options = MYCHAT_FEDERATION_DOCUMENT_OPTIONS_INIT;
}

mychat_status mychat_federation_new_key(mychat_bytes** out_private_key, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_private_key);
    out = new_bytes(Ed25519PrivateKey::generate().seed());
  });
}

mychat_status mychat_federation_public_key(const void* private_key, size_t private_key_size, char** out_text,
                                           mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    out = new_string(
        base64_encode(require_node_key(private_key, private_key_size, "private_key").public_key()));
  });
}

mychat_status mychat_federation_node_create(const mychat_federation_options* options, const void* private_key,
                                            size_t private_key_size, mychat_federation_node** out_node,
                                            mychat_error* error) {
  return guard(error, [&] {
    mychat_federation_node*& out = require_out(out_node);
    const mychat_federation_options wanted = read_options(options, "options");
    if ((wanted.flags & ~kAllFlags) != 0) throw_argument("options.flags has a flag that does not exist.");
    if (wanted.began_at < 0) throw_argument("options.began_at is negative.");
    federation::HandshakeSide side;
    side.domain = require_domain(wanted.domain, "options.domain");
    side.capabilities = words(optional_text(wanted.capabilities));
    side.limits = limits_of(wanted);
    auto node = std::make_unique<mychat_federation_node>(
        std::move(side), require_node_key(private_key, private_key_size, "private_key"), wanted.began_at);
    node->api_url = require_text(wanted.api_url, "options.api_url");
    node->ca_file = optional_text(wanted.ca_file);
    node->allow_http = (wanted.flags & MYCHAT_FEDERATION_ALLOW_HTTP) != 0;
    node->allow_non_public = (wanted.flags & MYCHAT_FEDERATION_ALLOW_NON_PUBLIC) != 0;
    if (!federation::is_api_url_of(node->api_url, node->side.domain, node->rules()))
      throw_argument("options.api_url is not https, not of the domain, or ends with a slash.");
    const auto& capabilities = node->side.capabilities;
    if (capabilities.size() > federation::kCapabilitiesMax ||
        !std::all_of(capabilities.begin(), capabilities.end(), federation::is_capability))
      throw_argument("options.capabilities are too many, or one is no name.");
    out = node.release();
  });
}

void mychat_federation_node_free(mychat_federation_node* node) { delete node; }

mychat_status mychat_federation_sign_document(mychat_federation_node* node,
                                              const mychat_federation_document_options* options,
                                              const void* previous_private_key,
                                              size_t previous_private_key_size, char** out_text,
                                              mychat_error* error) {
  return guard(error, [&] {
    char*& out = require_out(out_text);
    const mychat_federation_node& self = require(node);
    const mychat_federation_document_options wanted = read_options(options, "options");
    if (wanted.flags != 0) throw_argument("options.flags must be 0.");
    std::optional<Ed25519PrivateKey> previous_key;
    if (previous_private_key_size != 0)
      previous_key =
          require_node_key(previous_private_key, previous_private_key_size, "previous_private_key");
    federation::NodeDocument document{.domain = self.side.domain,
                                      .api_url = self.api_url,
                                      .sequence = wanted.sequence,
                                      .issued_at = wanted.issued_at,
                                      .valid_until = wanted.valid_until,
                                      .protocols = self.side.protocols,
                                      .capabilities = self.side.capabilities,
                                      .limits = self.side.limits,
                                      .key = self.key.public_key(),
                                      .next_key = {},
                                      .rotations = {}};
    if (wanted.next_key != nullptr) {
      const auto next = base64_decode(require_text(wanted.next_key, "options.next_key"));
      if (!next || next->size() != kEd25519PublicKeySize)
        throw_argument("options.next_key is not base64 of 32 bytes.");
      std::copy(next->begin(), next->end(), document.next_key.emplace().begin());
    }
    if (wanted.previous != nullptr)
      document.rotations = rotations_after(self, wanted.previous, previous_key, wanted.sequence);
    out = new_string(statement_text(document.sign(self.key)));
  });
}

mychat_status mychat_federation_verify_document(const char* json, const char* domain, const char* known,
                                                mychat_federation_flags flags, int64_t now,
                                                mychat_federation_document** out_document,
                                                mychat_error* error) {
  return guard(error, [&] {
    mychat_federation_document*& out = require_out(out_document);
    if ((flags & ~kAllFlags) != 0) throw_argument("flags has a flag that does not exist.");
    const auto before = optional_known(known);
    const federation::DocumentRules rules{.allow_http = (flags & MYCHAT_FEDERATION_ALLOW_HTTP) != 0};
    out = new_document(
        read_document(require_text(json, "json"), require_domain(domain, "domain"), before, now, rules),
        before);
  });
}

void mychat_federation_document_free(mychat_federation_document* document) { free_boxed(document); }

mychat_status mychat_federation_discover(mychat_federation_node* node, const char* domain, const char* known,
                                         int32_t timeout_ms, int64_t now,
                                         mychat_federation_document** out_document, mychat_error* error) {
  return guard(error, [&] {
    mychat_federation_document*& out = require_out(out_document);
    const mychat_federation_node& self = require(node);
    const std::string name = require_domain(domain, "domain");
    const auto before = optional_known(known);
    if (timeout_ms < 1 || timeout_ms > 600'000) throw_argument("timeout_ms is not within 1 to 600,000.");
    const HttpResponse response = fetch(self, name, timeout_ms);
    out = new_document(read_answer(response, name, before, now, self.rules()), before);
  });
}

mychat_status mychat_federation_judge(mychat_federation_mode mode, const char* allowed, const char* blocked,
                                      const char* domain, mychat_federation_verdict* out_verdict,
                                      mychat_error* error) {
  return guard(error, [&] {
    mychat_federation_verdict& out = require_out_value(out_verdict);
    const federation::Policy policy{.mode = mode_of(mode),
                                    .allowed = patterns(allowed, "allowed"),
                                    .blocked = patterns(blocked, "blocked")};
    out = verdict_value(policy.judge(require_domain(domain, "domain")));
  });
}

mychat_status mychat_federation_address_kind(const char* address, const char** out_kind,
                                             mychat_error* error) {
  return guard(error, [&] {
    if (out_kind == nullptr) throw_argument("The place for the result is NULL.");
    *out_kind = nullptr;
    const auto ip = federation::IpAddress::parse(require_text(address, "address"));
    if (!ip) throw_argument("address is neither dotted IPv4 nor IPv6.");
    *out_kind = federation::address_kind_name(federation::classify(*ip));
  });
}

}  // extern "C"
