// What the operator does about other nodes. Every function blocks until it is durable, and notes who did
// what; throws Refused or Error. A node that runs on the same database takes changes up within seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "federation/policy.h"
#include "services/federation.h"
#include "storage/audit_table.h"
#include "storage/federation_table.h"

namespace mychat::server {

class ServiceContext;

class FederationAdmin {
 public:
  explicit FederationAdmin(ServiceContext& context);

  std::vector<PeerRow> peers();
  std::optional<PeerRow> peer(std::string_view domain);
  federation::Policy policy();
  std::vector<RuleRow> rules();
  std::vector<AuditRow> audit(std::string_view subject, int limit);
  std::shared_ptr<const OwnIdentity> identity();  // Null before the node has run with federation on.

  // `pattern`: a domain, "*.example.org" or "*". 422 for anything else.
  void allow(const std::string& actor, const std::string& pattern);
  void block(const std::string& actor, const std::string& pattern);
  // By name, whatever FEDERATION_MODE says; with the key that it offered, when that changed. `key_id`: of the
  // key to trust, the known or the offered one; 409 when it is neither. 403 when a rule blocks it, which is
  // stronger.
  void approve(const std::string& actor, const std::string& domain, const std::string& key_id = {});
  void retry(const std::string& actor, const std::string& domain);  // 404
  // A rule of that pattern, and what is known of a node of that name: its next document is trusted as a first
  // one is. 404 when there is neither; 409 while something waits for it.
  void forget(const std::string& actor, const std::string& pattern);

  // A next key, to be used that much later. 409 when one is announced already.
  std::shared_ptr<const OwnIdentity> announce_key(const std::string& actor, std::int64_t delay_ms);
  // The announced key is not to be used. 409 when there is none, or it is in use by now.
  std::shared_ptr<const OwnIdentity> withdraw_key(const std::string& actor);
  // Another key at once: the old one is compromised or does not open.
  std::shared_ptr<const OwnIdentity> new_key(const std::string& actor);

 private:
  void put_rule_and_note(const std::string& actor, const std::string& pattern, bool block);

  ServiceContext& context_;
};

}  // namespace mychat::server
