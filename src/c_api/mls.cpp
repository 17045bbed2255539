// MLS without a group: keys, credentials, proposals, key packages, and what can be seen of messages.
#include <algorithm>

#include "c_api/mls_host.h"
#include "crypto/random.h"
#include "e2ee/mls/account_credential.h"

using namespace mychat;
using namespace mychat::c_api;

namespace mychat::c_api {

namespace {

constexpr std::uint16_t kPackageFormat = 1;

struct StoredKeyPackage {
  std::uint16_t format = kPackageFormat;
  mls::OwnKeyPackage package;

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.format);
    if (self.format != kPackageFormat)
      throw Error(MYCHAT_E_STORE_TOO_NEW, MYCHAT_DOMAIN_E2EE,
                  "The key package was stored by another version.");
    archive(self.package);
  }
};

const mls::RuleEntry* find_rule(std::int32_t rule) {
  const auto& all = mls::rules();
  const auto at = std::find_if(all.begin(), all.end(), [&](const mls::RuleEntry& entry) {
    return static_cast<int>(entry.rule) == rule;
  });
  return at == all.end() ? nullptr : &*at;
}

Bytes random_nonce(const mls::Suite& suite) {
  Bytes out(suite.hash_size());
  random_secret_bytes(out);
  return out;
}

mychat_bytes* new_proposal(mls::Proposal proposal) { return new_bytes(mls::encode(proposal)); }

void describe_group_message(mychat_mls_message& out, Arena& arena, const Bytes& group_id, mls::Epoch epoch,
                            mls::ContentType content) {
  out.content = static_cast<mychat_mls_content>(content);
  out.epoch = epoch;
  put_bytes(arena, out.group_id, out.group_id_size, group_id);
}

void describe_welcome(mychat_mls_message& out, Arena& arena, const mls::Welcome& welcome) {
  out.suite = welcome.suite;
  Bytes references;
  for (const mls::EncryptedGroupSecrets& entry : welcome.secrets) {
    if (entry.new_member.empty() || entry.new_member.size() != welcome.secrets.front().new_member.size())
      throw_malformed("A welcome names key packages by hashes of different sizes.");
    references.insert(references.end(), entry.new_member.begin(), entry.new_member.end());
  }
  out.reference_size = welcome.secrets.empty() ? 0 : welcome.secrets.front().new_member.size();
  put_bytes(arena, out.references, out.references_size, references);
}

void describe_key_package(mychat_mls_message& out, Arena& arena, const mls::KeyPackage& package) {
  const Bytes reference = mls::Suite::get(package.suite).key_package_ref(package);
  out.suite = package.suite;
  out.reference_size = reference.size();
  put_bytes(arena, out.references, out.references_size, reference);
  out.credential = to_c(arena, package.leaf.credential);
  put_bytes(arena, out.signature_key, out.signature_key_size, package.leaf.signature_key);
}

}  // namespace

const mychat_mls_message* to_c(Arena& arena, const mls::Message& message) {
  auto* const out = arena.make<mychat_mls_message>();
  out->struct_size = sizeof *out;
  out->format = static_cast<mychat_mls_format>(message.format());
  put_bytes(arena, out->group_id, out->group_id_size, {});
  put_bytes(arena, out->references, out->references_size, {});
  put_bytes(arena, out->signature_key, out->signature_key_size, {});
  if (const auto* const open = message.as<mls::PublicMessage>()) {
    describe_group_message(*out, arena, open->content.group_id, open->content.epoch, open->content.type());
  } else if (const auto* const sealed = message.as<mls::PrivateMessage>()) {
    describe_group_message(*out, arena, sealed->group_id, sealed->epoch, sealed->content_type);
  } else if (const auto* const info = message.as<mls::GroupInfo>()) {
    out->suite = info->context.suite;
    out->epoch = info->context.epoch;
    put_bytes(arena, out->group_id, out->group_id_size, info->context.group_id);
  } else if (const auto* const welcome = message.as<mls::Welcome>()) {
    describe_welcome(*out, arena, *welcome);
  } else if (const auto* const package = message.as<mls::KeyPackage>()) {
    describe_key_package(*out, arena, *package);
  }
  return out;
}

}  // namespace mychat::c_api

extern "C" {

const char* mychat_mls_rule_text(int32_t rule) {
  try {
    const mls::RuleEntry* const entry = find_rule(rule);
    return entry == nullptr ? "" : entry->text.data();
  } catch (...) {
    return "";
  }
}

const char* mychat_mls_rule_section(int32_t rule) {
  try {
    const mls::RuleEntry* const entry = find_rule(rule);
    return entry == nullptr ? "" : entry->section.data();
  } catch (...) {
    return "";
  }
}

uint16_t mychat_mls_supported_suite(size_t index) {
  try {
    const auto& all = mls::Suite::supported();
    return index < all.size() ? all[index] : uint16_t{0};
  } catch (...) {
    return 0;
  }
}

void mychat_mls_credential_free(mychat_mls_credential* credential) { free_boxed(credential); }
void mychat_mls_proposal_free(mychat_mls_proposal* proposal) { free_boxed(proposal); }
void mychat_mls_proposal_list_free(mychat_mls_proposal_list* list) { free_boxed(list); }
void mychat_mls_message_free(mychat_mls_message* message) { free_boxed(message); }
void mychat_mls_key_package_free(mychat_mls_key_package* package) { delete package; }

void mychat_mls_leaf_options_init(mychat_mls_leaf_options* options) {
  if (options != nullptr) *options = MYCHAT_MLS_LEAF_OPTIONS_INIT;
}

mychat_status mychat_mls_new_signature_key(uint16_t suite, mychat_bytes** out_private_key,
                                           mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_private_key);
    out = new_bytes(SigningKey::generate(mls::Suite::get(suite).signature()).to_bytes());
  });
}

