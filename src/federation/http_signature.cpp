#include "federation/http_signature.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/random.h"
#include "federation/content_digest.h"
#include "federation/node_document.h"
#include "protocol/handle.h"

namespace mychat::federation {
namespace {

constexpr std::string_view kLabel = "mychat";
constexpr std::string_view kVersion = "2";
constexpr std::string_view kAlgorithm = "ed25519";
constexpr std::string_view kRequestTag = "mychat-federation";
constexpr std::string_view kResponseTag = "mychat-federation-response";
constexpr std::string_view kDigest = "content-digest";
constexpr std::string_view kOrigin = "x-origin-node";
constexpr std::string_view kDestination = "mychat-destination";
constexpr std::string_view kProtocol = "mychat-federation";
constexpr std::string_view kInput = "signature-input";
constexpr std::string_view kSignature = "signature";
constexpr std::size_t kHeaderMax = 1024;
constexpr std::size_t kNonceTextMin = 16;
constexpr std::size_t kNonceTextMax = 64;
constexpr std::size_t kKeyIdMax = 64;

// A part of a message that is signed.
struct Component {
  std::string_view name;
  bool of_request = false;  // In a response: that of the request which it answers.
};

constexpr std::array kRequestParts{Component{"@method"}, Component{"@authority"}, Component{"@target-uri"},
                                   Component{kDigest},   Component{kOrigin},      Component{kDestination},
                                   Component{kProtocol}};
constexpr std::array kResponseParts{Component{"@status"},       Component{kDigest},
                                    Component{kOrigin},         Component{kProtocol},
                                    Component{"@method", true}, Component{"@target-uri", true},
                                    Component{kSignature, true}};

[[noreturn]] void refuse(mychat_status status, const std::string& message) {
  throw Error(status, MYCHAT_DOMAIN_FEDERATION, message);
}

std::string_view header(const std::vector<HeaderField>& headers, std::string_view name) {
  const HeaderField* found = nullptr;
  for (const HeaderField& field : headers) {
    if (field.first != name) continue;
    if (found != nullptr) refuse(MYCHAT_E_SIGNATURE, "The header " + std::string(name) + " is there twice.");
    found = &field;
  }
  if (found == nullptr) refuse(MYCHAT_E_SIGNATURE, "The header " + std::string(name) + " is missing.");
  const std::string& value = found->second;
  const bool printable =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
  if (!printable) refuse(MYCHAT_E_MALFORMED, "The header " + std::string(name) + " is not printable ASCII.");
  return value;
}

// An address as it is signed: scheme and host in lower case, without the scheme's own port, with a path
// (RFC 9421 sections 2.2.2 and 2.2.3, RFC 9110 section 4.2.3). However it is written, both sides sign the
// same.
struct Target {
  std::string authority;
  std::string uri;
};

Target target_of(std::string_view uri) {
  if (!std::all_of(uri.begin(), uri.end(), [](char c) { return c > 0x20 && c < 0x7f; }))
    throw_argument("The address to sign holds a character that no address has.");
  const std::string scheme = lower_ascii(uri.substr(0, std::min(uri.find("://"), uri.size())));
  if ((scheme != "https" && scheme != "http") || scheme.size() == uri.size())
    throw_argument("What is signed must have an absolute http or https address.");
  uri.remove_prefix(scheme.size() + 3);
  const std::size_t end = std::min(uri.find_first_of("/?#"), uri.size());
  Target target{.authority = lower_ascii(uri.substr(0, end)), .uri = {}};
  const std::string_view rest = uri.substr(end);
  if (rest.find('#') != std::string_view::npos) throw_argument("The address to sign has a fragment.");
  const std::string_view own_port = scheme == "https" ? ":443" : ":80";
  if (target.authority.ends_with(own_port))
    target.authority.resize(target.authority.size() - own_port.size());
  if (target.authority.empty() || target.authority.find('@') != std::string::npos)
    throw_argument("The address to sign has no host.");
  target.uri = scheme + "://" + target.authority + (rest.starts_with('/') ? "" : "/") + std::string(rest);
  return target;
}

// RFC 9110 section 5.6.2: what a method may consist of. A line break in it would be a line of its own in what
// is signed.
std::string method_of(std::string_view method) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const bool is_token = !method.empty() && std::all_of(method.begin(), method.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
  if (!is_token) throw_argument("The method to sign is none.");
  return std::string(method);
}

sf::Item identifier(const Component& part) {
  sf::Item item{std::string(part.name), {}};
  if (part.of_request) {
    item.parameters.emplace_back("req", true);
    if (part.name == kSignature) item.parameters.emplace_back("key", std::string(kLabel));
  }
  return item;
}

// The member of Signature that is ours.
const Bytes& signature_in(const sf::Dictionary& signatures) {
  const sf::Member* member = sf::find(signatures, kLabel);
  const auto* item = member != nullptr ? std::get_if<sf::Item>(member) : nullptr;
  const Bytes* bytes = item != nullptr ? std::get_if<Bytes>(&item->value) : nullptr;
  if (bytes == nullptr) refuse(MYCHAT_E_SIGNATURE, "There is no signature named mychat.");
  return *bytes;
}

std::string request_value(std::string_view name, const RequestView& request) {
  if (name == "@method") return method_of(request.method);
  if (name == "@authority") return target_of(request.target_uri).authority;
  if (name == "@target-uri") return target_of(request.target_uri).uri;
  if (name == kSignature) {
    const auto signatures = sf::parse_dictionary(header(request.headers, kSignature), kSignature);
    return sf::serialize(sf::Item{signature_in(signatures), {}});
  }
  return std::string(header(request.headers, name));
}

std::string value_of(const Component& part, const RequestView& request, const ResponseView* response) {
  if (response == nullptr || part.of_request) return request_value(part.name, request);
  if (part.name == "@status") return std::to_string(response->status);
  return std::string(header(response->headers, part.name));
}

sf::InnerList list_of(std::span<const Component> parts) {
  sf::InnerList list;
  for (const Component& part : parts) list.items.push_back(identifier(part));
  return list;
}

// RFC 9421 section 2.5.
std::string signature_base(std::span<const Component> parts, const sf::InnerList& input,
                           const RequestView& request, const ResponseView* response) {
  std::string base;
  for (const Component& part : parts) {
    base += sf::serialize(identifier(part)) + ": " + value_of(part, request, response) + '\n';
  }
  return base + "\"@signature-params\": " + sf::serialize(input);
}

void add_parameters(sf::InnerList& input, std::int64_t created, const std::string& key_id,
                    std::string_view tag, std::optional<std::string> nonce) {
  input.parameters.emplace_back("created", created);
  input.parameters.emplace_back("expires", created + kSignatureLifeSeconds);
  if (nonce) input.parameters.emplace_back("nonce", *std::move(nonce));
  input.parameters.emplace_back("keyid", key_id);
  input.parameters.emplace_back("alg", std::string(kAlgorithm));
  input.parameters.emplace_back("tag", std::string(tag));
}

void add_signature(std::vector<HeaderField>& headers, const Ed25519PrivateKey& key,
                   const sf::InnerList& input, const std::string& base) {
  const Ed25519Signature signature = key.sign(view(base));
  headers.emplace_back(kInput, sf::serialize(sf::Dictionary{{std::string(kLabel), input}}));
  headers.emplace_back(kSignature, std::string(kLabel) + "=:" + base64_encode(signature) + ":");
}

std::int64_t integer_parameter(const sf::InnerList& input, std::string_view name) {
  const auto* value = input.parameter(name);
  const auto* number = value != nullptr ? std::get_if<std::int64_t>(value) : nullptr;
  if (number == nullptr)
    refuse(MYCHAT_E_SIGNATURE, "The signature has no time \"" + std::string(name) + "\".");
  return *number;
}

std::string text_parameter(const sf::InnerList& input, std::string_view name, std::size_t least,
                           std::size_t most) {
  const auto* value = input.parameter(name);
  const auto* text = value != nullptr ? std::get_if<std::string>(value) : nullptr;
  if (text == nullptr || text->size() < least || text->size() > most) {
    refuse(MYCHAT_E_SIGNATURE, "The signature has no \"" + std::string(name) + "\" as it must be.");
  }
  return *text;
}

SignedMessage parse(std::span<const Component> parts, const std::vector<HeaderField>& headers,
                    std::string_view body, std::string_view tag, const RequestView& request,
                    const ResponseView* response) {
  SignedMessage message;
  const auto inputs = sf::parse_dictionary(header(headers, kInput), "Signature-Input");
  const sf::Member* member = sf::find(inputs, kLabel);
  const auto* input = member != nullptr ? std::get_if<sf::InnerList>(member) : nullptr;
  if (input == nullptr) refuse(MYCHAT_E_SIGNATURE, "There is no signature named mychat.");
  if (input->items != list_of(parts).items) {
    refuse(MYCHAT_E_SIGNATURE, "The signature does not cover what it must cover.");
  }
  if (text_parameter(*input, "tag", 1, kHeaderMax) != tag)
    refuse(MYCHAT_E_SIGNATURE, "The signature is for another use.");
  if (text_parameter(*input, "alg", 1, kHeaderMax) != kAlgorithm) {
    refuse(MYCHAT_E_UNSUPPORTED, "Nodes sign with ed25519 and nothing else.");
  }
  message.key_id = text_parameter(*input, "keyid", 1, kKeyIdMax);
  message.created = integer_parameter(*input, "created");
  message.expires = integer_parameter(*input, "expires");
  if (message.expires <= message.created || message.expires - message.created > kSignatureLifeSeconds) {
    refuse(MYCHAT_E_SIGNATURE, "The signature is to be valid for more than a minute, or not at all.");
  }
  if (response == nullptr) message.nonce = text_parameter(*input, "nonce", kNonceTextMin, kNonceTextMax);
  message.signature = signature_in(sf::parse_dictionary(header(headers, kSignature), "Signature"));
  message.base = signature_base(parts, *input, request, response);
  message.origin = header(headers, kOrigin);
  message.version = header(headers, kProtocol);
  const auto origin = parse_domain(message.origin);
  if (!origin || *origin != message.origin) refuse(MYCHAT_E_MALFORMED, "X-Origin-Node is not a domain.");
  check_content_digest(header(headers, kDigest), body);
  return message;
}

}  // namespace

std::vector<HeaderField> sign_request(const Ed25519PrivateKey& key, std::string_view origin,
                                      std::string_view destination, std::string_view method,
                                      std::string_view target_uri, std::string_view body,
                                      std::int64_t created) {
  std::vector<HeaderField> headers{{std::string(kDigest), content_digest(body)},
                                   {std::string(kOrigin), std::string(origin)},
                                   {std::string(kDestination), std::string(destination)},
                                   {std::string(kProtocol), std::string(kVersion)}};
  sf::InnerList input = list_of(kRequestParts);
  add_parameters(input, created, node_key_id(key.public_key()), kRequestTag,
                 base64url_encode(random_array<kNonceBytes>()));
  const RequestView request{method, target_uri, headers, body};
  const std::string base = signature_base(kRequestParts, input, request, nullptr);
  add_signature(headers, key, input, base);
  return headers;
}

std::vector<HeaderField> sign_response(const Ed25519PrivateKey& key, std::string_view origin,
                                       const RequestView& request, int status, std::string_view body,
                                       std::int64_t created) {
  std::vector<HeaderField> headers{{std::string(kDigest), content_digest(body)},
                                   {std::string(kOrigin), std::string(origin)},
                                   {std::string(kProtocol), std::string(kVersion)}};
  sf::InnerList input = list_of(kResponseParts);
  add_parameters(input, created, node_key_id(key.public_key()), kResponseTag, std::nullopt);
  const ResponseView response{status, headers, body};
  const std::string base = signature_base(kResponseParts, input, request, &response);
  add_signature(headers, key, input, base);
  return headers;
}

void SignedMessage::check_time(std::int64_t now_s, std::int64_t skew_s) const {
  if (created > now_s + skew_s) {
    refuse(MYCHAT_E_STALE, "The signature is dated " + std::to_string(created - now_s) +
                               " s in the future: a clock is wrong.");
  }
  if (expires < now_s - skew_s) {
    refuse(MYCHAT_E_STALE, "The signature ended " + std::to_string(now_s - expires) + " s ago.");
  }
}

void SignedMessage::verify(const Ed25519PublicKey& key) const {
  if (!ed25519_verify(key, view(base), signature)) {
    refuse(MYCHAT_E_SIGNATURE, "The signature of " + origin + " does not verify.");
  }
}

SignedMessage parse_signed(const RequestView& request) {
  SignedMessage message = parse(kRequestParts, request.headers, request.body, kRequestTag, request, nullptr);
  message.destination = header(request.headers, kDestination);
  return message;
}

SignedMessage parse_signed(const ResponseView& response, const RequestView& request) {
  return parse(kResponseParts, response.headers, response.body, kResponseTag, request, &response);
}

}  // namespace mychat::federation
