#include <algorithm>
#include <future>
#include <iostream>

#include "app/commands/command.h"
#include "app/commands/operator_session.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/error.h"
#include "protocol/handle.h"
#include "protocol/json_writer.h"

namespace mychat::server {

namespace {

constexpr int kAuditShown = 20;

template <class Work>
int with_federation(const CommonOptions& common, Work work) {
  const auto loaded = load_or_explain(common, true);
  if (!loaded) return kExitUsage;
  return guarded([&] {
    OperatorSession session(loaded->config);
    work(session.services().federation_admin(), session.services());
    if (!loaded->config.federation_enabled)
      std::cerr << "note: FEDERATION_ENABLED is off: this node speaks with no other.\n";
    return kExitOk;
  });
}

std::string key_id_of(ByteView bytes) {
  Ed25519PublicKey key{};
  if (bytes.size() != key.size()) return {};
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return federation::node_key_id(key);
}

// In one word, for people and programs.
const char* status_of(const PeerRow& peer, const federation::Policy& policy) {
  switch (policy.judge(peer.domain)) {
    case federation::Verdict::kBlocked:
      return "blocked";
    case federation::Verdict::kNotListed:
      return "not-listed";
    case federation::Verdict::kAwaitsApproval:
      return "awaits-approval";
    case federation::Verdict::kAllowed:
      break;
  }
  if (peer.standing == PeerStanding::kKeyChanged) return "key-changed";
  if (peer.failures > 0) return "failing";
  return peer.last_seen ? "ok" : "never-reached";
}

std::string time_or(std::int64_t time, const char* otherwise) {
  return time > 0 && time < INT64_MAX ? format_time(time) : std::string(otherwise);
}

std::optional<std::int64_t> next_try(const PeerRow& peer) {
  if (peer.failures == 0 || peer.next_try_at <= 0 || peer.next_try_at == INT64_MAX) return std::nullopt;
  return peer.next_try_at;
}

void write_peer(JsonWriter& json, const PeerRow& peer, const federation::Policy& policy) {
  json.begin_object();
  json.member("domain", peer.domain);
  json.member("status", status_of(peer, policy));
  json.member("protocol", peer.protocol);
  json.member("latency_ms", peer.latency_ms);
  json.member("queued", peer.queued);
  json.member("queued_bytes", peer.queued_bytes);
  json.member("failures", peer.failures);
  json.optional_member("last_error", peer.last_error);
  json.time_member("next_retry", next_try(peer));
  json.time_member("last_seen", peer.last_seen);
  json.member("key_id", key_id_of(peer.key));
  json.member("offered_key_id", key_id_of(peer.offered_key));
  json.member("next_key_id", key_id_of(peer.announced_key));
  json.end_object();
}

void write_rules(JsonWriter& json, const std::vector<RuleRow>& rules) {
  json.key("rules");
  json.begin_array();
  for (const RuleRow& rule : rules) {
    json.begin_object();
    json.member("pattern", rule.pattern);
    json.member("action", rule.block ? "block" : "allow");
    json.end_object();
  }
  json.end_array();
}

void write_audit(JsonWriter& json, const std::vector<AuditRow>& rows) {
  json.key("audit");
  json.begin_array();
  for (const AuditRow& row : rows) {
    json.begin_object();
    json.time_member("time", row.created_at);
    json.member("actor", row.actor);
    json.member("action", row.action);
    json.member("subject", row.subject);
    json.member("detail", row.detail);
    json.time_member("taken_up_at", row.logged_at);
    json.end_object();
  }
  json.end_array();
}

void print_audit(const std::vector<AuditRow>& rows) {
  for (const AuditRow& row : rows) {
    std::cout << format_time(row.created_at) << "  " << row.actor << "  " << row.action
              << (row.subject.empty() ? "" : " " + row.subject)
              << (row.detail.empty() ? "" : "  (" + row.detail + ")") << "\n";
  }
}

void print_line(const PeerRow& peer, const federation::Policy& policy, std::size_t width) {
  std::cout << peer.domain << std::string(width - peer.domain.size(), ' ') << "  " << status_of(peer, policy)
            << "  latency " << peer.latency_ms << " ms  queued " << peer.queued;
  if (const auto at = next_try(peer)) std::cout << "  next try " << format_time(*at);
  std::cout << "  seen " << time_or(peer.last_seen.value_or(0), "never") << "\n";
  if (peer.last_error) std::cout << "    " << *peer.last_error << "\n";
}

void show_own(const CommonOptions& common, FederationAdmin& admin) {
  const auto own = admin.identity();
  if (!own) throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_FEDERATION, "This node has not federated yet.");
  const std::string next =
      own->document.next_key ? federation::node_key_id(*own->document.next_key) : std::string();
  if (common.json) {
    std::string out;
    JsonWriter json(out, JsonLayout::kPretty);
    json.begin_object();
    json.member("domain", own->document.domain);
    json.member("federation_api", own->document.api_url);
    json.member("key_id", federation::node_key_id(own->document.key));
    json.time_member("key_since", own->key_since);
    json.member("next_key_id", next);
    json.time_member("next_key_from", own->rotate_at);
    json.member("sequence", own->document.sequence);
    json.time_member("valid_until", own->document.valid_until);
    json.member("rotations", static_cast<std::int64_t>(own->document.rotations.size()));
    json.end_object();
    std::cout << out << "\n";
    return;
  }
  std::cout << own->document.domain << "\n  key          " << federation::node_key_id(own->document.key)
            << " since " << format_time(own->key_since) << "\n";
  if (own->rotate_at)
    std::cout << "  next key     " << next << " from " << format_time(*own->rotate_at) << " on\n";
  std::cout << "  document     number " << own->document.sequence << ", valid until "
            << format_time(own->document.valid_until) << "\n  reached at   " << own->document.api_url << "\n";
}

void show_peer(const CommonOptions& common, FederationAdmin& admin, const std::string& name) {
  const auto domain = parse_domain(name);
  const auto peer = domain ? admin.peer(*domain) : std::nullopt;
  if (!peer) throw Error(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_FEDERATION, "Nothing is known of " + name + ".");
  const federation::Policy policy = admin.policy();
  const auto audit = admin.audit(peer->domain, kAuditShown);
  if (common.json) {
    std::string out;
    JsonWriter json(out, JsonLayout::kPretty);
    json.begin_object();
    json.key("node");
    write_peer(json, *peer, policy);
    write_audit(json, audit);
    json.end_object();
    std::cout << out << "\n";
    return;
  }
  print_line(*peer, policy, peer->domain.size());
  if (!peer->key.empty())
    std::cout << "  key          " << key_id_of(peer->key) << ", document number " << peer->sequence << "\n";
  if (!peer->announced_key.empty())
    std::cout << "  next key     " << key_id_of(peer->announced_key) << ", as it announced\n";
  if (!peer->offered_key.empty())
    std::cout << "  offers       " << key_id_of(peer->offered_key)
              << " (ask its operator which key is theirs, then: mychat-server federation approve "
              << peer->domain << " --key ID)\n";
  std::cout << "  reached at   " << (peer->api_url.empty() ? "unknown" : peer->api_url) << ", protocol "
            << peer->protocol << "\n  its clock    " << peer->clock_ahead_ms
            << " ms ahead of ours\n  queue        " << peer->queued << " items, " << peer->queued_bytes
            << " bytes; it has " << peer->out_acked << " of " << peer->out_seq << "\n  received     "
            << peer->in_seq << " items\n  known since  " << format_time(peer->created_at) << "\n";
  print_audit(audit);
}

void done(const CommonOptions& common, const std::string& subject, const std::string& sentence) {
  if (!common.json) {
    std::cout << sentence << " A running node takes it up within seconds.\n";
    return;
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("subject", subject);
  json.member("result", "ok");
  json.end_object();
  std::cout << out << "\n";
}

// Marks what waits for a node as failed, so that its senders see it.
void give_up(Services& services, FederationAdmin& admin, const std::string& name) {
  const auto domain = parse_domain(name);
  const auto peer = domain ? admin.peer(*domain) : std::nullopt;
  if (!peer) return;
  for (int given_up = 1; given_up > 0;) {
    std::promise<Result<int>> promise;
    services.mailbox().expire(peer->id, INT64_MAX,
                              "The operator of this node gave up on " + peer->domain + ".",
                              [&promise](Result<int> result) { promise.set_value(std::move(result)); });
    const Result<int> result = promise.get_future().get();
    if (!result.ok()) throw Refused(result.failure());
    given_up = result.value();
  }
}

}  // namespace

int federation_list_command(const CommonOptions& common) {
  return with_federation(common, [&](FederationAdmin& admin, Services&) {
    const federation::Policy policy = admin.policy();
    const auto peers = admin.peers();
    const auto rules = admin.rules();
    if (common.json) {
      std::string out;
      JsonWriter json(out, JsonLayout::kPretty);
      json.begin_object();
      json.member("mode", federation::mode_name(policy.mode));
      write_rules(json, rules);
      json.key("nodes");
      json.begin_array();
      for (const PeerRow& peer : peers) write_peer(json, peer, policy);
      json.end_array();
      json.end_object();
      std::cout << out << "\n";
      return;
    }
    std::size_t width = 0;
    for (const PeerRow& peer : peers) width = std::max(width, peer.domain.size());
    for (const PeerRow& peer : peers) print_line(peer, policy, width);
    std::cout << peers.size() << " nodes; mode " << federation::mode_name(policy.mode) << "\n";
    for (const RuleRow& rule : rules) std::cout << (rule.block ? "block " : "allow ") << rule.pattern << "\n";
  });
}

int federation_show_command(const CommonOptions& common, const std::string& domain) {
  return with_federation(common, [&](FederationAdmin& admin, Services&) {
    domain.empty() ? show_own(common, admin) : show_peer(common, admin, domain);
  });
}

int federation_audit_command(const CommonOptions& common, int count) {
  return with_federation(common, [&](FederationAdmin& admin, Services&) {
    const auto rows = admin.audit({}, count);
    if (!common.json) return print_audit(rows);
    std::string out;
    JsonWriter json(out, JsonLayout::kPretty);
    json.begin_object();
    write_audit(json, rows);
    json.end_object();
    std::cout << out << "\n";
  });
}

int federation_change_command(const CommonOptions& common, FederationChange change,
                              const std::string& subject, bool sure) {
  return with_federation(common, [&](FederationAdmin& admin, Services& services) {
    const std::string actor = operator_name();
    switch (change) {
      case FederationChange::kAllow:
        admin.allow(actor, subject);
        return done(common, subject, "Allowed: " + subject + ".");
      case FederationChange::kBlock:
        admin.block(actor, subject);
        return done(common, subject, "Blocked: " + subject + ".");
      case FederationChange::kRetry:
        admin.retry(actor, subject);
        return done(common, subject, subject + " is tried again at once.");
      case FederationChange::kForget:
        if (sure) give_up(services, admin, subject);
        admin.forget(actor, subject);
        return done(common, subject, "Forgotten: " + subject + ".");
    }
  });
}

int federation_approve_command(const CommonOptions& common, const std::string& domain,
                               const std::string& key_id) {
  return with_federation(common, [&](FederationAdmin& admin, Services&) {
    admin.approve(operator_name(), domain, key_id);
    done(common, domain, "Approved: " + domain + ".");
  });
}

int federation_rotate_command(const CommonOptions& common, double hours) {
  return with_federation(common, [&](FederationAdmin& admin, Services&) {
    const auto own = admin.announce_key(operator_name(), static_cast<std::int64_t>(hours * 3'600'000));
    const std::string id = federation::node_key_id(own->document.next_key.value_or(own->document.key));
    done(common, id,
         "The key " + id + " is announced; it comes into use at " +
             format_time(own->rotate_at.value_or(own->key_since)) + ".");
  });
}

int federation_withdraw_command(const CommonOptions& common) {
  return with_federation(common, [&](FederationAdmin& admin, Services&) {
    const auto own = admin.withdraw_key(operator_name());
    const std::string id = federation::node_key_id(own->document.key);
    done(common, id, "The announced key is taken back; the key of this node stays " + id + ".");
  });
}

int federation_new_key_command(const CommonOptions& common, bool sure) {
  return with_federation(common, [&](FederationAdmin& admin, Services&) {
    if (!sure) {
      throw_argument(
          "Every other node will stop speaking with this one until its operator approves the new key. To "
          "change a "
          "key that works, use 'federation rotate'. With --yes it is done.");
    }
    const auto own = admin.new_key(operator_name());
    const std::string id = federation::node_key_id(own->document.key);
    done(common, id, "The key of this node is now " + id + ". Tell it to the operators of the other nodes.");
  });
}

}  // namespace mychat::server
