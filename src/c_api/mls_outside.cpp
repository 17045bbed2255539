// MLS from outside of a group: external senders, and the wish to be added.
#include "c_api/mls_host.h"
#include "e2ee/mls/outside.h"

using namespace mychat;
using namespace mychat::c_api;

extern "C" {

mychat_status mychat_mls_external_sender(uint16_t suite, const void* credential, size_t credential_size,
                                         const void* signature_key, size_t signature_key_size,
                                         mychat_bytes** out_sender, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_sender);
    mls::ExternalSender sender;
    sender.credential = require_encoded<mls::Credential>(credential, credential_size, "credential");
    sender.signature_key = to_bytes(require_bytes(signature_key, signature_key_size, "signature_key"));
    if (!is_signature_key(mls::Suite::get(suite).signature(), sender.signature_key)) {
      throw_malformed("signature_key is no public key of the suite.");
    }
    out = new_bytes(mls::encode(sender));
  });
}

mychat_status mychat_mls_external_senders(const void* senders, size_t senders_size,
                                          mychat_bytes** out_extension, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_extension);
    const auto list = require_encoded_list<mls::ExternalSender>(senders, senders_size, "senders");
    out = new_bytes(mls::encode(mls::Extension{mls::extension::kExternalSenders, mls::encode(list)}));
  });
}

mychat_status mychat_mls_external_proposal(uint16_t suite, const void* group_id, size_t group_id_size,
                                           uint64_t epoch, uint32_t sender, const void* private_key,
                                           size_t private_key_size, const void* proposal,
                                           size_t proposal_size, const void* aad, size_t aad_size,
                                           mychat_bytes** out_message, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_message);
    const mls::Suite& of = mls::Suite::get(suite);
    const SigningKey signer =
        SigningKey::from_bytes(of.signature(), require_bytes(private_key, private_key_size, "private_key"));
    out = new_bytes(mls::encode(
        mls::propose_external(of, {read_bytes(group_id, group_id_size, "group_id"), epoch}, sender, signer,
                              require_encoded<mls::Proposal>(proposal, proposal_size, "proposal"),
                              read_bytes(aad, aad_size, "aad"))));
  });
}

mychat_status mychat_mls_join_proposal(mychat_mls_key_package* package, const void* group_id,
                                       size_t group_id_size, uint64_t epoch, const void* aad, size_t aad_size,
                                       mychat_bytes** out_message, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_message);
    const mls::OwnKeyPackage& own = require(package).own;
    const mls::Suite& suite = mls::Suite::get(own.key_package.suite);
    out = new_bytes(
        mls::encode(mls::propose_join(suite, {read_bytes(group_id, group_id_size, "group_id"), epoch},
                                      SigningKey::from_bytes(suite.signature(), own.signature_key),
                                      own.key_package, read_bytes(aad, aad_size, "aad"))));
  });
}

}  // extern "C"
