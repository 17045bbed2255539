// This node among others: its identity, what it knows of them, and what goes out to them. How requests travel
// is for others (../federation).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "federation/continuity.h"
#include "federation/handshake.h"
#include "federation/hint.h"
#include "federation/node_document.h"
#include "federation/policy.h"
#include "protocol/user.h"
#include "services/mailbox.h"
#include "services/result.h"
#include "storage/audit_table.h"
#include "storage/federation_table.h"

namespace mychat::server {

class ServiceContext;

// What this node is to others; immutable.
struct OwnIdentity {
  Ed25519PrivateKey key;
  federation::NodeDocument document;
  federation::Statement statement;
  std::int64_t key_since = 0;             // When the key came into use.
  std::optional<std::int64_t> rotate_at;  // When the next key, which the document announces, will.
};

// The next items for one node, as they are sent.
struct OutBatch {
  std::string stream;
  std::int64_t first = 0;
  std::int64_t last = 0;  // Below `first`: nothing waits.
  std::string body;       // JSON of a federation::Transaction.
};

// The next item for a node of protocol 1, as it is sent.
struct OutV1 {
  std::string stream;
  std::int64_t seq = 0;
  std::string path;       // Below the federation address; empty: protocol 1 has no such thing.
  std::string body;       // JSON
  std::size_t parts = 1;  // Requests that it takes.
};

// A node that was heard of within this time is one that this node speaks with.
inline constexpr std::int64_t kRecentPeerMs = std::int64_t{8} * 24 * 3'600'000;

// Functions that return a value block (a read): call them on a thread that may. They throw Refused.
class Federation {
 public:
  explicit Federation(ServiceContext& context);
  ~Federation();

  // Makes or reads the node's key and issues a document; before anything else, and again to renew the
  // document. Blocks. MYCHAT_E_STORE_KEY: the key was kept under another SECRET_KEY.
  void issue_identity();
  // Reads the identity that is kept, which another process may have renewed.
  void load_identity();
  std::shared_ptr<const OwnIdentity> identity() const;
  // True when the document should be issued again: it grows old, or a key is to be announced or used.
  bool identity_is_old(std::int64_t now_ms) const;

  // What the operator allows; read from the database by load_rules().
  void load_rules();
  // An operator's command may have changed something: takes it up, on a worker. Any thread; never blocks.
  void look_for_commands();
  // Writes to the log what was changed since, and tells whoever delivers. Blocks (reads).
  void report_audit();
  // Called on a worker after a change was taken up; the rows say what it was.
  void on_operated(std::function<void(const std::vector<AuditRow>&)> hook);
  PeerTotals totals();
  federation::Verdict judge(std::string_view domain) const;

  // A handshake with it ended well at some time. Any thread; never blocks.
  bool is_pinned(std::string_view domain) const;
  std::optional<PeerRow> peer(std::string_view domain);
  std::optional<PeerRow> peer(NodeId node);
  std::vector<PeerRow> peers();
  // The domains of those that a handshake ended well with and that were heard of lately, without `except`.
  std::vector<std::string> peers_to_tell(std::string_view except, std::size_t most);
  // When what was taken of a node was last signed, by its own time (Unix s): of those where that is no longer
  // ago than `unix_s`.
  std::map<std::string, std::int64_t, std::less<>> signed_since(std::int64_t unix_s);
  std::vector<NodeId> waiting_peers();
  // `most_bytes`: of the body; a single larger item is sent alone.
  OutBatch next_batch(NodeId node, int most_items, std::int64_t most_bytes);

  // Nodes of protocol 1, which cannot sign (docs/federation.md, section 7). Whether the operator lets them
  // in.
  bool accepts_v1() const;
  // Was one when it was last asked. Any thread; never blocks.
  bool is_v1(std::string_view domain) const;
  // Fails with 403 for a node that has proven a key before.
  void pin_v1(NodeId node, std::string api_url, Callback<Done> done);
  // `part`: which request of those that it takes. Nothing when nothing waits.
  std::optional<OutV1> next_v1(NodeId node, std::size_t part);

  // What was proven of a peer: its document and, after a handshake, the agreement.
  void pin(federation::PinnedNode pinned, std::string api_url, std::optional<federation::Agreement> agreement,
           Callback<NodeId> done);
  // A row for it. 503 when there are too many that nothing was ever heard of: whoever asks for a key can name
  // a domain.
  void ensure(std::string domain, Callback<NodeId> done);
  // Drops the rows of nodes that were never reached, older than `time`, with no user and nothing in their
  // queue.
  void forget_strangers(std::int64_t time);
  void failed(NodeId node, std::int64_t failures, std::int64_t next_try_at, std::string error);
  void key_changed(NodeId node, const Ed25519PublicKey& offered, std::string error,
                   Callback<Done> done = nullptr);
  void seen(NodeId node);  // It spoke: what waits for it is sent at once.
  // Called on the writer thread after the commit that gave the node's queue something, and when it was seen.
  void on_outbound(std::function<void(NodeId)> hook);

  // Called on any thread with what goes out at once or never.
  void on_hint(std::function<void(NodeId, federation::Hint)> hook);

  // Users of other nodes. 404 when nothing is known.
  wire::KeyResponse known_keys(std::string_view handle, std::int64_t* fetched_at);
  void remember_keys(wire::KeyResponse keys, Callback<wire::KeyResponse> done);  // 422 when they do not hold.
  // A peer asked for the key of a user of this node: it hears of changes.
  void watch_key(std::string username, NodeId node);

 private:
  bool report_some_audit();  // False when that was all.

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What is remembered of a peer's identity; nothing before the first handshake.
std::optional<federation::PinnedNode> pinned_node(const PeerRow& peer);

// JSON of what is kept of an agreement, and back; the defaults for an empty text.
std::string agreement_json(const federation::Agreement& agreement);
federation::Agreement agreement_from_json(std::string_view json);

}  // namespace mychat::server
