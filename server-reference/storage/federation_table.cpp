#include "storage/federation_table.h"

#include "crypto/random.h"
#include "storage/sqlite.h"

namespace mychat::server {
namespace {

#define MYCHAT_PEER_COLUMNS                                                                                 \
  "SELECT id, domain, standing, node_key, sequence, digest, protocol, api_url, agreement, clock_ahead_ms, " \
  "out_stream, out_seq, out_acked, queued, queued_bytes, failures, next_try_at, last_error, in_stream, "    \
  "in_seq, "                                                                                                \
  "last_seen, latency_ms, created_at, offered_key, announced_key, in_signed_at FROM nodes "

PeerRow read_peer(const Query& query) {
  PeerRow peer;
  peer.id = query.integer(0);
  peer.domain = query.string(1);
  peer.standing = static_cast<PeerStanding>(query.integer(2));
  peer.key = to_bytes(query.blob(3));
  peer.sequence = query.integer(4);
  peer.digest = to_bytes(query.blob(5));
  peer.protocol = query.integer(6);
  peer.api_url = query.string(7);
  peer.agreement = query.string(8);
  peer.clock_ahead_ms = query.integer(9);
  peer.out_stream = query.string(10);
  peer.out_seq = query.integer(11);
  peer.out_acked = query.integer(12);
  peer.queued = query.integer(13);
  peer.queued_bytes = query.integer(14);
  peer.failures = query.integer(15);
  peer.next_try_at = query.integer(16);
  peer.last_error = query.optional_string(17);
  peer.in_stream = query.string(18);
  peer.in_seq = query.integer(19);
  peer.last_seen = query.optional_integer(20);
  peer.latency_ms = query.integer(21);
  peer.created_at = query.integer(22);
  peer.offered_key = to_bytes(query.blob(23));
  peer.announced_key = to_bytes(query.blob(24));
  peer.in_signed_at = query.integer(25);
  return peer;
}

std::optional<PeerRow> first_peer(Query query) {
  if (!query.step()) return std::nullopt;
  return read_peer(query);
}

OutRow read_out(const Query& query) {
  return {query.integer(0), static_cast<OutKind>(query.integer(1)), query.integer(2), query.string(3),
          query.integer(4)};
}

}  // namespace

std::optional<PeerRow> find_peer(SqliteConnection& db, std::string_view domain) {
  return first_peer(db.query(MYCHAT_PEER_COLUMNS "WHERE domain = ?", domain));
}

std::optional<PeerRow> find_peer(SqliteConnection& db, NodeId id) {
  return first_peer(db.query(MYCHAT_PEER_COLUMNS "WHERE id = ?", id));
}

std::vector<PeerRow> all_peers(SqliteConnection& db) {
  std::vector<PeerRow> peers;
  auto query = db.query(MYCHAT_PEER_COLUMNS "ORDER BY domain");
  while (query.step()) peers.push_back(read_peer(query));
  return peers;
}

std::vector<NodeId> peers_with_queue(SqliteConnection& db) {
  std::vector<NodeId> ids;
  auto query = db.query("SELECT id FROM nodes WHERE queued > 0");
  while (query.step()) ids.push_back(query.integer(0));
  return ids;
}

NodeId ensure_peer(SqliteConnection& db, std::string_view domain, std::int64_t now) {
  if (auto query = db.query("SELECT id FROM nodes WHERE domain = ?", domain); query.step())
    return query.integer(0);
  db.run("INSERT INTO nodes (domain, out_stream, created_at) VALUES (?, ?, ?)", domain, uuid_v4(), now);
  return db.last_insert_id();
}

std::int64_t count_strangers(SqliteConnection& db) {
  auto query = db.query("SELECT count(*) FROM nodes WHERE node_key IS NULL");
  return query.step() ? query.integer(0) : 0;
}

void remove_strangers(SqliteConnection& db, std::int64_t time) {
  db.run(
      "DELETE FROM nodes WHERE node_key IS NULL AND created_at < ? AND queued = 0 AND standing = 0 AND NOT "
      "EXISTS "
      "(SELECT 1 FROM users WHERE users.node = nodes.id)",
      time);
}

void put_peer_identity(SqliteConnection& db, const PeerRow& peer, std::int64_t now) {
  db.run(
      "UPDATE nodes SET node_key = ?2, sequence = ?3, digest = ?4, protocol = ?5, api_url = ?6, agreement = "
      "?7, "
      "clock_ahead_ms = ?8, announced_key = ?9, updated_at = ?10 WHERE id = ?1",
      peer.id, ByteView(peer.key), peer.sequence, ByteView(peer.digest), peer.protocol, peer.api_url,
      peer.agreement, peer.clock_ahead_ms, ByteView(peer.announced_key), now);
}

bool put_peer_v1(SqliteConnection& db, NodeId id, std::string_view api_url, std::int64_t now) {
  auto unproven = db.query("SELECT 1 FROM nodes WHERE id = ? AND node_key IS NULL AND protocol < 2", id);
  if (!unproven.step()) return false;
  db.run("UPDATE nodes SET protocol = 1, api_url = ?2, last_seen = ?3, updated_at = ?3 WHERE id = ?1", id,
         api_url, now);
  return true;
}

void put_peer_key_changed(SqliteConnection& db, NodeId id, ByteView offered, std::string_view error,
                          std::int64_t now) {
  db.run(
      "UPDATE nodes SET standing = ?2, offered_key = ?3, failures = 0, next_try_at = ?4, last_error = ?5, "
      "updated_at = ?6 WHERE id = ?1",
      id, static_cast<int>(PeerStanding::kKeyChanged), offered, INT64_MAX, error, now);
}

void put_peer_approved(SqliteConnection& db, NodeId id, bool take_offered, std::int64_t now) {
  // A document of the new key may have any number: what is known of the old key's says nothing about it.
  if (take_offered)
    db.run(
        "UPDATE nodes SET node_key = offered_key, sequence = 0, digest = NULL, announced_key = NULL WHERE id "
        "= "
        "?",
        id);
  db.run(
      "UPDATE nodes SET standing = ?2, offered_key = NULL, failures = 0, next_try_at = 0, last_error = NULL, "
      "updated_at = ?3 WHERE id = ?1",
      id, static_cast<int>(PeerStanding::kApproved), now);
}

void forget_peer_identity(SqliteConnection& db, NodeId id, std::int64_t now) {
  db.run(
      "UPDATE nodes SET standing = 0, node_key = NULL, offered_key = NULL, announced_key = NULL, "
      "sequence = 0, digest = NULL, "
      "protocol = 0, api_url = '', agreement = '', clock_ahead_ms = 0, failures = 0, next_try_at = 0, "
      "last_error = NULL, last_seen = NULL, latency_ms = 0, updated_at = ?2 WHERE id = ?1",
      id, now);
}

void put_peer_standing(SqliteConnection& db, NodeId id, PeerStanding standing, std::int64_t now) {
  db.run("UPDATE nodes SET standing = ?, updated_at = ? WHERE id = ?", static_cast<int>(standing), now, id);
}

void put_peer_attempt(SqliteConnection& db, NodeId id, std::int64_t failures, std::int64_t next_try_at,
                      const std::optional<std::string>& error, std::int64_t now) {
  db.run("UPDATE nodes SET failures = ?, next_try_at = ?, last_error = ?, updated_at = ? WHERE id = ?",
         failures, next_try_at, error, now, id);
}

void put_peer_heard(SqliteConnection& db, NodeId node, std::int64_t now) {
  db.run("UPDATE nodes SET last_seen = ?2, updated_at = ?2 WHERE id = ?1", node, now);
}

void put_peer_seen(SqliteConnection& db, NodeId id, std::int64_t latency_ms, std::int64_t now) {
  db.run(
      "UPDATE nodes SET failures = 0, next_try_at = 0, last_error = NULL, last_seen = ?2, latency_ms = ?3, "
      "updated_at = ?2 WHERE id = ?1",
      id, now, latency_ms);
}

void put_peer_received(SqliteConnection& db, NodeId id, std::string_view stream, std::int64_t seq,
                       std::int64_t signed_at, std::int64_t now) {
  db.run(
      "UPDATE nodes SET in_stream = ?2, in_seq = ?3, in_signed_at = max(in_signed_at, ?4), last_seen = ?5, "
      "updated_at = ?5 WHERE id = ?1",
      id, stream, seq, signed_at, now);
}

bool enqueue(SqliteConnection& db, NodeId node, OutKind kind, std::int64_t message, std::string_view data,
             std::int64_t bytes, const QueueLimits& limits, std::int64_t now) {
  auto counters = db.query("SELECT out_seq, queued, queued_bytes FROM nodes WHERE id = ?", node);
  if (!counters.step()) return false;
  if (counters.integer(1) >= limits.rows || counters.integer(2) + bytes > limits.bytes) return false;
  const std::int64_t seq = counters.integer(0) + 1;
  db.run(
      "INSERT INTO federation_queue (node, seq, kind, message, data, bytes, created_at) VALUES "
      "(?,?,?,?,?,?,?)",
      node, seq, static_cast<int>(kind), message, data, bytes, now);
  db.run("UPDATE nodes SET out_seq = ?2, queued = queued + 1, queued_bytes = queued_bytes + ?3 WHERE id = ?1",
         node, seq, bytes);
  return true;
}

std::vector<OutRow> queue_head(SqliteConnection& db, NodeId node, int limit) {
  std::vector<OutRow> rows;
  auto query = db.query(
      "SELECT seq, kind, message, data, created_at FROM federation_queue WHERE node = ? ORDER BY seq LIMIT ?",
      node, limit);
  while (query.step()) rows.push_back(read_out(query));
  return rows;
}

void dequeue(SqliteConnection& db, NodeId node, std::int64_t upto, std::int64_t now) {
  auto sums =
      db.query("SELECT count(*), coalesce(sum(bytes), 0) FROM federation_queue WHERE node = ? AND seq <= ?",
               node, upto);
  sums.step();
  const std::int64_t rows = sums.integer(0);
  const std::int64_t bytes = sums.integer(1);
  db.run("DELETE FROM federation_queue WHERE node = ? AND seq <= ?", node, upto);
  db.run(
      "UPDATE nodes SET out_acked = max(out_acked, ?2), queued = queued - ?3, queued_bytes = queued_bytes - "
      "?4, "
      "updated_at = ?5 WHERE id = ?1",
      node, upto, rows, bytes, now);
}

bool clear_queue(SqliteConnection& db, NodeId node, std::string_view stream, std::int64_t now) {
  if (auto waits = db.query("SELECT 1 FROM federation_queue WHERE node = ? AND kind != 0 LIMIT 1", node);
      waits.step())
    return false;
  db.run("DELETE FROM federation_queue WHERE node = ?", node);
  db.run(
      "UPDATE nodes SET out_stream = ?2, out_seq = 0, out_acked = 0, queued = 0, queued_bytes = 0, "
      "updated_at "
      "= ?3 WHERE id = ?1",
      node, stream, now);
  return true;
}

std::vector<OutRow> give_up_before(SqliteConnection& db, NodeId node, std::int64_t time, int limit,
                                   std::int64_t now) {
  std::vector<OutRow> rows;
  {
    auto query = db.query(
        "SELECT seq, kind, message, data, created_at FROM federation_queue WHERE node = ? AND created_at < ? "
        "AND kind != 0 "
        "ORDER BY seq LIMIT ?",
        node, time, limit);
    while (query.step()) rows.push_back(read_out(query));
  }
  for (const OutRow& row : rows) {
    db.run(
        "UPDATE nodes SET queued_bytes = queued_bytes - (SELECT bytes FROM federation_queue WHERE node = ?1 "
        "AND seq = ?2) "
        "WHERE id = ?1",
        node, row.seq);
    db.run(
        "UPDATE federation_queue SET kind = 0, message = 0, data = '', bytes = 0, updated_at = ?3 WHERE node "
        "= ?1 AND "
        "seq = ?2",
        node, row.seq, now);
  }
  return rows;
}

void restart_stream(SqliteConnection& db, NodeId node, std::string_view stream, std::int64_t now) {
  auto first = db.query("SELECT min(seq) FROM federation_queue WHERE node = ?", node);
  const std::int64_t before = first.step() && !first.is_null(0) ? first.integer(0) - 1 : -1;
  if (before >= 0) {
    // Downwards in order of seq, so that no number is taken twice on the way.
    db.run("UPDATE federation_queue SET seq = seq - ?2, updated_at = ?3 WHERE node = ?1", node, before, now);
  }
  db.run(
      "UPDATE nodes SET out_stream = ?2, out_acked = 0, updated_at = ?3, "
      "out_seq = coalesce((SELECT max(seq) FROM federation_queue WHERE node = ?1), 0) WHERE id = ?1",
      node, stream, now);
}

RemoteUser ensure_remote_user(SqliteConnection& db, std::string_view handle, std::string_view domain,
                              std::int64_t now) {
  if (auto query = db.query("SELECT id, node FROM users WHERE username = ?", handle); query.step()) {
    return {query.integer(0), query.integer(1)};
  }
  const NodeId node = ensure_peer(db, domain, now);
  const Uuid uuid = parse_uuid(uuid_v4()).value_or(Uuid{});
  db.run(
      "INSERT INTO users (uuid, username, password_hash, public_key, public_key_fingerprint, key_updated_at, "
      "created_at, "
      "node) VALUES (?,?,'','','',?,?,?)",
      ByteView(uuid), handle, 0, now, node);
  return {db.last_insert_id(), node};
}

NodeId node_of_user(SqliteConnection& db, std::int64_t user) {
  auto query = db.query("SELECT node FROM users WHERE id = ?", user);
  return query.step() ? query.integer(0) : 0;
}

void put_remote_keys(SqliteConnection& db, std::int64_t user, std::string_view public_key,
                     std::string_view fingerprint, const std::optional<std::string>& signing_key,
                     const std::optional<std::string>& certificate, std::int64_t now) {
  db.run(
      "UPDATE users SET public_key = ?2, public_key_fingerprint = ?3, signing_key = ?4, "
      "signing_key_certificate = ?5, "
      "key_updated_at = ?6, updated_at = ?6 WHERE id = ?1",
      user, public_key, fingerprint, signing_key, certificate, now);
}

void put_key_watcher(SqliteConnection& db, std::int64_t user, NodeId node, std::int64_t now) {
  db.run("INSERT OR IGNORE INTO key_watchers (user, node, created_at) VALUES (?, ?, ?)", user, node, now);
}

std::vector<NodeId> key_watchers(SqliteConnection& db, std::int64_t user) {
  std::vector<NodeId> nodes;
  auto query = db.query("SELECT node FROM key_watchers WHERE user = ?", user);
  while (query.step()) nodes.push_back(query.integer(0));
  return nodes;
}

std::optional<IdentityRow> find_identity(SqliteConnection& db) {
  auto query = db.query(
      "SELECT sealed_key, sealed_next_key, sequence, document, rotations, coalesce(key_since, created_at), "
      "rotate_at FROM federation_identity");
  if (!query.step()) return std::nullopt;
  IdentityRow identity;
  identity.sealed_key = to_bytes(query.blob(0));
  if (!query.is_null(1)) identity.sealed_next_key = to_bytes(query.blob(1));
  identity.sequence = query.integer(2);
  identity.document = query.string(3);
  identity.rotations = query.string(4);
  identity.key_since = query.integer(5);
  identity.rotate_at = query.optional_integer(6);
  return identity;
}

void put_identity(SqliteConnection& db, const IdentityRow& identity, std::int64_t now) {
  std::optional<ByteView> next;
  if (identity.sealed_next_key) next = ByteView(*identity.sealed_next_key);
  db.run(
      "INSERT INTO federation_identity (id, sealed_key, sealed_next_key, sequence, document, rotations, "
      "key_since, rotate_at, created_at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO "
      "UPDATE "
      "SET sealed_key = ?1, sealed_next_key = ?2, sequence = ?3, document = ?4, rotations = ?5, key_since = "
      "?6, rotate_at = ?7, updated_at = ?8",
      ByteView(identity.sealed_key), next, identity.sequence, identity.document, identity.rotations,
      identity.key_since, identity.rotate_at, now);
}

PeerTotals peer_totals(SqliteConnection& db) {
  PeerTotals totals;
  {
    auto sums = db.query(
        "SELECT coalesce(sum(node_key IS NOT NULL), 0), coalesce(sum(node_key IS NOT NULL AND failures > 0), "
        "0), coalesce(sum(standing = ?), 0), coalesce(sum(queued), 0), coalesce(sum(queued_bytes), 0) FROM "
        "nodes",
        static_cast<int>(PeerStanding::kKeyChanged));
    if (sums.step())
      totals = {sums.integer(0), sums.integer(1), sums.integer(2), sums.integer(3), sums.integer(4), 0};
  }
  if (totals.queued == 0) return totals;
  // The head of each queue is its oldest.
  auto oldest = db.query(
      "SELECT min((SELECT created_at FROM federation_queue q WHERE q.node = nodes.id ORDER BY seq LIMIT 1)) "
      "FROM nodes WHERE queued > 0");
  if (oldest.step()) totals.oldest_queued_at = oldest.integer(0);
  return totals;
}

std::vector<RuleRow> federation_rules(SqliteConnection& db) {
  std::vector<RuleRow> rules;
  auto query = db.query("SELECT pattern, block FROM federation_rules ORDER BY pattern");
  while (query.step()) rules.push_back({query.string(0), query.integer(1) != 0});
  return rules;
}

void put_rule(SqliteConnection& db, const RuleRow& rule, std::int64_t now) {
  db.run(
      "INSERT INTO federation_rules (pattern, block, created_at) VALUES (?1, ?2, ?3) ON CONFLICT (pattern) "
      "DO UPDATE SET "
      "block = ?2, updated_at = ?3",
      rule.pattern, rule.block, now);
}

bool remove_rule(SqliteConnection& db, std::string_view pattern) {
  return db.run("DELETE FROM federation_rules WHERE pattern = ?", pattern) > 0;
}

}  // namespace mychat::server
