// What a node signs outside of HTTP requests: bytes with an Ed25519 signature over them and over what they
// are for. The bytes travel as they were signed, so that no reader has to write JSON as the writer did.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "crypto/sign.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat::federation {

inline constexpr std::size_t kStatementMax = 64 * 1024;  // Bytes of a payload.

// What a payload is for. Signed with it: a statement of one kind is none of another.
namespace purpose {
inline constexpr std::string_view kDocument = "MyChat node document v2";
inline constexpr std::string_view kRotation = "MyChat node key rotation v2";
inline constexpr std::string_view kHello = "MyChat handshake hello v2";
inline constexpr std::string_view kWelcome = "MyChat handshake welcome v2";
inline constexpr std::string_view kConfirm = "MyChat handshake confirm v2";
}  // namespace purpose

// The signature of `payload` for that purpose: Ed25519 over the purpose, a zero byte and the payload.
Ed25519Signature sign_for(const Ed25519PrivateKey& key, std::string_view purpose, ByteView payload);
[[nodiscard]] bool signed_for(const Ed25519PublicKey& key, std::string_view purpose, ByteView payload,
                              ByteView signature);

struct Statement {
  Bytes payload;
  Ed25519Signature signature{};

  static Statement make(const Ed25519PrivateKey& key, std::string_view purpose, std::string_view payload);
  // Throws MYCHAT_E_SIGNATURE, naming `what`.
  void verify(const Ed25519PublicKey& key, std::string_view purpose, const char* what) const;

  // {"payload": base64, "signature": base64}. Throws MYCHAT_E_MALFORMED, MYCHAT_E_TOO_LARGE.
  static Statement from_json(JsonView json);
  void to_json(JsonWriter& out) const;
  bool operator==(const Statement&) const = default;
};

inline constexpr JsonOptions kStatementJson{.max_bytes = kStatementMax, .max_depth = 6, .max_nodes = 1024};

}  // namespace mychat::federation