mychat_status mychat_mls_signature_public_key(uint16_t suite, const void* private_key,
                                              size_t private_key_size, mychat_bytes** out_public_key,
                                              mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_public_key);
    const ByteView bytes = require_bytes(private_key, private_key_size, "private_key");
    out = new_bytes(SigningKey::from_bytes(mls::Suite::get(suite).signature(), bytes).public_key());
  });
}

mychat_status mychat_mls_basic_credential(const void* identity, size_t identity_size,
                                          mychat_bytes** out_credential, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_credential);
    mls::Credential credential;
    credential.identity = read_bytes(identity, identity_size, "identity");
    out = new_bytes(mls::encode(credential));
  });
}

mychat_status mychat_mls_account_credential(const char* handle, const char* device_id,
                                            const void* account_key, size_t account_key_size,
                                            const void* signature_key, size_t signature_key_size,
                                            mychat_bytes** out_credential, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_credential);
    const ByteView seed = require_bytes(account_key, account_key_size, "account_key");
    if (seed.size() != MYCHAT_MLS_ACCOUNT_KEY_SIZE) throw_argument("account_key is not 32 bytes.");
    const ByteView leaf_key = require_bytes(signature_key, signature_key_size, "signature_key");
    out = new_bytes(mls::encode(mls::make_account_credential(require_text(handle, "handle"),
                                                             require_text(device_id, "device_id"),
                                                             Ed25519PrivateKey::from_seed(seed), leaf_key)));
  });
}

mychat_status mychat_mls_verify_account(const void* credential, size_t credential_size,
                                        const void* signature_key, size_t signature_key_size,
                                        const void* account_public_key, size_t account_public_key_size,
                                        mychat_error* error) {
  return guard(error, [&] {
    const auto named = require_encoded<mls::Credential>(credential, credential_size, "credential");
    const ByteView leaf_key = require_bytes(signature_key, signature_key_size, "signature_key");
    const ByteView bytes = require_bytes(account_public_key, account_public_key_size, "account_public_key");
    Ed25519PublicKey key{};
    if (bytes.size() != key.size()) throw_argument("account_public_key is not 32 bytes.");
    std::copy(bytes.begin(), bytes.end(), key.begin());
    const mls::AccountAuthentication accounts([&](std::string_view) { return key; });
    if (!accounts.accepts(named, leaf_key, {}))
      throw Error(MYCHAT_E_SIGNATURE, MYCHAT_DOMAIN_E2EE,
                  "The account does not vouch for the signature key.");
  });
}

mychat_status mychat_mls_read_credential(const void* credential, size_t credential_size,
                                         mychat_mls_credential** out_credential, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_credential*& out = require_out(out_credential);
    out = new_of<mychat_mls_credential>(
        require_encoded<mls::Credential>(credential, credential_size, "credential"));
  });
}

mychat_status mychat_mls_extension(uint16_t type, const void* data, size_t data_size,
                                   mychat_bytes** out_extension, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_extension);
    out = new_bytes(mls::encode(mls::Extension{type, read_bytes(data, data_size, "data")}));
  });
}

mychat_status mychat_mls_required_capabilities(const char* extension_types, const char* proposal_types,
                                               const char* credential_types, mychat_bytes** out_extension,
                                               mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_extension);
    const mls::RequiredCapabilities required{read_numbers(extension_types, "extension_types"),
                                             read_numbers(proposal_types, "proposal_types"),
                                             read_numbers(credential_types, "credential_types")};
    out =
        new_bytes(mls::encode(mls::Extension{mls::extension::kRequiredCapabilities, mls::encode(required)}));
  });
}

mychat_status mychat_mls_propose_add(const void* key_package, size_t key_package_size,
                                     mychat_bytes** out_proposal, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_proposal);
    std::vector<mls::KeyPackage> packages = require_key_packages(key_package, key_package_size);
    if (packages.size() != 1) throw_malformed("There is not one key package.");
    out = new_proposal({mls::Add{std::move(packages.front())}});
  });
}

mychat_status mychat_mls_propose_remove(uint32_t leaf_index, mychat_bytes** out_proposal,
                                        mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_proposal);
    out = new_proposal({mls::Remove{leaf_index}});
  });
}

