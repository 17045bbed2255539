#include "federation/statement.h"

#include <algorithm>
#include <string>

#include "base/encoding.h"
#include "base/error.h"
#include "protocol/fields.h"

namespace mychat::federation {
namespace {

Bytes signed_bytes(std::string_view purpose, ByteView payload) {
  Bytes bytes;
  bytes.reserve(purpose.size() + 1 + payload.size());
  bytes.insert(bytes.end(), purpose.begin(), purpose.end());
  bytes.push_back(0);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

}  // namespace

Ed25519Signature sign_for(const Ed25519PrivateKey& key, std::string_view purpose, ByteView payload) {
  return key.sign(signed_bytes(purpose, payload));
}

bool signed_for(const Ed25519PublicKey& key, std::string_view purpose, ByteView payload, ByteView signature) {
  return ed25519_verify(key, signed_bytes(purpose, payload), signature);
}

Statement Statement::make(const Ed25519PrivateKey& key, std::string_view purpose, std::string_view payload) {
  if (payload.size() > kStatementMax) throw_argument("What the node is to sign is longer than 64 KiB.");
  return {.payload = to_bytes(view(payload)), .signature = sign_for(key, purpose, view(payload))};
}

void Statement::verify(const Ed25519PublicKey& key, std::string_view purpose, const char* what) const {
  if (!signed_for(key, purpose, payload, signature)) {
    throw Error(MYCHAT_E_SIGNATURE, MYCHAT_DOMAIN_FEDERATION,
                "The signature of the " + std::string(what) + " does not verify.");
  }
}

Statement Statement::from_json(JsonView json) {
  const std::string_view payload_text = json.string("payload");
  const auto size = base64_decoded_size(payload_text);
  if (!size) json.at("payload").fail("is not base64");
  if (*size > kStatementMax) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_PROTOCOL, "What the node signed is longer than 64 KiB.");
  }
  const auto signature = base64_decode(json.string("signature"));
  if (!signature || signature->size() != kEd25519SignatureSize) {
    json.at("signature").fail("is not base64 of 64 bytes");
  }
  Statement statement{.payload = *base64_decode(payload_text)};
  std::copy(signature->begin(), signature->end(), statement.signature.begin());
  return statement;
}

void Statement::to_json(JsonWriter& out) const {
  out.begin_object();
  out.member("payload", base64_encode(payload));
  out.member("signature", base64_encode(signature));
  out.end_object();
}

}  // namespace mychat::federation
