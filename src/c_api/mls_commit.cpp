// Proposals and commits of MLS groups, and groups that follow others.
#include <algorithm>

#include "c_api/mls_host.h"

using namespace mychat;
using namespace mychat::c_api;

namespace mychat::c_api {
namespace {

constexpr mychat_mls_handshake_flags kAllCommitFlags =
    mychat_mls_handshake_flags{MYCHAT_MLS_PUBLIC} | mychat_mls_handshake_flags{MYCHAT_MLS_NO_WAITING} |
    mychat_mls_handshake_flags{MYCHAT_MLS_NO_PATH} | mychat_mls_handshake_flags{MYCHAT_MLS_NO_TREE};

[[noreturn]] void throw_state(const char* message) {
  throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API, message);
}

// A proposal of this member's: made on a copy, so that it waits here only if it can also be sent.
template <class Make>
mychat_status propose(mychat_mls_group* group, const void* aad, std::size_t aad_size,
                      mychat_mls_handshake_flags flags, mychat_bytes** out_message, mychat_error* error,
                      Make&& make) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_message);
    mychat_mls_group& self = require(group);
    if ((flags & ~mychat_mls_handshake_flags{MYCHAT_MLS_PUBLIC}) != 0)
      throw_argument("flags may only be MYCHAT_MLS_PUBLIC.");
    const Bytes with = read_bytes(aad, aad_size, "aad");
    const Use use(self.busy);
    const Host::Call call(*self.host);
    mls::Group copy = self.group;
    const mls::Message message = make(copy, with, (flags & MYCHAT_MLS_PUBLIC) != 0);
    call.settle();
    out = new_bytes(mls::encode(message));
    self.group = std::move(copy);
  });
}

template <class Make>
mychat_status follow(const mychat_mls_options* options, mychat_mls_group* before,
                     mychat_mls_commit** out_commit, mychat_error* error, Make&& make) {
  return guard(error, [&] {
    mychat_mls_commit*& out = require_out(out_commit);
    const auto host = require_host(options);
    mychat_mls_group& self = require(before);
    const Use use(self.busy);
    const Host::Call call(*host);
    mls::PendingCommit pending = make(host->environment(), self.group);
    call.settle();
    out = new mychat_mls_commit{host, std::move(pending), true};
  });
}

template <class Make>
mychat_status give_bytes(mychat_mls_commit* commit, mychat_bytes** out_bytes, mychat_error* error,
                         Make&& make) {
  return guard(error, [&] {
    mychat_bytes*& out = require_out(out_bytes);
    mychat_mls_commit& self = require(commit);
    const Use use(self.busy);
    out = new_bytes(make(self.pending));
  });
}

}  // namespace
}  // namespace mychat::c_api

extern "C" {

void mychat_mls_commit_options_init(mychat_mls_commit_options* options) {
  if (options != nullptr) *options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
}

void mychat_mls_commit_free(mychat_mls_commit* commit) { delete commit; }
void mychat_mls_summary_free(mychat_mls_summary* summary) { free_boxed(summary); }

mychat_status mychat_mls_group_propose(mychat_mls_group* group, const void* proposal, size_t proposal_size,
                                       const void* aad, size_t aad_size, mychat_mls_handshake_flags flags,
                                       mychat_bytes** out_message, mychat_error* error) {
  return propose(group, aad, aad_size, flags, out_message, error,
                 [&](mls::Group& copy, const Bytes& with, bool is_public) {
                   return copy.propose(require_encoded<mls::Proposal>(proposal, proposal_size, "proposal"),
                                       with, is_public);
                 });
}

mychat_status mychat_mls_group_propose_update(mychat_mls_group* group, const mychat_mls_leaf_options* leaf,
                                              const void* aad, size_t aad_size,
                                              mychat_mls_handshake_flags flags, mychat_bytes** out_message,
                                              mychat_error* error) {
  return propose(group, aad, aad_size, flags, out_message, error,
                 [&](mls::Group& copy, const Bytes& with, bool is_public) {
                   std::optional<Appearance> as = optional_appearance(leaf, copy.suite());
                   if (!as) return copy.propose_update({}, {}, with, is_public);
                   return copy.propose_update(as->leaf, as->signer, with, is_public);
                 });
}

mychat_status mychat_mls_group_waiting(mychat_mls_group* group, mychat_mls_proposal_list** out_list,
                                       mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_proposal_list*& out = require_out(out_list);
    mychat_mls_group& self = require(group);
    const Use use(self.busy);
    out = new_of<mychat_mls_proposal_list>(self.group.waiting_proposals());
  });
}

mychat_status mychat_mls_group_drop_waiting(mychat_mls_group* group, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_group& self = require(group);
    const Use use(self.busy);
    self.group.drop_waiting_proposals();
  });
}

