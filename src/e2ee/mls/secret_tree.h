// The keys of an epoch's messages: a tree of secrets whose leaves start two ratchets each (RFC 9420 section
// 9). What was used is erased, and so is everything that it could be computed from.
//
// Looking a key up changes nothing; only accept(), called when the message turned out to be authentic, does.
// One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "e2ee/mls/suite.h"
#include "e2ee/mls/tree_math.h"

namespace mychat::mls {

struct RatchetLimits {
  std::uint32_t most_ahead = 1000;  // How far a message may be ahead of the last one of its sender.
  std::uint32_t most_kept = 1000;   // Keys kept for messages that are overdue, a sender and kind.
};

enum class RatchetKind : std::uint8_t { kHandshake = 0, kApplication = 1 };

struct MessageKey {
  Secret key, nonce;

  template <class A, class S>
  static void each(A& archive, S& self) {
    archive(self.key, self.nonce);
  }
};

struct Ratchet {
  Secret secret;  // Of `generation`, which is the next one.
  std::uint32_t generation = 0;
  std::map<std::uint32_t, MessageKey> kept;  // Of generations before that were not seen.
};

class SecretTree {
 public:
  SecretTree() = default;
  SecretTree(const Suite& suite, std::uint32_t leaves, Secret encryption_secret);

  // A key and what is to change when it has served.
  struct Found {
    MessageKey key;
    std::uint32_t generation = 0;

   private:
    friend class SecretTree;
    LeafIndex leaf = 0;
    RatchetKind kind = RatchetKind::kApplication;
    std::optional<std::pair<Ratchet, Ratchet>> started;  // Handshake, application: a leaf not used yet.
    std::vector<std::pair<NodeIndex, Secret>> grown;     // Secrets of nodes beside the path to it.
    std::optional<Ratchet> ahead;                        // The ratchet after the key, with what it passed.
  };

  // MYCHAT_E_REPLAY when the key was used or is kept no longer; MYCHAT_E_TOO_LARGE when it is too far ahead.
  Found find(LeafIndex leaf, RatchetKind kind, std::uint32_t generation, const RatchetLimits& limits) const;
  // The key of the next message that `leaf` sends.
  Found next(LeafIndex leaf, RatchetKind kind) const;
  void accept(Found&& found, const RatchetLimits& limits);

  // What is kept, for storing: secrets of nodes, and ratchets by leaf (handshake, application).
  using Nodes = std::map<NodeIndex, Secret>;
  using Ratchets = std::map<LeafIndex, std::pair<Ratchet, Ratchet>>;
  const Nodes& nodes() const noexcept { return nodes_; }
  const Ratchets& ratchets() const noexcept { return ratchets_; }
  static SecretTree restore(const Suite& suite, std::uint32_t leaves, Nodes nodes, Ratchets ratchets);

  // Which nodes and leaves changed since forget_changes().
  struct Changes {
    std::vector<NodeIndex> nodes;
    std::vector<LeafIndex> ratchets;
  };
  const Changes& changes() const noexcept { return changes_; }
  void forget_changes() noexcept { changes_ = {}; }
  void mark_all_changed();

 private:
  Found start(LeafIndex leaf) const;
  void pass(Ratchet& ratchet, MessageKey* key) const;

  const Suite* suite_ = nullptr;
  std::uint32_t leaves_ = 0;
  Nodes nodes_;
  Ratchets ratchets_;
  Changes changes_;
};

}  // namespace mychat::mls