mychat_status mychat_mls_propose_psk(uint16_t suite, const void* id, size_t id_size,
                                     mychat_bytes** out_proposal, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_proposal);
    mls::PreSharedKeyId psk;
    psk.psk_id = read_bytes(id, id_size, "id");
    psk.psk_nonce = random_nonce(mls::Suite::get(suite));
    out = new_proposal({mls::Psk{std::move(psk)}});
  });
}

mychat_status mychat_mls_propose_resumption_psk(uint16_t suite, const void* group_id, size_t group_id_size,
                                                uint64_t epoch, mychat_bytes** out_proposal,
                                                mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_proposal);
    mls::PreSharedKeyId psk;
    psk.type = mls::PskType::kResumption;
    psk.psk_group_id = read_bytes(group_id, group_id_size, "group_id");
    psk.psk_epoch = epoch;
    psk.psk_nonce = random_nonce(mls::Suite::get(suite));
    out = new_proposal({mls::Psk{std::move(psk)}});
  });
}

mychat_status mychat_mls_propose_reinit(const void* group_id, size_t group_id_size, uint16_t suite,
                                        const void* extensions, size_t extensions_size,
                                        mychat_bytes** out_proposal, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_proposal);
    mls::ReInit reinit;
    reinit.group_id = read_bytes(group_id, group_id_size, "group_id");
    reinit.suite = suite;
    if (reinit.group_id.empty()) reinit.group_id = random_nonce(mls::Suite::get(suite));
    mls::Suite::get(suite);
    reinit.extensions = require_encoded_list<mls::Extension>(extensions, extensions_size, "extensions");
    out = new_proposal({std::move(reinit)});
  });
}

mychat_status mychat_mls_propose_extensions(const void* extensions, size_t extensions_size,
                                            mychat_bytes** out_proposal, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_proposal);
    out = new_proposal({mls::GroupContextExtensions{
        require_encoded_list<mls::Extension>(extensions, extensions_size, "extensions")}});
  });
}

mychat_status mychat_mls_propose_self_remove(mychat_bytes** out_proposal, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_proposal);
    out = new_proposal({mls::SelfRemove{}});
  });
}

mychat_status mychat_mls_read_proposal(const void* proposal, size_t proposal_size,
                                       mychat_mls_proposal** out_proposal, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_proposal*& out = require_out(out_proposal);
    out = new_of<mychat_mls_proposal>(
        mls::WaitingProposal{{},
                             require_encoded<mls::Proposal>(proposal, proposal_size, "proposal"),
                             {mls::SenderType::kMember, MYCHAT_MLS_NO_LEAF}});
  });
}

mychat_status mychat_mls_key_package_create(uint16_t suite, const mychat_mls_leaf_options* leaf,
                                            mychat_mls_key_package** out_package, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_key_package*& out = require_out(out_package);
    const mls::Suite& of = mls::Suite::get(suite);
    const Appearance appearance = require_appearance(leaf, of, true);
    out = new mychat_mls_key_package{
        mls::make_key_package(of, *appearance.signer, appearance.leaf, mls::Environment())};
  });
}

mychat_status mychat_mls_key_package_message(mychat_mls_key_package* package, mychat_bytes** out_message,
                                             mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_message);
    out = new_bytes(mls::encode(mls::Message{require(package).own.key_package}));
  });
}

mychat_status mychat_mls_key_package_ref(mychat_mls_key_package* package, mychat_bytes** out_reference,
                                         mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_reference);
    const mls::KeyPackage& published = require(package).own.key_package;
    out = new_bytes(mls::Suite::get(published.suite).key_package_ref(published));
  });
}

int32_t mychat_mls_key_package_is_last_resort(const mychat_mls_key_package* package) {
  return package != nullptr && package->own.is_last_resort() ? 1 : 0;
}

mychat_status mychat_mls_key_package_save(mychat_mls_key_package* package, mychat_bytes** out_secret,
                                          mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_secret);
    out = new_bytes(mls::encode_secret(StoredKeyPackage{kPackageFormat, require(package).own}));
  });
}

mychat_status mychat_mls_key_package_load(const void* secret, size_t secret_size,
                                          mychat_mls_key_package** out_package, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_key_package*& out = require_out(out_package);
    const ByteView bytes = require_bytes(secret, secret_size, "secret");
    auto made = std::make_unique<mychat_mls_key_package>();
    try {
      made->own = mls::decode<StoredKeyPackage>(bytes).package;
    } catch (const Error& damage) {
      if (damage.status() != MYCHAT_E_MALFORMED) throw;
      throw Error(MYCHAT_E_STORE_CORRUPT, MYCHAT_DOMAIN_E2EE,
                  "The key package that was stored cannot be read.");
    }
    mls::Suite::get(made->own.key_package.suite);
    out = made.release();
  });
}

mychat_status mychat_mls_read_message(const void* message, size_t message_size,
                                      mychat_mls_message** out_message, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_message*& out = require_out(out_message);
    out = new_of<mychat_mls_message>(require_encoded<mls::Message>(message, message_size, "message"));
  });
}

}  // extern "C"
