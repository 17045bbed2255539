// MLS groups: coming in, what they are, messages, storing.
#include <algorithm>

#include "c_api/mls_host.h"
#include "crypto/hash.h"

using namespace mychat;
using namespace mychat::c_api;

namespace mychat::c_api {
namespace {

constexpr mychat_mls_info_flags kAllInfoFlags =
    mychat_mls_info_flags{MYCHAT_MLS_INFO_TREE} | mychat_mls_info_flags{MYCHAT_MLS_INFO_EXTERNAL_PUB};

std::optional<mls::NodeVector> optional_tree(const void* data, std::size_t size, const char* name) {
  const ByteView bytes = require_bytes(data, size, name);
  if (bytes.empty()) return std::nullopt;
  return mls::decode<mls::NodeVector>(bytes);
}

void describe(mychat_mls_received& out, Arena& arena, const mls::ReceivedApplication& received) {
  out.content = MYCHAT_MLS_CONTENT_APPLICATION;
  out.sender_type = MYCHAT_MLS_SENDER_MEMBER;
  out.sender = received.sender;
  out.epoch = received.epoch;
  out.credential = to_c(arena, received.credential);
  put_bytes(arena, out.data, out.data_size, received.data);
  put_bytes(arena, out.aad, out.aad_size, received.authenticated_data);
}

void describe(mychat_mls_received& out, Arena& arena, const mls::ReceivedProposal& received) {
  out.content = MYCHAT_MLS_CONTENT_PROPOSAL;
  out.proposal = to_c(arena, received.proposal);
  out.sender_type = out.proposal->sender_type;
  out.sender = out.proposal->sender;
  put_bytes(arena, out.data, out.data_size, {});
  put_bytes(arena, out.aad, out.aad_size, received.authenticated_data);
}

void describe(mychat_mls_received& out, Arena& arena, const mls::ReceivedCommit& received) {
  out.content = MYCHAT_MLS_CONTENT_COMMIT;
  out.commit = to_c(arena, received.summary);
  out.sender_type = out.commit->committer_type;
  out.sender = out.commit->committer;
  put_bytes(arena, out.data, out.data_size, {});
  put_bytes(arena, out.aad, out.aad_size, received.authenticated_data);
}

mychat_mls_record_list* save_all(mls::Group& group) {
  RecordBatches whole(1);
  for (auto& [id, content] : group.save()) whole.front().push_back({id, content});
  return new_of<mychat_mls_record_list>(whole);
}

mychat_mls_relation relation_value(mls::Relation relation) {
  switch (relation) {
    case mls::Relation::kSame:
      return MYCHAT_MLS_RELATION_SAME;
    case mls::Relation::kBehind:
      return MYCHAT_MLS_RELATION_BEHIND;
    case mls::Relation::kAhead:
      return MYCHAT_MLS_RELATION_AHEAD;
    case mls::Relation::kForked:
      break;
  }
  return MYCHAT_MLS_RELATION_FORKED;
}

// What a group gives, as bytes.
template <class Make>
mychat_status give_bytes(mychat_mls_group* group, mychat_bytes** out_bytes, mychat_error* error,
                         Make&& make) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_bytes);
    mychat_mls_group& self = require(group);
    const Use use(self.busy);
    out = new_bytes(make(self.group));
  });
}

}  // namespace

const mychat_mls_group_state* to_c(Arena& arena, const mls::Group& group) {
  auto* const out = arena.make<mychat_mls_group_state>();
  out->struct_size = sizeof *out;
  out->suite = group.suite().id();
  out->is_active = group.is_active() ? 1 : 0;
  out->was_removed = group.was_removed() ? 1 : 0;
  out->own_leaf = group.own_leaf();
  out->member_count = static_cast<std::uint32_t>(group.tree().members());
  out->epoch = group.epoch();
  put_bytes(arena, out->group_id, out->group_id_size, group.id());
  put_bytes(arena, out->extensions, out->extensions_size, encode_list(group.context().extensions));
  if (group.reinit())
    out->reinit = to_c(
        arena, mls::WaitingProposal{{}, {*group.reinit()}, {mls::SenderType::kMember, MYCHAT_MLS_NO_LEAF}});
  return out;
}

const mychat_mls_member_list* to_c(Arena& arena, const mls::RatchetTree& tree) {
  auto* const out = arena.make<mychat_mls_member_list>();
  out->struct_size = sizeof *out;
  auto** const list = arena.array<const mychat_mls_member>(tree.members());
  out->items = list;
  tree.each_member([&](mls::LeafIndex index, const mls::LeafNode& leaf) {
    auto* const member = arena.make<mychat_mls_member>();
    member->struct_size = sizeof *member;
    member->leaf_index = index;
    member->credential = to_c(arena, leaf.credential);
    put_bytes(arena, member->signature_key, member->signature_key_size, leaf.signature_key);
    list[out->count++] = member;
  });
  return out;
}