mychat_status mychat_mls_group_commit(mychat_mls_group* group, const mychat_mls_commit_options* options,
                                      mychat_mls_commit** out_commit, mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_commit*& out = require_out(out_commit);
    mychat_mls_group& self = require(group);
    mychat_mls_commit_options wanted = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
    if (options != nullptr) wanted = read_options(options, "options");
    if ((wanted.flags & ~kAllCommitFlags) != 0)
      throw_argument("options.flags has a flag that does not exist.");
    const Use use(self.busy);
    mls::CommitOptions commit;
    commit.proposals =
        require_encoded_list<mls::Proposal>(wanted.proposals, wanted.proposals_size, "options.proposals");
    commit.include_waiting = (wanted.flags & MYCHAT_MLS_NO_WAITING) == 0;
    commit.path = (wanted.flags & MYCHAT_MLS_NO_PATH) == 0;
    commit.tree_in_welcome = (wanted.flags & MYCHAT_MLS_NO_TREE) == 0;
    commit.public_message = (wanted.flags & MYCHAT_MLS_PUBLIC) != 0;
    commit.authenticated_data = read_bytes(wanted.aad, wanted.aad_size, "options.aad");
    if (std::optional<Appearance> as = optional_appearance(wanted.leaf, self.group.suite())) {
      commit.leaf = std::move(as->leaf);
      commit.signer = std::move(as->signer);
    }
    commit.psks = self.host->psks();
    const Host::Call call(*self.host);
    mls::PendingCommit pending = self.group.commit(commit);
    call.settle();
    out = new mychat_mls_commit{self.host, std::move(pending)};
  });
}

mychat_status mychat_mls_commit_message(mychat_mls_commit* commit, mychat_bytes** out_message,
                                        mychat_error* error) {
  return give_bytes(commit, out_message, error,
                    [](const mls::PendingCommit& self) { return mls::encode(self.commit); });
}

mychat_status mychat_mls_commit_welcome(mychat_mls_commit* commit, mychat_bytes** out_message,
                                        mychat_error* error) {
  return give_bytes(commit, out_message, error, [](const mls::PendingCommit& self) {
    if (!self.welcome) throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_API, "The commit adds nobody.");
    return mls::encode(*self.welcome);
  });
}

mychat_status mychat_mls_commit_summary(mychat_mls_commit* commit, mychat_mls_summary** out_summary,
                                        mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_summary*& out = require_out(out_summary);
    mychat_mls_commit& self = require(commit);
    const Use use(self.busy);
    out = new_of<mychat_mls_summary>(self.pending.summary);
  });
}

mychat_status mychat_mls_group_apply(mychat_mls_group* group, mychat_mls_commit* commit,
                                     mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_group& self = require(group);
    mychat_mls_commit& made = require(commit);
    const Use use(self.busy);
    const Use use_commit(made.busy);
    if (!made.pending.next) throw_state("The commit counts already.");
    if (made.gives_group || made.host != self.host) throw_state("The commit is not one of this group.");
    self.group.apply(std::move(made.pending));
  });
}

mychat_status mychat_mls_commit_group(mychat_mls_commit* commit, mychat_mls_group** out_group,
                                      mychat_error* error) {
  return guard(error, [&] {
    mychat_mls_group*& out = require_out(out_group);
    mychat_mls_commit& made = require(commit);
    const Use use(made.busy);
    if (!made.pending.next) throw_state("The group of the commit was taken already.");
    if (!made.gives_group) throw_state("The commit is one of a group: it is to be applied there.");
    out = new mychat_mls_group{made.host, mls::Group(*made.pending.next)};
    made.pending.next.reset();
  });
}

mychat_status mychat_mls_group_reinitialise(const mychat_mls_options* options, mychat_mls_group* before,
                                            const mychat_mls_leaf_options* leaf, const void* key_packages,
                                            size_t key_packages_size, mychat_mls_commit** out_commit,
                                            mychat_error* error) {
  return follow(options, before, out_commit, error,
                [&](const mls::Environment& environment, const mls::Group& self) {
                  if (!self.reinit() || self.was_removed())
                    throw_state("The group did not end with a ReInit.");
                  const Appearance as = require_appearance(leaf, mls::Suite::get(self.reinit()->suite), true);
                  return mls::Group::reinitialise(environment, self, *as.signer, as.leaf,
                                                  require_key_packages(key_packages, key_packages_size));
                });
}

mychat_status mychat_mls_group_branch(const mychat_mls_options* options, mychat_mls_group* before,
                                      const mychat_mls_leaf_options* leaf,
                                      const mychat_mls_group_options* group, const void* key_packages,
                                      size_t key_packages_size, mychat_mls_commit** out_commit,
                                      mychat_error* error) {
  return follow(options, before, out_commit, error,
                [&](const mls::Environment& environment, const mls::Group& self) {
                  const Appearance as = require_appearance(leaf, self.suite(), true);
                  return mls::Group::branch(environment, self, *as.signer, as.leaf, read_group_options(group),
                                            require_key_packages(key_packages, key_packages_size));
                });
}

}  // extern "C"
