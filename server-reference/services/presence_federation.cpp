// Who types and who is online, between nodes: told to nodes with whose users a user has talked, and believed
// of a node's own users only.
#include <algorithm>

#include "protocol/handle.h"
#include "services/presence_impl.h"
#include "storage/message_log.h"

namespace mychat::server {
namespace {

constexpr std::size_t kMaxElsewhere = 50'000;

PresenceStatus said_status(federation::HintedPresence status) {
  switch (status) {
    case federation::HintedPresence::kOnline:
      return PresenceStatus::kOnline;
    case federation::HintedPresence::kAway:
      return PresenceStatus::kAway;
    case federation::HintedPresence::kOffline:
      break;
  }
  return PresenceStatus::kOffline;
}

federation::HintedPresence hinted(PresenceStatus status) {
  switch (status) {
    case PresenceStatus::kOnline:
      return federation::HintedPresence::kOnline;
    case PresenceStatus::kAway:
      return federation::HintedPresence::kAway;
    case PresenceStatus::kOffline:
      break;
  }
  return federation::HintedPresence::kOffline;
}

bool is_of(std::string_view handle, std::string_view domain) {
  const auto parsed = Handle::parse(handle);
  return parsed && parsed->domain == domain;
}

// Whether one may know how the other is: they have talked, or the other holds it as a contact.
bool may_know(SqliteConnection& db, UserId who, UserId of) {
  return holds_contact(db, of, who) || find_conversation(db, of, who).has_value();
}

}  // namespace

void Presence::hear(NodeId node, const std::string& domain, std::vector<federation::Hint> hints) {
  Impl* impl = impl_.get();
  const bool posted = impl->context.workers.post([impl, node, domain, hints = std::move(hints)] {
    try {
      for (const federation::Hint& hint : hints)
        std::visit([&](const auto& one) { impl->hear(node, domain, one); }, hint);
    } catch (const std::exception& error) {
      impl->context.log.write(LogLevel::kWarning, "presence", error.what());
    }
  });
  if (!posted) impl->context.log.write(LogLevel::kDebug, "presence", "Hints of a node were left out.");
}

void Presence::Impl::hear(NodeId, const std::string& domain, const federation::TypingHint& hint) {
  if (!is_of(hint.sender_handle, domain) || !is_of(hint.recipient_handle, context.config.domain)) return;
  Principal sender;
  TypingPeer peer;
  {
    auto db = context.storage.read();
    const auto from = find_user(*db, hint.sender_handle);
    const auto to = find_user(*db, Handle::parse(hint.recipient_handle)->username);
    if (!from || !to || to->deleted_at || to->node != 0) return;
    // It is told what it wants to know: of contacts, and of those it has talked with.
    if (!holds_contact(*db, to->id, from->id) && !find_conversation(*db, to->id, from->id)) return;
    sender.user = from->id;
    sender.handle = hint.sender_handle;
    peer.id = to->id;
  }
  const std::int64_t now = context.clock.monotonic_ms();
  if (typing_limit.take(std::to_string(sender.user), now) != 0) return;
  const std::lock_guard lock(mutex);
  forward(sender, peer, hint.is_typing, now);
}

void Presence::Impl::hear(NodeId, const std::string& domain, const federation::PresenceHint& hint) {
  if (!is_of(hint.handle, domain)) return;
  std::vector<std::int64_t> holders;
  UserId user = 0;
  {
    auto db = context.storage.read();
    const auto known = find_user(*db, hint.handle);
    if (!known || known->deleted_at) return;
    user = known->id;
    holders = contact_holders(*db, user);
  }
  if (holders.empty()) return;
  // Every change goes to each of them.
  if (elsewhere_limit.take(std::to_string(user), context.clock.monotonic_ms()) != 0) return;
  const PresenceStatus status = said_status(hint.status);
  const std::int64_t seen = std::min(hint.last_seen, context.clock.now_ms());
  {
    const std::lock_guard lock(mutex);
    if (status == PresenceStatus::kOffline) {
      elsewhere.erase(user);
    } else if (elsewhere.size() < kMaxElsewhere || elsewhere.contains(user)) {
      ElsewhereUser& kept = elsewhere[user];
      const bool news = kept.status != status;
      kept = {hint.handle, status, seen, context.clock.monotonic_ms() + kPresenceLifeMs};
      if (!news) return;
    } else {
      return;  // Nobody would say that it ended.
    }
  }
  for (const UserId holder : holders) context.bus.publish_presence(holder, hint.handle, status, seen);
}

void Presence::Impl::hear(NodeId node, const std::string& domain,
                          const federation::PresenceQuestion& question) {
  if (!tells_presence() || !is_of(question.asker_handle, domain) ||
      !is_of(question.handle, context.config.domain))
    return;
  UserId user = 0;
  {
    auto db = context.storage.read();
    const auto asker = find_user(*db, question.asker_handle);
    const auto asked = find_user(*db, Handle::parse(question.handle)->username);
    if (!asker || !asked || asked->deleted_at || asked->node != 0) return;
    if (!may_know(*db, asker->id, asked->id)) return;
    user = asked->id;
  }
  PresenceStatus status = PresenceStatus::kOffline;
  {
    const std::lock_guard lock(mutex);
    const auto known = users.find(user);
    if (known == users.end()) return;
    status = status_of(known->second);
  }
  context.hint(node, federation::PresenceHint{question.handle, hinted(status), context.clock.now_ms()});
}

void Presence::Impl::tell_nodes(UserId user, const std::string& handle, PresenceStatus status,
                                std::int64_t seen) {
  std::vector<std::int64_t> nodes;
  {
    auto db = context.storage.read();
    nodes = nodes_of_peers(*db, user);
  }
  for (const NodeId node : nodes) context.hint(node, federation::PresenceHint{handle, hinted(status), seen});
}

void Presence::Impl::expire_elsewhere(std::int64_t now) {
  std::vector<std::pair<UserId, ElsewhereUser>> silent;
  {
    const std::lock_guard lock(mutex);
    for (auto place = elsewhere.begin(); place != elsewhere.end();) {
      if (place->second.until > now) {
        ++place;
        continue;
      }
      silent.emplace_back(place->first, place->second);
      place = elsewhere.erase(place);
    }
  }
  if (silent.empty()) return;
  const bool posted = context.workers.post([this, silent = std::move(silent)] {
    try {
      auto db = context.storage.read();
      for (const auto& [user, said] : silent) {
        for (const UserId holder : contact_holders(*db, user))
          context.bus.publish_presence(holder, said.handle, PresenceStatus::kOffline, said.last_seen);
      }
    } catch (const std::exception& error) {
      context.log.write(LogLevel::kWarning, "presence", error.what());
    }
  });
  if (!posted) context.log.write(LogLevel::kDebug, "presence", "A change of presence was left out.");
}

}  // namespace mychat::server