const mychat_mls_received* to_c(Arena& arena, const mychat_mls_group::Undelivered& taken) {
  auto* const out = arena.make<mychat_mls_received>();
  out->struct_size = sizeof *out;
  out->epoch = taken.epoch;
  std::visit([&](const auto& received) { describe(*out, arena, received); }, taken.received);
  return out;
}

const mychat_mls_record_list* to_c(Arena& arena, const RecordBatches& batches) {
  auto* const out = arena.make<mychat_mls_record_list>();
  out->struct_size = sizeof *out;
  for (const auto& batch : batches) out->count += batch.size();
  auto** const list = arena.array<const mychat_mls_record>(out->count);
  out->items = list;
  std::size_t i = 0;
  for (const auto& batch : batches) {
    for (const mls::RecordChange& change : batch) {
      auto* const record = arena.make<mychat_mls_record>();
      record->struct_size = sizeof *record;
      record->is_erased = change.content ? 0 : 1;
      record->id = arena.text(change.id);
      put_bytes(arena, record->content, record->content_size,
                change.content ? view(*change.content) : ByteView());
      list[i++] = record;
    }
  }
  return out;
}

}  // namespace mychat::c_api

extern "C" {

void mychat_mls_options_init(mychat_mls_options* options) {
  if (options != nullptr) *options = MYCHAT_MLS_OPTIONS_INIT;
}
void mychat_mls_group_options_init(mychat_mls_group_options* options) {
  if (options != nullptr) *options = MYCHAT_MLS_GROUP_OPTIONS_INIT;
}
void mychat_mls_external_options_init(mychat_mls_external_options* options) {
  if (options != nullptr) *options = MYCHAT_MLS_EXTERNAL_OPTIONS_INIT;
}

void mychat_mls_group_free(mychat_mls_group* group) { delete group; }
void mychat_mls_group_state_free(mychat_mls_group_state* state) { free_boxed(state); }
void mychat_mls_member_list_free(mychat_mls_member_list* list) { free_boxed(list); }
void mychat_mls_received_free(mychat_mls_received* received) { free_boxed(received); }
void mychat_mls_record_list_free(mychat_mls_record_list* list) { free_boxed(list); }

mychat_status mychat_mls_group_create(const mychat_mls_options* options, uint16_t suite,
                                      const mychat_mls_leaf_options* leaf,
                                      const mychat_mls_group_options* group, mychat_mls_group** out_group,
                                      mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_group*& out = require_out(out_group);
    const auto host = require_host(options);
    const mls::Suite& of = mls::Suite::get(suite);
    const Appearance appearance = require_appearance(leaf, of, true);
    const Host::Call call(*host);
    mls::Group made = mls::Group::create(host->environment(), of, *appearance.signer, appearance.leaf,
                                         read_group_options(group));
    call.settle();
    out = new mychat_mls_group{host, std::move(made)};
  });
}

mychat_status mychat_mls_group_join(const mychat_mls_options* options, const void* welcome,
                                    size_t welcome_size, mychat_mls_key_package* const* packages,
                                    size_t package_count, const void* tree, size_t tree_size,
                                    mychat_mls_group* predecessor, size_t* out_used,
                                    mychat_mls_group** out_group, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_group*& out = require_out(out_group);
    if (out_used != nullptr) *out_used = 0;
    const auto host = require_host(options);
    const auto message = require_encoded<mls::Message>(welcome, welcome_size, "welcome");
    if (message.as<mls::Welcome>() == nullptr) throw_argument("welcome is none.");
    if (packages == nullptr && package_count != 0) throw_argument("packages is NULL.");
    std::vector<const mls::OwnKeyPackage*> own;
    for (std::size_t i = 0; i < package_count; ++i) own.push_back(&require(packages[i]).own);
    const auto nodes = optional_tree(tree, tree_size, "tree");
    std::optional<Use> use;
    if (predecessor != nullptr) use.emplace(predecessor->busy);
    mls::JoinOptions join;
    join.tree = nodes ? &*nodes : nullptr;
    join.psks = host->psks();
    join.predecessor = predecessor != nullptr ? &predecessor->group : nullptr;
    const Host::Call call(*host);
    std::size_t used = 0;
    mls::Group made = mls::Group::join(host->environment(), *message.as<mls::Welcome>(), own, join, &used);
    call.settle();
    out = new mychat_mls_group{host, std::move(made)};
    if (out_used != nullptr) *out_used = used;
  });
}

