// Behind mychat_mls_*: handles, what a group asks of the program, and values on their way in and out.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "c_api/boundary.h"
#include "crypto/hash.h"
#include "e2ee/mls/group.h"
#include "mychat/mls.h"

namespace mychat::c_api {

// What the engine asks, answered by the program's functions. They run on the thread of the call that is under
// way: what the engine asks on its helpers' threads is taken as true for the moment, and asked before
// anything counts.
class Host final : public mls::AuthenticationService {
 public:
  explicit Host(const mychat_mls_options& options);

  bool accepts(const mls::Credential& credential, ByteView signature_key, ByteView group_id) const override;
  bool is_successor(const mls::Credential& before, const mls::Credential& after) const override;
  std::optional<Secret> psk(const mls::PreSharedKeyId& id) const;
  bool accepts_commit(const mls::CommitSummary& summary) const;

  mls::Environment environment() const;
  mls::PskLookup psks() const {
    return [this](const mls::PreSharedKeyId& id) { return psk(id); };
  }

  // A call that may ask. One at a time.
  class Call {
   public:
    explicit Call(const Host& host);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    // Throws when somebody whom a helper asked for is not accepted.
    void settle() const;

   private:
    const Host& host_;
  };

 private:
  struct Question {
    mls::Credential credential;
    Bytes signature_key, group_id;
    std::optional<mls::Credential> before;  // It is whether the other may follow this one.
  };

  bool ask(const mls::Credential& credential, ByteView signature_key, ByteView group_id) const;
  bool ask_successor(const mls::Credential& before, const mls::Credential& after) const;
  bool is_callers() const noexcept { return caller_ == std::this_thread::get_id(); }
  void ask_later(Question question) const;

  mychat_mls_options options_;
  mutable std::thread::id caller_;
  mutable std::mutex mutex_;
  mutable std::vector<Question> later_;
};

// One call on a handle: a second one at the same time is refused.
class Use {
 public:
  explicit Use(std::atomic<bool>& busy) : busy_(busy) {
    if (busy_.exchange(true)) {
      throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API,
                  "The handle is in use, by another thread or by the call that asks this function.");
    }
  }
  ~Use() { busy_ = false; }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  std::atomic<bool>& busy_;
};

}  // namespace mychat::c_api

struct mychat_mls_key_package {
  mychat::mls::OwnKeyPackage own;
};

struct mychat_mls_group {
  std::shared_ptr<const mychat::c_api::Host> host;
  mychat::mls::Group group;
  std::atomic<bool> busy = false;
  // Taken, when there was no memory to hand it over.
  struct Undelivered {
    mychat::Sha256Digest message{};
    mychat::mls::Received received;
    mychat::mls::Epoch epoch = 0;
  };
  std::optional<Undelivered> undelivered = std::nullopt;
  std::list<std::vector<mychat::mls::RecordChange>> untaken = {};
};

struct mychat_mls_commit {
  std::shared_ptr<const mychat::c_api::Host> host;
  mychat::mls::PendingCommit pending;
  bool gives_group = false;  // It came into a group, or founded it.
  std::atomic<bool> busy = false;
};

namespace mychat::c_api {

mychat_mls_key_package& require(mychat_mls_key_package* package);
mychat_mls_group& require(mychat_mls_group* group);
mychat_mls_commit& require(mychat_mls_commit* commit);

// ---- What comes in

std::shared_ptr<const Host> require_host(const mychat_mls_options* options);

// How one appears, and the key that one signs with.
struct Appearance {
  mls::LeafOptions leaf;
  std::optional<SigningKey> signer;
};
Appearance require_appearance(const mychat_mls_leaf_options* options, const mls::Suite& suite,
                              bool needs_key);
std::optional<Appearance> optional_appearance(const mychat_mls_leaf_options* options,
                                              const mls::Suite& suite);
mls::GroupOptions read_group_options(const mychat_mls_group_options* options);
std::vector<std::uint16_t> read_numbers(const char* text, const char* name);
Bytes read_bytes(const void* data, std::size_t size, const char* name);

template <class T>
T require_encoded(const void* data, std::size_t size, const char* name) {
  return mls::decode<T>(require_bytes(data, size, name));
}

// Encoded values, one behind the other.
template <class T>
std::vector<T> require_encoded_list(const void* data, std::size_t size, const char* name) {
  mls::Reader reader(require_bytes(data, size, name));
  std::vector<T> out;
  while (!reader.done()) reader(out.emplace_back());
  return out;
}

std::vector<mls::KeyPackage> require_key_packages(const void* data, std::size_t size);

// ---- What goes out

template <class T>
Bytes encode_list(const std::vector<T>& values) {
  mls::Writer writer;
  for (const T& value : values) writer(value);
  return writer.bytes();
}

const mychat_mls_credential* to_c(Arena& arena, const mls::Credential& credential);
const mychat_mls_psk_id* to_c(Arena& arena, const mls::PreSharedKeyId& id);
const mychat_mls_proposal* to_c(Arena& arena, const mls::WaitingProposal& item);
const mychat_mls_proposal_list* to_c(Arena& arena, const std::vector<mls::WaitingProposal>& items);
const mychat_mls_summary* to_c(Arena& arena, const mls::CommitSummary& summary);
const mychat_mls_message* to_c(Arena& arena, const mls::Message& message);
const mychat_mls_group_state* to_c(Arena& arena, const mls::Group& group);
const mychat_mls_member_list* to_c(Arena& arena, const mls::RatchetTree& tree);
const mychat_mls_received* to_c(Arena& arena, const mychat_mls_group::Undelivered& taken);
using RecordBatches = std::list<std::vector<mls::RecordChange>>;
const mychat_mls_record_list* to_c(Arena& arena, const RecordBatches& batches);

// What to_c() made first in its arena, for the caller to free.
template <class T, class Value>
T* new_of(const Value& value) {
  Arena arena;
  return arena.hand_over(const_cast<T*>(to_c(arena, value)));
}

void put_bytes(Arena& arena, const std::uint8_t*& data, std::size_t& size, ByteView bytes);

}  // namespace mychat::c_api
