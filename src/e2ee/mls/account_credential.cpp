#include "e2ee/mls/account_credential.h"

#include "base/encoding.h"
#include "base/error.h"
#include "protocol/handle.h"

namespace mychat::mls {

namespace {

constexpr std::uint8_t kForm = 1;
constexpr std::size_t kMostDevice = 64;

struct IdentityBytes {
  std::uint8_t form = kForm;
  Bytes user, device, certificate;
  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.form, self.user, self.device, self.certificate);
  }
};

Bytes bytes_to_certify(std::string_view user, std::string_view device, ByteView signature_key) {
  Writer writer;
  writer(to_bytes(view("MyChat MLS leaf v1")), to_bytes(view(user)), to_bytes(view(device)),
         to_bytes(signature_key));
  return writer.bytes();
}

bool is_device(std::string_view text) { return !text.empty() && text.size() <= kMostDevice && is_utf8(text); }

}  // namespace

std::optional<AccountIdentity> AccountIdentity::of(const Credential& credential) {
  if (credential.type != CredentialType::kBasic) return std::nullopt;
  IdentityBytes bytes;
  try {
    bytes = decode<IdentityBytes>(credential.identity);
  } catch (const Error&) {
    return std::nullopt;
  }
  AccountIdentity out{std::string(text(bytes.user)), std::string(text(bytes.device)),
                      std::move(bytes.certificate)};
  if (bytes.form != kForm || !is_device(out.device) || normalize_handle(out.user) != out.user)
    return std::nullopt;
  return out;
}

Credential make_account_credential(std::string_view user, std::string_view device,
                                   const Ed25519PrivateKey& account_key, ByteView leaf_signature_key) {
  const std::optional<std::string> handle = normalize_handle(user);
  if (!handle) throw_argument("The user of a credential is a handle: username@domain.");
  if (!is_device(device)) throw_argument("The device of a credential has 1 to 64 bytes of UTF-8.");
  const Ed25519Signature certificate =
      account_key.sign(bytes_to_certify(*handle, device, leaf_signature_key));
  Credential out;
  out.identity = encode(
      IdentityBytes{kForm, to_bytes(view(*handle)), to_bytes(view(device)), to_bytes(ByteView(certificate))});
  return out;
}

bool AccountAuthentication::accepts(const Credential& credential, ByteView signature_key, ByteView) const {
  const auto identity = AccountIdentity::of(credential);
  if (!identity) return false;
  const std::optional<Ed25519PublicKey> key = key_of_(identity->user);
  return key && ed25519_verify(*key, bytes_to_certify(identity->user, identity->device, signature_key),
                               identity->certificate);
}

bool AccountAuthentication::is_successor(const Credential& before, const Credential& after) const {
  const auto old_identity = AccountIdentity::of(before);
  const auto new_identity = AccountIdentity::of(after);
  return old_identity && new_identity && old_identity->user == new_identity->user &&
         old_identity->device == new_identity->device;
}

}  // namespace mychat::mls