mychat_status mychat_mls_group_join_external(const mychat_mls_options* options, const void* group_info,
                                             size_t group_info_size, const mychat_mls_leaf_options* leaf,
                                             const mychat_mls_external_options* external,
                                             mychat_mls_commit** out_commit, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_commit*& out = require_out(out_commit);
    const auto host = require_host(options);
    mychat_mls_external_options wanted = MYCHAT_MLS_EXTERNAL_OPTIONS_INIT;
    if (external != nullptr) wanted = read_options(external, "external");
    const auto message = require_encoded<mls::Message>(group_info, group_info_size, "group_info");
    const auto* const info = message.as<mls::GroupInfo>();
    if (info == nullptr) throw_argument("group_info is none.");
    const Appearance appearance = require_appearance(leaf, mls::Suite::get(info->context.suite), true);
    const auto nodes = optional_tree(wanted.tree, wanted.tree_size, "external.tree");
    mls::ExternalJoinOptions join;
    join.tree = nodes ? &*nodes : nullptr;
    if (wanted.replaces != MYCHAT_MLS_NO_LEAF) join.replaces = wanted.replaces;
    for (const mls::Proposal& proposal :
         require_encoded_list<mls::Proposal>(wanted.proposals, wanted.proposals_size, "external.proposals")) {
      const auto* const psk = proposal.as<mls::Psk>();
      if (psk == nullptr) throw_argument("external.proposals may only be of pre-shared keys.");
      join.psk_ids.push_back(psk->id);
    }
    join.psks = host->psks();
    join.authenticated_data = read_bytes(wanted.aad, wanted.aad_size, "external.aad");
    const Host::Call call(*host);
    mls::PendingCommit pending =
        mls::Group::join_external(host->environment(), *info, *appearance.signer, appearance.leaf, join);
    call.settle();
    out = new mychat_mls_commit{host, std::move(pending), true};
  });
}

mychat_status mychat_mls_group_describe(mychat_mls_group* group, mychat_mls_group_state** out_state,
                                        mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_group_state*& out = require_out(out_state);
    mychat_mls_group& self = require(group);
    const Use use(self.busy);
    out = new_of<mychat_mls_group_state>(self.group);
  });
}

mychat_status mychat_mls_group_members(mychat_mls_group* group, mychat_mls_member_list** out_list,
                                       mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_member_list*& out = require_out(out_list);
    mychat_mls_group& self = require(group);
    const Use use(self.busy);
    out = new_of<mychat_mls_member_list>(self.group.tree());
  });
}

mychat_status mychat_mls_group_epoch_authenticator(mychat_mls_group* group, mychat_bytes** out_secret,
                                                   mychat_error* error) {
  return give_bytes(group, out_secret, error,
                    [](const mls::Group& self) -> const Secret& { return self.epoch_authenticator(); });
}

mychat_status mychat_mls_group_export_secret(mychat_mls_group* group, const char* label, const void* context,
                                             size_t context_size, size_t size, mychat_bytes** out_secret,
                                             mychat_error* error) {
  return give_bytes(group, out_secret, error, [&](const mls::Group& self) {
    const std::string_view name = require_text(label, "label");
    const ByteView with = require_bytes(context, context_size, "context");
    if (size == 0 || size > 255 * self.suite().hash_size()) throw_argument("size is out of range.");
    if (self.was_removed())
      throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_E2EE, "This member was removed from the group.");
    return self.export_secret(name, with, size);
  });
}

mychat_status mychat_mls_group_resumption_psk(mychat_mls_group* group, uint64_t epoch,
                                              mychat_bytes** out_secret, mychat_error* error) {
  return give_bytes(group, out_secret, error, [&](const mls::Group& self) {
    std::optional<Secret> found = self.resumption_psk(epoch);
    if (!found)
      throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_E2EE, "The resumption key of that epoch is not kept.");
    return *std::move(found);
  });
}

mychat_status mychat_mls_group_export_info(mychat_mls_group* group, mychat_mls_info_flags flags,
                                           mychat_bytes** out_message, mychat_error* error) {
  return give_bytes(group, out_message, error, [&](const mls::Group& self) {
    if ((flags & ~kAllInfoFlags) != 0) throw_argument("flags has a flag that does not exist.");
    return mls::encode(mls::Message{
        self.group_info((flags & MYCHAT_MLS_INFO_TREE) != 0, (flags & MYCHAT_MLS_INFO_EXTERNAL_PUB) != 0)});
  });
}

