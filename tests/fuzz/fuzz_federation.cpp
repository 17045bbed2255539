// What other nodes say: documents, handshake statements, addresses, patterns. Refused, or the same when
// written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "federation/address_rules.h"
#include "federation/document_form.h"
#include "federation/handshake.h"
#include "federation/node_document.h"
#include "federation/policy.h"
#include "federation/statement.h"
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
  check_names(input);
  return 0;
}
