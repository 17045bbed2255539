// Other nodes in the database: who they are, what waits for them, how far what they sent has come; and this
// node's own identity.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "storage/uuid.h"

namespace mychat::server {

class SqliteConnection;

using NodeId = std::int64_t;  // Row of another node.

// In the file, so never another number.
enum class PeerStanding : int {
  kOpen = 0,        // As the operator's rules say.
  kApproved = 1,    // By name; the rules do not matter, but blocking does.
  kBlocked = 2,     // By name.
  kKeyChanged = 3,  // Shows another key than the pinned one: nothing passes until the operator decides.
};

struct PeerRow {
  NodeId id = 0;
  std::string domain;
  PeerStanding standing = PeerStanding::kOpen;
  // Of its document; the key is empty until a handshake.
  Bytes key;
  Bytes offered_key;    // Another one that it showed without a rotation; empty when there is none.
  Bytes announced_key;  // The one that its key is to hand over to; empty when it announced none.
  std::int64_t sequence = 0;
  Bytes digest;
  std::int64_t protocol = 0;
  std::string api_url;
  std::string agreement;  // JSON: capabilities and limits.
  std::int64_t clock_ahead_ms = 0;
  // What goes out: a stream is a numbering without gaps.
  std::string out_stream;
  std::int64_t out_seq = 0;    // The last one given.
  std::int64_t out_acked = 0;  // The last one that the peer has.
  std::int64_t queued = 0;     // Rows, and what they hold.
  std::int64_t queued_bytes = 0;
  std::int64_t failures = 0;  // In a row.
  std::int64_t next_try_at = 0;
  std::optional<std::string> last_error;
  // What comes in.
  std::string in_stream;
  std::int64_t in_seq = 0;
  std::int64_t in_signed_at = 0;          // Unix s: the latest signature that a transaction was taken with.
  std::optional<std::int64_t> last_seen;  // When it last answered or asked.
  std::int64_t latency_ms = 0;
  std::int64_t created_at = 0;
};

std::optional<PeerRow> find_peer(SqliteConnection& db, std::string_view domain);
std::optional<PeerRow> find_peer(SqliteConnection& db, NodeId id);
std::vector<PeerRow> all_peers(SqliteConnection& db);  // By domain.
std::vector<NodeId> peers_with_queue(SqliteConnection& db);
NodeId ensure_peer(SqliteConnection& db, std::string_view domain, std::int64_t now);
// Nodes that nothing was ever heard of.
std::int64_t count_strangers(SqliteConnection& db);
// Of those, the ones made before `time` that no user is of and nothing waits for.
void remove_strangers(SqliteConnection& db, std::int64_t time);
// All but the queue's and the streams' numbers, which the functions below keep.
void put_peer_identity(SqliteConnection& db, const PeerRow& peer, std::int64_t now);
// A node of protocol 1, which has no key. False, and nothing is changed, for one that has proven a key.
bool put_peer_v1(SqliteConnection& db, NodeId id, std::string_view api_url, std::int64_t now);
// Nothing passes until the operator decides about that key.
void put_peer_key_changed(SqliteConnection& db, NodeId id, ByteView offered, std::string_view error,
                          std::int64_t now);
// The operator trusts it; `take_offered`: with the key that it offered in the place of the known one.
void put_peer_approved(SqliteConnection& db, NodeId id, bool take_offered, std::int64_t now);
// What is known of who it is, and of the attempts to reach it; streams, users and the queue stay.
void forget_peer_identity(SqliteConnection& db, NodeId id, std::int64_t now);
void put_peer_standing(SqliteConnection& db, NodeId id, PeerStanding standing, std::int64_t now);
void put_peer_attempt(SqliteConnection& db, NodeId id, std::int64_t failures, std::int64_t next_try_at,
                      const std::optional<std::string>& error, std::int64_t now);
void put_peer_seen(SqliteConnection& db, NodeId id, std::int64_t latency_ms, std::int64_t now);
// It answered or asked; what failed before is not forgotten.
void put_peer_heard(SqliteConnection& db, NodeId node, std::int64_t now);
void put_peer_received(SqliteConnection& db, NodeId id, std::string_view stream, std::int64_t seq,
                       std::int64_t signed_at, std::int64_t now);

// In the file, so never another number.
enum class OutKind : int {
  kNothing = 0,  // What stood here was given up; its number is still sent.
  kMessage = 1,
  kReceipt = 2,
  kKeyChange = 3,
  kProfile = 4,
  kAccountDeleted = 5,
};

struct OutRow {
  std::int64_t seq = 0;
  OutKind kind = OutKind::kNothing;
  std::int64_t message = 0;  // Seq of a message of this node; 0 for other kinds.
  std::string data;          // JSON of other kinds.
  std::int64_t created_at = 0;
};

struct QueueLimits {
  std::int64_t rows = 100'000;
  std::int64_t bytes = std::int64_t{1} << 30;
};

// Appends to the peer's queue; false when it is full.
bool enqueue(SqliteConnection& db, NodeId node, OutKind kind, std::int64_t message, std::string_view data,
             std::int64_t bytes, const QueueLimits& limits, std::int64_t now);
// From the head of the queue on, in order.
std::vector<OutRow> queue_head(SqliteConnection& db, NodeId node, int limit);
// Removes what the peer has.
void dequeue(SqliteConnection& db, NodeId node, std::int64_t upto, std::int64_t now);
// Removes a queue in which everything was given up, and begins a new stream; false while something waits in
// it.
bool clear_queue(SqliteConnection& db, NodeId node, std::string_view stream, std::int64_t now);
// Rows made before `time`, oldest first; they become kNothing. For messages: so that they can be marked as
// failed.
std::vector<OutRow> give_up_before(SqliteConnection& db, NodeId node, std::int64_t time, int limit,
                                   std::int64_t now);
// A new numbering for what waits: the peer does not know where the old one stands.
void restart_stream(SqliteConnection& db, NodeId node, std::string_view stream, std::int64_t now);

// A user of another node is a row of `users` whose name is the whole handle.
struct RemoteUser {
  std::int64_t id = 0;
  NodeId node = 0;
};
RemoteUser ensure_remote_user(SqliteConnection& db, std::string_view handle, std::string_view domain,
                              std::int64_t now);
// The node of a user; 0 for this one.
NodeId node_of_user(SqliteConnection& db, std::int64_t user);
void put_remote_keys(SqliteConnection& db, std::int64_t user, std::string_view public_key,
                     std::string_view fingerprint, const std::optional<std::string>& signing_key,
                     const std::optional<std::string>& certificate, std::int64_t now);

// Nodes that asked for the key of a user of this one: they hear of its changes.
void put_key_watcher(SqliteConnection& db, std::int64_t user, NodeId node, std::int64_t now);
std::vector<NodeId> key_watchers(SqliteConnection& db, std::int64_t user);

struct IdentityRow {
  Bytes sealed_key;
  std::optional<Bytes> sealed_next_key;
  std::int64_t sequence = 0;
  std::string document;                   // The signed statement, JSON; empty before the first.
  std::string rotations;                  // JSON array of what the document holds; empty: none.
  std::int64_t key_since = 0;             // When the key came into use.
  std::optional<std::int64_t> rotate_at;  // When the next key will.
};
std::optional<IdentityRow> find_identity(SqliteConnection& db);
void put_identity(SqliteConnection& db, const IdentityRow& identity, std::int64_t now);

struct RuleRow {
  std::string pattern;
  bool block = false;
};
// Sums over all peers, for metrics.
struct PeerTotals {
  std::int64_t known = 0;        // A handshake ended well at some time.
  std::int64_t failing = 0;      // Of those, the ones that the last attempt failed with.
  std::int64_t key_changed = 0;  // Wait for the operator.
  std::int64_t queued = 0;
  std::int64_t queued_bytes = 0;
  std::int64_t oldest_queued_at = 0;  // 0: nothing waits.
};
PeerTotals peer_totals(SqliteConnection& db);

std::vector<RuleRow> federation_rules(SqliteConnection& db);
void put_rule(SqliteConnection& db, const RuleRow& rule, std::int64_t now);
bool remove_rule(SqliteConnection& db, std::string_view pattern);

}  // namespace mychat::server
