// The secrets of an epoch (RFC 9420 section 8).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/hpke.h"
#include "e2ee/mls/suite.h"
#include "e2ee/mls/types.h"

namespace mychat::mls {

struct PskInput {
  PreSharedKeyId id;
  Secret secret;
};

// Section 8.4; all zero when there are none.
Secret psk_secret(const Suite& suite, const std::vector<PskInput>& psks);

Secret joiner_secret(const Suite& suite, ByteView init_secret, ByteView commit_secret,
                     ByteView group_context);
Secret welcome_secret(const Suite& suite, ByteView joiner, ByteView psk);
Secret epoch_secret(const Suite& suite, ByteView joiner, ByteView psk, ByteView group_context);

struct EpochSecrets {
  Secret sender_data, encryption, exporter, external, confirmation_key, membership_key, resumption_psk,
      epoch_authenticator, init;

  static EpochSecrets derive(const Suite& suite, ByteView epoch_secret);

  // The secret that the secret tree takes over is not kept here twice.
  Secret take_encryption() { return std::exchange(encryption, {}); }
  HpkeKeyPair external_key_pair(const Suite& suite) const;
  Secret export_secret(const Suite& suite, std::string_view label, ByteView context, std::size_t size) const;

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.sender_data, self.encryption, self.exporter, self.external, self.confirmation_key,
            self.membership_key, self.resumption_psk, self.epoch_authenticator, self.init);
  }
};

// The label under which an external joiner and the group export their init_secret (section 8.3).
inline constexpr std::string_view kExternalInitLabel = "MLS 1.0 external init secret";

// Section 8.2.
Bytes confirmed_transcript_hash(const Suite& suite, ByteView interim_before,
                                const AuthenticatedContent& commit);
Bytes interim_transcript_hash(const Suite& suite, ByteView confirmed, ByteView confirmation_tag);

}  // namespace mychat::mls
