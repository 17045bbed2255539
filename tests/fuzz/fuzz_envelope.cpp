// Envelopes as the wire may carry them: refused, or opened to what a valid form allows; never verified by
// chance.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "e2ee/envelope_v1.h"
#include "support/test_keys.h"

namespace {

using namespace mychat;

// Fields stand one a line.
std::string next_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string line(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

void open_and_verify(const EnvelopeFields& fields, std::string_view content_type) {
  static const Ed25519PublicKey signing_key = Ed25519PrivateKey::generate().public_key();
  for (const OpenAs as : {OpenAs::kRecipient, OpenAs::kSender}) {
    try {
      open_envelope(fields, test::bob_key(), content_type, as);
    } catch (const Error& error) {
      if (error.status() == MYCHAT_E_INTERNAL || error.status() == MYCHAT_E_CRYPTO) std::abort();
    }
  }
  EnvelopeContext context;
  context.content_type = content_type;
  const SignatureCheck check = check_signature(fields, context);
  if (check.state == SignatureState::kSigned && check.signer == signing_key) std::abort();
}

// What is sealed opens again, and not after a change.
void round_trip(std::string_view plaintext) {
  EnvelopeContext context;
  context.content_type = "file";
  EnvelopeFields fields = seal_envelope(view(plaintext), test::bob_key().public_key(), context);
  if (open_envelope(fields, test::bob_key(), "file") != to_secret(plaintext)) std::abort();
  fields.encrypted_content[0] = fields.encrypted_content[0] == 'A' ? 'B' : 'A';
  try {
    open_envelope(fields, test::bob_key(), "file");
    std::abort();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = text(ByteView(data, size));
  if (size % 64 == 63) round_trip(rest);  // Seldom: two RSA decryptions each.
  EnvelopeFields fields;
  const std::string content_type = next_line(rest);
  for (std::string* field : {&fields.algorithm, &fields.iv, &fields.encrypted_key, &fields.encrypted_content,
                             &fields.sender_encrypted_key, &fields.sender_key_hash, &fields.signature}) {
    *field = next_line(rest);
  }
  open_and_verify(fields, content_type);
  fields.algorithm = kEnvelopeV1Algorithm;
  open_and_verify(fields, content_type);
  return 0;
}
