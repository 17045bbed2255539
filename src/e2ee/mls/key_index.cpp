#include "e2ee/mls/key_index.h"

#include <algorithm>
#include <string_view>

namespace mychat::mls {

std::uint64_t KeyIndex::hash_of(ByteView key) noexcept { return std::hash<std::string_view>{}(text(key)); }

const KeyIndex::Entries& KeyIndex::sorted() const noexcept {
  static const Entries kNone;
  return sorted_ ? *sorted_ : kNone;
}

KeyIndex::Entries::const_iterator KeyIndex::first_of(std::uint64_t hash) const {
  return std::lower_bound(sorted().begin(), sorted().end(), hash,
                          [](const Entry& entry, std::uint64_t wanted) { return entry.hash < wanted; });
}

void KeyIndex::compact(const IsThere& is_there) {
  auto all = std::make_shared<Entries>(sorted());
  all->insert(all->end(), recent_.begin(), recent_.end());
  std::erase_if(*all, [&](const Entry& entry) { return !is_there(entry.hash, entry.node); });
  std::sort(all->begin(), all->end());
  all->erase(std::unique(all->begin(), all->end()), all->end());
  sorted_ = std::move(all);
  recent_.clear();
}

}  // namespace mychat::mls
