// Who a leaf belongs to in MyChat: a basic credential that names the account and the device, and the
// account's signing key (src/keys) vouching that the leaf's signature key is that device's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/sign.h"
#include "e2ee/mls/environment.h"
#include "e2ee/mls/types.h"

namespace mychat::mls {

// The identity of the credential: TLS syntax, the octet 1 first.
struct AccountIdentity {
  std::string user;    // username@domain, canonical.
  std::string device;  // 1 to 64 bytes of UTF-8.
  Bytes certificate;   // Ed25519 by the account's signing key.

  // Nothing when the credential is not of this form.
  static std::optional<AccountIdentity> of(const Credential& credential);
};

// MYCHAT_E_INVALID_ARGUMENT for a user that is no handle or a device that is too long or not UTF-8.
Credential make_account_credential(std::string_view user, std::string_view device,
                                   const Ed25519PrivateKey& account_key, ByteView leaf_signature_key);

// Accepts leaves that an account's signing key vouches for. Devices may change their leaf's key, and nothing
// of who they are.
class AccountAuthentication final : public AuthenticationService {
 public:
  // The signing key of an account as it is accepted now; nothing when it is not known. Called from several
  // threads at once.
  using KeyOf = std::function<std::optional<Ed25519PublicKey>(std::string_view user)>;

  explicit AccountAuthentication(KeyOf key_of) : key_of_(std::move(key_of)) {}
  bool accepts(const Credential& credential, ByteView signature_key, ByteView group_id) const override;
  bool is_successor(const Credential& before, const Credential& after) const override;

 private:
  KeyOf key_of_;
};

}  // namespace mychat::mls
