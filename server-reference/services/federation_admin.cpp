#include "services/federation_admin.h"

#include <algorithm>

#include "crypto/random.h"
#include "protocol/handle.h"
#include "services/context.h"
#include "services/node_identity.h"
#include "services/write_and_wait.h"

namespace mychat::server {
namespace {

std::string require_pattern(const std::string& text) {
  std::string pattern = lower_ascii(text);
  if (!federation::is_domain_pattern(pattern)) {
    throw Refused(422, "'" + text + "' is neither a domain nor a pattern as *.example.org or *.");
  }
  return pattern;
}

PeerRow require_peer(SqliteConnection& db, const std::string& text) {
  const auto domain = parse_domain(text);
  if (!domain) throw Refused(422, "'" + text + "' is no domain.");
  auto peer = find_peer(db, *domain);
  if (!peer) throw Refused(404, "Nothing is known of " + *domain + ".");
  return *std::move(peer);
}

std::string key_id_of(const Bytes& bytes) {
  Ed25519PublicKey key{};
  if (bytes.size() != key.size()) return {};
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return federation::node_key_id(key);
}

void note(Change& change, const std::string& actor, std::string action, std::string subject,
          std::string detail = {}) {
  put_audit(change.db,
            {.actor = actor,
             .action = std::move(action),
             .subject = std::move(subject),
             .detail = std::move(detail)},
            change.now);
}

}  // namespace

FederationAdmin::FederationAdmin(ServiceContext& context) : context_(context) {}

std::vector<PeerRow> FederationAdmin::peers() {
  auto db = context_.storage.read();
  return all_peers(*db);
}

std::optional<PeerRow> FederationAdmin::peer(std::string_view domain) {
  auto db = context_.storage.read();
  return find_peer(*db, domain);
}

federation::Policy FederationAdmin::policy() {
  auto db = context_.storage.read();
  return read_policy(context_, *db);
}

std::vector<RuleRow> FederationAdmin::rules() {
  auto db = context_.storage.read();
  return federation_rules(*db);
}

std::vector<AuditRow> FederationAdmin::audit(std::string_view subject, int limit) {
  auto db = context_.storage.read();
  return latest_audit(*db, subject, limit);
}

std::shared_ptr<const OwnIdentity> FederationAdmin::identity() {
  auto db = context_.storage.read();
  return read_identity(context_, *db);
}

void FederationAdmin::put_rule_and_note(const std::string& actor, const std::string& text, bool block) {
  write_and_wait<Done>(context_, [&actor, pattern = require_pattern(text), block](Change& change) {
    put_rule(change.db, {pattern, block}, change.now);
    // What was said of the node by name before is said anew by this.
    if (const auto peer = find_peer(change.db, pattern)) {
      const PeerStanding before = block ? PeerStanding::kApproved : PeerStanding::kBlocked;
      if (peer->standing == before) put_peer_standing(change.db, peer->id, PeerStanding::kOpen, change.now);
    }
    note(change, actor, block ? "federation block" : "federation allow", pattern);
    return Done{};
  });
}

void FederationAdmin::allow(const std::string& actor, const std::string& pattern) {
  put_rule_and_note(actor, pattern, false);
}

void FederationAdmin::block(const std::string& actor, const std::string& pattern) {
  put_rule_and_note(actor, pattern, true);
}

void FederationAdmin::approve(const std::string& actor, const std::string& text, const std::string& key_id) {
  const auto domain = parse_domain(text);
  if (!domain) throw Refused(422, "'" + text + "' is no domain.");
  write_and_wait<Done>(context_, [this, &actor, &key_id, domain = *domain](Change& change) {
    const federation::Policy rules = read_policy(context_, change.db);
    const bool blocked = std::any_of(rules.blocked.begin(), rules.blocked.end(), [&](const std::string& one) {
      return federation::matches_domain(one, domain);
    });
    if (blocked) {
      throw Refused(403, domain +
                             " is blocked by a rule, which is stronger: forget that first (see "
                             "'mychat-server federation list').");
    }
    const PeerRow peer = *find_peer(change.db, ensure_peer(change.db, domain, change.now));
    const std::string known = key_id_of(peer.key);
    const std::string offered = key_id_of(peer.offered_key);
    if (!key_id.empty() && key_id != known && key_id != offered) {
      throw Refused(409, "The key " + key_id + " is neither the known one of " + domain + " (" +
                             (known.empty() ? "none" : known) + ") nor the one that it offers (" +
                             (offered.empty() ? "none" : offered) + ").");
    }
    const bool take_offered = !offered.empty() && (key_id.empty() || key_id == offered);
    put_peer_approved(change.db, peer.id, take_offered, change.now);
    const std::string& trusted = take_offered ? offered : known;
    note(change, actor, "federation approve", domain, trusted.empty() ? "" : "with the key " + trusted);
    return Done{};
  });
}

void FederationAdmin::retry(const std::string& actor, const std::string& domain) {
  write_and_wait<Done>(context_, [&actor, &domain](Change& change) {
    const PeerRow peer = require_peer(change.db, domain);
    if (peer.standing == PeerStanding::kKeyChanged) {
      throw Refused(409, peer.domain + " shows another key than before: approve or forget it first.");
    }
    put_peer_attempt(change.db, peer.id, 0, 0, peer.last_error, change.now);
    note(change, actor, "federation retry", peer.domain);
    return Done{};
  });
}

void FederationAdmin::forget(const std::string& actor, const std::string& text) {
  write_and_wait<Done>(context_, [&actor, pattern = require_pattern(text)](Change& change) {
    const bool had_rule = remove_rule(change.db, pattern);
    const auto peer = find_peer(change.db, pattern);
    if (!had_rule && !peer) throw Refused(404, "Nothing is known of " + pattern + ", and no rule names it.");
    if (peer) {
      if (!clear_queue(change.db, peer->id, uuid_v4(), change.now)) {
        throw Refused(409, std::to_string(peer->queued) + " items wait for " + pattern +
                               ": with --give-up, its messages are marked as failed.");
      }
      forget_peer_identity(change.db, peer->id, change.now);
    }
    note(change, actor, "federation forget", pattern);
    return Done{};
  });
}

std::shared_ptr<const OwnIdentity> FederationAdmin::announce_key(const std::string& actor,
                                                                 std::int64_t delay_ms) {
  if (!identity()) throw Refused(404, "This node has no key yet: it makes one when it first federates.");
  return change_identity(context_, IdentityChange::kAnnounce, actor, delay_ms);
}

std::shared_ptr<const OwnIdentity> FederationAdmin::withdraw_key(const std::string& actor) {
  return change_identity(context_, IdentityChange::kWithdraw, actor);
}

std::shared_ptr<const OwnIdentity> FederationAdmin::new_key(const std::string& actor) {
  return change_identity(context_, IdentityChange::kNewKey, actor);
}

}  // namespace mychat::server
