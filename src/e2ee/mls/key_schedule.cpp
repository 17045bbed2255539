#include "e2ee/mls/key_schedule.h"

#include "base/error.h"

namespace mychat::mls {

Secret psk_secret(const Suite& suite, const std::vector<PskInput>& psks) {
  if (psks.size() > 0xffff) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_E2EE, "A commit takes at most 65535 pre-shared keys.");
  }
  const Secret zero(suite.hash_size());
  Secret out = zero;
  std::uint16_t index = 0;
  for (const PskInput& psk : psks) {
    Writer label;
    label(psk.id, index, static_cast<std::uint16_t>(psks.size()));
    const Secret input = suite.expand_with_label(suite.extract(zero, psk.secret), "derived psk",
                                                 label.secret(), suite.hash_size());
    out = suite.extract(input, out);
    ++index;
  }
  return out;
}

Secret joiner_secret(const Suite& suite, ByteView init_secret, ByteView commit_secret,
                     ByteView group_context) {
  return suite.expand_with_label(suite.extract(init_secret, commit_secret), "joiner", group_context,
                                 suite.hash_size());
}

Secret welcome_secret(const Suite& suite, ByteView joiner, ByteView psk) {
  return suite.derive_secret(suite.extract(joiner, psk), "welcome");
}

Secret epoch_secret(const Suite& suite, ByteView joiner, ByteView psk, ByteView group_context) {
  return suite.expand_with_label(suite.extract(joiner, psk), "epoch", group_context, suite.hash_size());
}

EpochSecrets EpochSecrets::derive(const Suite& suite, ByteView epoch_secret) {
  const auto secret = [&](std::string_view label) { return suite.derive_secret(epoch_secret, label); };
  EpochSecrets out;
  out.sender_data = secret("sender data");
  out.encryption = secret("encryption");
  out.exporter = secret("exporter");
  out.external = secret("external");
  out.confirmation_key = secret("confirm");
  out.membership_key = secret("membership");
  out.resumption_psk = secret("resumption");
  out.epoch_authenticator = secret("authentication");
  out.init = secret("init");
  return out;
}

HpkeKeyPair EpochSecrets::external_key_pair(const Suite& suite) const {
  return hpke_derive_key_pair(suite.hpke().kem, external);
}

Secret EpochSecrets::export_secret(const Suite& suite, std::string_view label, ByteView context,
                                   std::size_t size) const {
  return suite.expand_with_label(suite.derive_secret(exporter, label), "exported", suite.hash(context), size);
}

Bytes confirmed_transcript_hash(const Suite& suite, ByteView interim_before,
                                const AuthenticatedContent& commit) {
  Writer writer;
  writer.raw(interim_before);
  writer(commit.wire_format, commit.content, commit.auth.signature);
  return suite.hash(writer.secret());
}

Bytes interim_transcript_hash(const Suite& suite, ByteView confirmed, ByteView confirmation_tag) {
  Writer writer;
  writer.raw(confirmed);
  writer(to_bytes(confirmation_tag));
  return suite.hash(writer.secret());
}

}  // namespace mychat::mls
