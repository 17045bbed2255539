// Where public keys stand in a ratchet tree, for finding one without a look at every node. It only says where
// a key may be, and forgets nothing by itself: whoever asks sees whether the key is still there. Copies share
// all but what came lately.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "e2ee/mls/tree_math.h"

namespace mychat::mls {

class KeyIndex {
 public:
  void add(ByteView key, NodeIndex node) { recent_.push_back({hash_of(key), node}); }
  // So much came lately that any() becomes slow; compact() is due.
  bool is_due() const noexcept { return recent_.size() > 256 && recent_.size() > sorted().size() / 8; }
  // Takes up what came lately, and drops what `is_there(key's hash, node)` denies.
  using IsThere = std::function<bool(std::uint64_t, NodeIndex)>;
  void compact(const IsThere& is_there);
  // Whether `is_wanted(node)` holds for a node where the key may be. A node may be asked about more than
  // once.
  template <class Predicate>
  bool any(ByteView key, Predicate&& is_wanted) const {
    const std::uint64_t hash = hash_of(key);
    for (auto at = first_of(hash); at != sorted().end() && at->hash == hash; ++at) {
      if (is_wanted(at->node)) return true;
    }
    for (const Entry& entry : recent_) {
      if (entry.hash == hash && is_wanted(entry.node)) return true;
    }
    return false;
  }
  static std::uint64_t hash_of(ByteView key) noexcept;

 private:
  struct Entry {
    std::uint64_t hash;
    NodeIndex node;
    auto operator<=>(const Entry&) const = default;
  };
  using Entries = std::vector<Entry>;
  Entries::const_iterator first_of(std::uint64_t hash) const;
  const Entries& sorted() const noexcept;

  std::shared_ptr<const Entries> sorted_;  // Null: none.
  Entries recent_;
};

}  // namespace mychat::mls
