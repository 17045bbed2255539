// What a group asks of the program; values on their way in and out.
#include "c_api/mls_host.h"

#include <algorithm>
#include <charconv>

#include "e2ee/mls/account_credential.h"

namespace mychat::c_api {
namespace {

constexpr mychat_mls_flags kAllFlags = mychat_mls_flags{MYCHAT_MLS_ACCEPT_ALL} |
                                       mychat_mls_flags{MYCHAT_MLS_IGNORE_LIFETIMES} |
                                       mychat_mls_flags{MYCHAT_MLS_PRIVATE_HANDSHAKES};
constexpr mychat_mls_leaf_flags kAllLeafFlags =
    mychat_mls_leaf_flags{MYCHAT_MLS_LEAF_SELF_REMOVE} | mychat_mls_leaf_flags{MYCHAT_MLS_LEAF_LAST_RESORT};

// 0 stands for the default, -1 for none where `may_be_none`.
std::size_t read_count(std::int32_t wanted, std::size_t otherwise, bool may_be_none, const char* name) {
  if (wanted == 0) return otherwise;
  if (wanted == -1 && may_be_none) return 0;
  if (wanted < 0) throw_argument(std::string(name) + " is out of range.");
  return static_cast<std::size_t>(wanted);
}

std::uint64_t read_seconds(std::int64_t wanted, std::uint64_t otherwise, const char* name) {
  if (wanted < 0) throw_argument(std::string(name) + " is negative.");
  return wanted == 0 ? otherwise : (static_cast<std::uint64_t>(wanted) + 999) / 1000;
}

std::optional<mls::LeafIndex> leaf_of(const mls::WaitingProposal& item) {
  if (const auto* const remove = item.proposal.as<mls::Remove>()) return remove->removed;
  const bool own =
      item.proposal.as<mls::Update>() != nullptr || item.proposal.as<mls::SelfRemove>() != nullptr;
  if (own && item.sender.type == mls::SenderType::kMember && item.sender.index != MYCHAT_MLS_NO_LEAF)
    return item.sender.index;
  return std::nullopt;
}

const std::uint32_t* put_leaves(Arena& arena, std::vector<mls::LeafIndex> leaves) {
  auto* const out = static_cast<std::uint32_t*>(
      arena.take(std::max<std::size_t>(leaves.size(), 1) * sizeof(std::uint32_t)));
  std::copy(leaves.begin(), leaves.end(), out);
  return out;
}

}  // namespace

// ---- Host

Host::Host(const mychat_mls_options& options) : options_(options) {
  if ((options_.flags & ~kAllFlags) != 0) throw_argument("options.flags has a flag that does not exist.");
  const bool all = (options_.flags & MYCHAT_MLS_ACCEPT_ALL) != 0;
  if (all == (options_.accept != nullptr))
    throw_argument("options.accept is required, or MYCHAT_MLS_ACCEPT_ALL instead of it.");
  environment();
}

mls::Environment Host::environment() const {
  mls::Environment out;
  out.authentication = this;
  out.check_received_lifetimes = (options_.flags & MYCHAT_MLS_IGNORE_LIFETIMES) == 0;
  out.public_handshakes = (options_.flags & MYCHAT_MLS_PRIVATE_HANDSHAKES) == 0;
  out.past_epochs = read_count(options_.past_epochs, out.past_epochs, true, "options.past_epochs");
  out.resumption_epochs =
      read_count(options_.resumption_epochs, out.resumption_epochs, true, "options.resumption_epochs");
  out.most_proposals =
      read_count(options_.max_waiting_proposals, out.most_proposals, false, "options.max_waiting_proposals");
  out.ratchet.most_ahead = static_cast<std::uint32_t>(
      read_count(options_.max_messages_ahead, out.ratchet.most_ahead, false, "options.max_messages_ahead"));
  out.ratchet.most_kept = std::max(out.ratchet.most_kept, out.ratchet.most_ahead);
  out.longest_lifetime = read_seconds(options_.max_lifetime, out.longest_lifetime, "options.max_lifetime");
  return out;
}

bool Host::ask(const mls::Credential& credential, ByteView signature_key, ByteView group_id) const {
  Arena arena;
  return options_.accept(to_c(arena, credential), signature_key.data(), signature_key.size(), group_id.data(),
                         group_id.size(), options_.context) == 1;
}

bool Host::ask_successor(const mls::Credential& before, const mls::Credential& after) const {
  Arena arena;
  return options_.is_successor(to_c(arena, before), to_c(arena, after), options_.context) == 1;
}

bool Host::accepts(const mls::Credential& credential, ByteView signature_key, ByteView group_id) const {
  if (options_.accept == nullptr) return true;
  if (is_callers()) return ask(credential, signature_key, group_id);
  ask_later({credential, to_bytes(signature_key), to_bytes(group_id), std::nullopt});
  return true;
}

bool Host::is_successor(const mls::Credential& before, const mls::Credential& after) const {
  if (before == after) return true;
  if (options_.is_successor == nullptr) return options_.accept == nullptr;
  if (is_callers()) return ask_successor(before, after);
  ask_later({after, {}, {}, before});
  return true;
}

void Host::ask_later(Question question) const {
  const std::lock_guard lock(mutex_);
  later_.push_back(std::move(question));
}

std::optional<Secret> Host::psk(const mls::PreSharedKeyId& id) const {
  if (options_.psk == nullptr) return std::nullopt;
  Arena arena;
  Secret out(MYCHAT_MLS_PSK_MAX_SIZE);
  const std::int32_t size = options_.psk(to_c(arena, id), out.data(), options_.context);
  if (size <= 0 || size > MYCHAT_MLS_PSK_MAX_SIZE) return std::nullopt;
  out.resize(static_cast<std::size_t>(size));
  return out;
}

bool Host::accepts_commit(const mls::CommitSummary& summary) const {
  if (options_.accept_commit == nullptr) return true;
  Arena arena;
  return options_.accept_commit(to_c(arena, summary), options_.context) == 1;
}

Host::Call::Call(const Host& host) : host_(host) { host.caller_ = std::this_thread::get_id(); }

Host::Call::~Call() {
  host_.later_.clear();
  host_.caller_ = {};
}

void Host::Call::settle() const {
  // The helpers are done; the program may have let the same be asked many times.
  std::vector<Question> questions;
  questions.swap(host_.later_);
  for (const Question& question : questions) {
    mls::require(question.before ? host_.ask_successor(*question.before, question.credential)
                                 : host_.ask(question.credential, question.signature_key, question.group_id),
                 mls::Rule::kLeafCredential);
  }
}

// ---- What comes in

mychat_mls_key_package& require(mychat_mls_key_package* package) {
  if (package == nullptr) throw_argument("The key package is NULL.");
  return *package;
}

mychat_mls_group& require(mychat_mls_group* group) {
  if (group == nullptr) throw_argument("The group is NULL.");
  return *group;
}

mychat_mls_commit& require(mychat_mls_commit* commit) {
  if (commit == nullptr) throw_argument("The commit is NULL.");
  return *commit;
}

std::shared_ptr<const Host> require_host(const mychat_mls_options* options) {
  return std::make_shared<const Host>(read_options(options, "options"));
}

Bytes read_bytes(const void* data, std::size_t size, const char* name) {
  return to_bytes(require_bytes(data, size, name));
}

std::vector<std::uint16_t> read_numbers(const char* text, const char* name) {
  std::vector<std::uint16_t> out;
  if (text == nullptr) return out;
  std::string_view rest = require_text(text, name);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) {
      std::uint16_t number = 0;
      const auto [last, failure] = std::from_chars(rest.data(), rest.data() + end, number);
      if (failure != std::errc() || last != rest.data() + end)
        throw_argument(std::string(name) + " is no list of numbers up to 65535.");
      out.push_back(number);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

Appearance require_appearance(const mychat_mls_leaf_options* options, const mls::Suite& suite,
                              bool needs_key) {
  const mychat_mls_leaf_options wanted = read_options(options, "leaf");
  if ((wanted.flags & ~kAllLeafFlags) != 0) throw_argument("leaf.flags has a flag that does not exist.");
  Appearance out;
  if (wanted.credential_size == 0) throw_argument("leaf.credential is missing.");
  out.leaf.credential =
      require_encoded<mls::Credential>(wanted.credential, wanted.credential_size, "leaf.credential");
  out.leaf.extensions =
      require_encoded_list<mls::Extension>(wanted.extensions, wanted.extensions_size, "leaf.extensions");
  out.leaf.more_extensions = read_numbers(wanted.extension_types, "leaf.extension_types");
  out.leaf.more_proposals = read_numbers(wanted.proposal_types, "leaf.proposal_types");
  out.leaf.lifetime = read_seconds(wanted.lifetime, out.leaf.lifetime, "leaf.lifetime");
  out.leaf.self_remove = (wanted.flags & MYCHAT_MLS_LEAF_SELF_REMOVE) != 0;
  out.leaf.last_resort = (wanted.flags & MYCHAT_MLS_LEAF_LAST_RESORT) != 0;
  const ByteView key = require_bytes(wanted.private_key, wanted.private_key_size, "leaf.private_key");
  if (!key.empty()) {
    out.signer = SigningKey::from_bytes(suite.signature(), key);
  } else if (needs_key) {
    throw_argument("leaf.private_key is missing.");
  }
  return out;
}

std::optional<Appearance> optional_appearance(const mychat_mls_leaf_options* options,
                                              const mls::Suite& suite) {
  if (options == nullptr) return std::nullopt;
  return require_appearance(options, suite, false);
}

mls::GroupOptions read_group_options(const mychat_mls_group_options* options) {
  if (options == nullptr) return {};
  const mychat_mls_group_options wanted = read_options(options, "group");
  if (wanted.flags != 0) throw_argument("group.flags must be 0.");
  return {
      read_bytes(wanted.group_id, wanted.group_id_size, "group.group_id"),
      require_encoded_list<mls::Extension>(wanted.extensions, wanted.extensions_size, "group.extensions")};
}

std::vector<mls::KeyPackage> require_key_packages(const void* data, std::size_t size) {
  std::vector<mls::KeyPackage> out;
  for (mls::Message& message : require_encoded_list<mls::Message>(data, size, "key_packages")) {
    auto* const package = std::get_if<mls::KeyPackage>(&message.body);
    if (package == nullptr) throw_malformed("A message is no key package.");
    out.push_back(std::move(*package));
  }
  return out;
}

// ---- What goes out

void put_bytes(Arena& arena, const std::uint8_t*& data, std::size_t& size, ByteView bytes) {
  data = arena.bytes(bytes);
  size = bytes.size();
}

const mychat_mls_credential* to_c(Arena& arena, const mls::Credential& credential) {
  auto* const out = arena.make<mychat_mls_credential>();
  out->struct_size = sizeof *out;
  out->type = static_cast<mychat_mls_credential_type>(credential.type);
  put_bytes(arena, out->encoded, out->encoded_size, mls::encode(credential));
  put_bytes(arena, out->identity, out->identity_size, credential.identity);
  const std::optional<mls::AccountIdentity> account = mls::AccountIdentity::of(credential);
  out->handle = arena.text(account ? account->user : "");
  out->device_id = arena.text(account ? account->device : "");
  return out;
}

const mychat_mls_psk_id* to_c(Arena& arena, const mls::PreSharedKeyId& id) {
  const bool external = id.type == mls::PskType::kExternal;
  auto* const out = arena.make<mychat_mls_psk_id>();
  out->struct_size = sizeof *out;
  out->type = static_cast<mychat_mls_psk_type>(id.type);
  out->usage = external ? mychat_mls_psk_usage{MYCHAT_MLS_PSK_USAGE_NONE}
                        : static_cast<mychat_mls_psk_usage>(id.usage);
  put_bytes(arena, out->id, out->id_size, id.psk_id);
  put_bytes(arena, out->group_id, out->group_id_size, id.psk_group_id);
  out->epoch = external ? 0 : id.psk_epoch;
  return out;
}

const mychat_mls_proposal* to_c(Arena& arena, const mls::WaitingProposal& item) {
  const mls::Proposal& proposal = item.proposal;
  auto* const out = arena.make<mychat_mls_proposal>();
  out->struct_size = sizeof *out;
  out->type = static_cast<mychat_mls_proposal_type>(proposal.type());
  out->sender_type = static_cast<mychat_mls_sender_type>(item.sender.type);
  const bool has_index =
      item.sender.type == mls::SenderType::kMember || item.sender.type == mls::SenderType::kExternal;
  out->sender = has_index ? item.sender.index : MYCHAT_MLS_NO_LEAF;
  out->leaf_index = leaf_of(item).value_or(MYCHAT_MLS_NO_LEAF);
  put_bytes(arena, out->encoded, out->encoded_size, mls::encode(proposal));
  put_bytes(arena, out->reference, out->reference_size, item.reference);
  const auto* const add = proposal.as<mls::Add>();
  const auto* const update = proposal.as<mls::Update>();
  const mls::LeafNode* const leaf = add != nullptr      ? &add->key_package.leaf
                                    : update != nullptr ? &update->leaf
                                                        : nullptr;
  if (leaf != nullptr) out->credential = to_c(arena, leaf->credential);
  put_bytes(arena, out->signature_key, out->signature_key_size,
            leaf != nullptr ? view(leaf->signature_key) : ByteView());
  if (const auto* const psk = proposal.as<mls::Psk>()) out->psk = to_c(arena, psk->id);
  const auto* const reinit = proposal.as<mls::ReInit>();
  const auto* const context = proposal.as<mls::GroupContextExtensions>();
  out->suite = reinit != nullptr ? reinit->suite : mls::SuiteId{0};
  put_bytes(arena, out->group_id, out->group_id_size,
            reinit != nullptr ? view(reinit->group_id) : ByteView());
  Bytes extensions;
  if (reinit != nullptr) extensions = encode_list(reinit->extensions);
  if (context != nullptr) extensions = encode_list(context->extensions);
  put_bytes(arena, out->extensions, out->extensions_size, extensions);
  return out;
}

const mychat_mls_proposal_list* to_c(Arena& arena, const std::vector<mls::WaitingProposal>& items) {
  auto* const out = arena.make<mychat_mls_proposal_list>();
  out->struct_size = sizeof *out;
  out->count = items.size();
  auto** const list = arena.array<const mychat_mls_proposal>(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) list[i] = to_c(arena, items[i]);
  out->items = list;
  return out;
}

const mychat_mls_summary* to_c(Arena& arena, const mls::CommitSummary& summary) {
  auto* const out = arena.make<mychat_mls_summary>();
  out->struct_size = sizeof *out;
  out->removes_us = summary.removes_us ? 1 : 0;
  out->has_path = summary.has_path ? 1 : 0;
  out->committer_type = static_cast<mychat_mls_sender_type>(summary.committer.type);
  out->committer = summary.committer_leaf;
  out->epoch = summary.epoch;
  out->proposals = to_c(arena, summary.proposals);
  std::vector<mls::LeafIndex> updated;
  std::vector<mls::LeafIndex> removed;
  for (const mls::WaitingProposal& item : summary.proposals) {
    const std::optional<mls::LeafIndex> leaf = leaf_of(item);
    if (leaf) (item.proposal.as<mls::Update>() != nullptr ? updated : removed).push_back(*leaf);
  }
  if (summary.has_path && summary.committer.type == mls::SenderType::kMember)
    updated.push_back(summary.committer_leaf);
  std::vector<mls::LeafIndex> added = summary.added;
  if (summary.committer.type == mls::SenderType::kNewMemberCommit) added.push_back(summary.committer_leaf);
  out->added_count = added.size();
  out->added = put_leaves(arena, std::move(added));
  out->updated_count = updated.size();
  out->updated = put_leaves(arena, std::move(updated));
  out->removed_count = removed.size();
  out->removed = put_leaves(arena, std::move(removed));
  return out;
}

}  // namespace mychat::c_api
