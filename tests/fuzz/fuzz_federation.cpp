// What other nodes say: documents, handshakes, signatures, transactions, addresses, patterns. Refused, or the
// same when written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "federation/address_rules.h"
#include "federation/discovery.h"
#include "federation/document_form.h"
#include "federation/handshake.h"
#include "federation/header_lines.h"
#include "federation/hint.h"
#include "federation/http_signature.h"
#include "federation/node_document.h"
#include "federation/peer_list.h"
#include "federation/pin_text.h"
#include "federation/policy.h"
#include "federation/statement.h"
#include "federation/structured_fields.h"
#include "federation/transaction.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace {

using namespace mychat;
using namespace mychat::federation;

constexpr std::int64_t kNow = 1'800'000'000'000;

template <class F>
void refuse_or(F&& check) {
  try {
    check();
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_INTERNAL) std::abort();
  }
}

const Ed25519PrivateKey& key() {
  static const Ed25519PrivateKey made = Ed25519PrivateKey::from_seed(Bytes(kEd25519SeedSize, 7));
  return made;
}

// Signed by a key that the sender holds: what a malicious node can do.
void check_signed(std::string_view input) {
  if (input.size() > kStatementMax) return;
  const Statement hello = Statement::make(key(), purpose::kHello, input);
  refuse_or([&] { static_cast<void>(hello_origin(hello, "beta.example")); });
  refuse_or([&] { static_cast<void>(confirmed_welcome(hello)); });
  const HandshakeInitiator begun(
      {.domain = "alpha.example", .protocols = {2}, .capabilities = {}, .limits = {}}, key(), "beta.example",
      kNow);
  NodeDocument peer;
  peer.domain = "beta.example";
  peer.key = key().public_key();
  refuse_or([&] {
    static_cast<void>(begun.finish(Statement::make(key(), purpose::kWelcome, input), peer, 0, kNow));
  });
}

void check_form(std::string_view input) {
  const NodeDocument document = document_from_json(input);
  if (!(document_from_json(document_json(document)) == document)) std::abort();
  const Statement statement = Statement::make(key(), purpose::kDocument, input);
  refuse_or([&] { static_cast<void>(verify_document(statement, document.domain, kNow)); });
}

void check_wire(std::string_view input) {
  const Json json = Json::parse(input, {.max_bytes = 2 * kStatementMax, .max_depth = 6});
  const Statement statement = Statement::from_json(json);
  if (!(Statement::from_json(Json::parse(to_json_text(statement))) == statement)) std::abort();
  static_cast<void>(verify_document(statement, "alpha.example", kNow));
}

void check_known(std::string_view input) {
  const PinnedNode known = pin_from_text(input);
  if (!(pin_from_text(pin_text(known)) == known)) std::abort();
}

void check_fields(std::string_view input) {
  const sf::Dictionary fields = sf::parse_dictionary(input, "X");
  if (!(sf::parse_dictionary(sf::serialize(fields), "X") == fields)) std::abort();
}

// Each header in turn is what the input says; nothing then verifies that is not what was signed.
void check_signature(std::string_view input) {
  static const std::string target = "https://beta.example/api/federation/transactions";
  static const std::vector<HeaderField> signed_ones =
      sign_request(key(), "alpha.example", "beta.example", "POST", target, "{}", kNow / 1000);
  for (std::size_t at = 0; at < signed_ones.size(); ++at) {
    std::vector<HeaderField> headers = signed_ones;
    headers[at].second = std::string(input);
    refuse_or([&] {
      const SignedMessage message = parse_signed(RequestView{"POST", target, headers, "{}"});
      message.verify(key().public_key());
      // Spaces and what else is no part of a structured field may differ; what it says may not.
      const bool structured = headers[at].first.starts_with("signature");
      if (!structured && headers[at].second != signed_ones[at].second) std::abort();
    });
  }
}

void check_transaction(std::string_view input) {
  const Transaction transaction = Transaction::from_json(Json::parse(input, kTransactionJson));
  const std::string written = to_json_text(transaction);
  const Transaction again = Transaction::from_json(Json::parse(written, kTransactionJson));
  if (again.items.size() != transaction.items.size()) std::abort();
  static_cast<void>(TransactionAnswer::from_json(Json::parse(input, kTransactionJson)));
}

void check_hints(std::string_view input) {
  const auto hints = hints_from_json(Json::parse(input, kHintsJson));
  if (!(hints_from_json(Json::parse(hints_json(hints), kHintsJson)) == hints)) std::abort();
}

void check_names(std::string_view input) {
  if (const auto address = IpAddress::parse(input)) static_cast<void>(address_kind_name(classify(*address)));
  if (is_domain_pattern(input) && !input.starts_with('*') && !matches_domain(input, input)) std::abort();
  if (is_api_url_of(input, "alpha.example", {}) && !input.starts_with("https://")) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = text(ByteView(data, size));
  check_signed(input);
  refuse_or([&] { check_form(input); });
  refuse_or([&] { check_wire(input); });
  refuse_or([&] { check_fields(input); });
  check_signature(input);
  refuse_or([&] { check_transaction(input); });
  refuse_or([&] { check_hints(input); });
  refuse_or([&] { check_known(input); });
  refuse_or([&] { static_cast<void>(peer_list_from_json(input)); });
  refuse_or([&] { static_cast<void>(parse_header_lines(input)); });
  refuse_or([&] { static_cast<void>(read_well_known(200, input, kNow, "alpha.example", kNow, {})); });
  check_names(input);
  return 0;
}