mychat_status mychat_mls_group_compare(mychat_mls_group* group, const void* group_info,
                                       size_t group_info_size, mychat_mls_relation* out_relation,
                                       mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_relation& out = require_out_value(out_relation);
    mychat_mls_group& self = require(group);
    const auto message = require_encoded<mls::Message>(group_info, group_info_size, "group_info");
    const auto* const info = message.as<mls::GroupInfo>();
    if (info == nullptr) throw_argument("group_info is none.");
    const Use use(self.busy);
    out = relation_value(self.group.compare(*info));
  });
}

mychat_status mychat_mls_group_export_tree(mychat_mls_group* group, mychat_bytes** out_tree,
                                           mychat_error* error) {
  return give_bytes(group, out_tree, error,
                    [](const mls::Group& self) { return mls::encode(self.tree().nodes()); });
}

mychat_status mychat_mls_group_protect(mychat_mls_group* group, const void* data, size_t data_size,
                                       const void* aad, size_t aad_size, uint32_t padding,
                                       mychat_bytes** out_message, mychat_error* error) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_message);
    mychat_mls_group& self = require(group);
    const ByteView plain = require_bytes(data, data_size, "data");
    const Bytes with = read_bytes(aad, aad_size, "aad");
    const Use use(self.busy);
    out = new_bytes(mls::encode(mls::Message{self.group.protect(plain, with, padding)}));
  });
}

mychat_status mychat_mls_group_process(mychat_mls_group* group, const void* message, size_t message_size,
                                       mychat_mls_received** out_received, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_received*& out = require_out(out_received);
    mychat_mls_group& self = require(group);
    const ByteView bytes = require_bytes(message, message_size, "message");
    const Use use(self.busy);
    const Sha256Digest digest = sha256(bytes);
    if (!self.undelivered || self.undelivered->message != digest) {
      const auto decoded = mls::decode<mls::Message>(bytes);
      const Host::Call call(*self.host);
      mls::ProcessOptions options;
      options.psks = self.host->psks();
      options.accept = [&](const mls::CommitSummary& summary) {
        call.settle();
        return self.host->accepts_commit(summary);
      };
      mychat_mls_group::Undelivered taken;
      taken.message = digest;
      taken.epoch = self.group.epoch();
      taken.received = self.group.process(decoded, options);
      if (const auto* const data = std::get_if<mls::ReceivedApplication>(&taken.received))
        taken.epoch = data->epoch;
      self.undelivered.emplace(std::move(taken));
    }
    out = new_of<mychat_mls_received>(*self.undelivered);
    self.undelivered.reset();
  });
}

mychat_status mychat_mls_group_save(mychat_mls_group* group, mychat_mls_record_list** out_list,
                                    mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_record_list*& out = require_out(out_list);
    mychat_mls_group& self = require(group);
    const Use use(self.busy);
    mls::Group copy = self.group;
    out = save_all(copy);
    self.group = std::move(copy);
    self.untaken.clear();
  });
}

mychat_status mychat_mls_group_take_changes(mychat_mls_group* group, mychat_mls_record_list** out_list,
                                            mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_record_list*& out = require_out(out_list);
    mychat_mls_group& self = require(group);
    const Use use(self.busy);
    self.untaken.emplace_back();  // What is taken has its place, whatever happens then.
    self.untaken.back() = self.group.take_changes();
    out = new_of<mychat_mls_record_list>(self.untaken);
    self.untaken.clear();
  });
}

mychat_status mychat_mls_commit_save(mychat_mls_commit* commit, mychat_mls_record_list** out_list,
                                     mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_record_list*& out = require_out(out_list);
    mychat_mls_commit& self = require(commit);
    const Use use(self.busy);
    if (!self.pending.next)
      throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, "The commit counts already.");
    mls::Group copy = *self.pending.next;
    out = save_all(copy);
  });
}

mychat_status mychat_mls_group_load(const mychat_mls_options* options,
                                    const mychat_mls_record* const* records, size_t record_count,
                                    mychat_mls_group** out_group, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_group*& out = require_out(out_group);
    const auto host = require_host(options);
    if (records == nullptr && record_count != 0) throw_argument("records is NULL.");
    mls::Records read;
    for (std::size_t i = 0; i < record_count; ++i) {
      const mychat_mls_record record = read_options(records[i], "A record");
      if (record.is_erased != 0) throw_argument("A record is erased.");
      read.insert_or_assign(std::string(require_text(record.id, "record.id")),
                            to_secret(require_bytes(record.content, record.content_size, "record.content")));
    }
    out = new mychat_mls_group{host, mls::Group::load(host->environment(), read)};
  });
}

}  // extern "C"
