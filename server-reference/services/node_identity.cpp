#include "services/node_identity.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "protocol/json_writer.h"
#include "services/write_and_wait.h"

namespace mychat::server {
namespace {

constexpr std::string_view kSealInfo = "MyChat node key v1";
constexpr std::int64_t kReissueBeforeMs = federation::kDocumentLifeMs / 2;
constexpr std::int64_t kDayMs = std::int64_t{24} * 3'600'000;

Secret sealing_key(const NodeConfig& config) {
  return hkdf_sha256(config.secret_key, {}, view(kSealInfo), kAeadKeySize);
}

Bytes seal_seed(const NodeConfig& config, const Ed25519PrivateKey& key) {
  const auto nonce = random_array<kAeadNonceSize>();
  const Bytes sealed = aes256gcm_seal(sealing_key(config), nonce, key.seed(), view(config.domain));
  Bytes out;
  out.reserve(nonce.size() + sealed.size());
  out.assign(nonce.begin(), nonce.end());
  out.insert(out.end(), sealed.begin(), sealed.end());
  return out;
}

Ed25519PrivateKey open_seed(const NodeConfig& config, ByteView sealed) {
  try {
    if (sealed.size() <= kAeadNonceSize) throw_malformed("The node's key is cut short.");
    return Ed25519PrivateKey::from_seed(aes256gcm_open(sealing_key(config), sealed.first(kAeadNonceSize),
                                                       sealed.subspan(kAeadNonceSize), view(config.domain)));
  } catch (const Error&) {
    throw Error(
        MYCHAT_E_STORE_KEY, MYCHAT_DOMAIN_STORE,
        "The node's federation key does not open: it was kept under another SECRET_KEY or DOMAIN. Restore "
        "those, or forget the key with 'mychat-server federation new-key' (other nodes will then ask their "
        "operators).");
  }
}

// The keys between two documents.
class Keys {
 public:
  Keys(ServiceContext& context, Change& change, const std::string& actor)
      : context_(context), change_(change), actor_(actor), row_(find_identity(change.db)) {}

  std::shared_ptr<const OwnIdentity> apply(IdentityChange what, std::int64_t delay_ms) {
    if (!row_ || what == IdentityChange::kNewKey) {
      begin();
    } else {
      open();
      if (next_ && rotate_at_.value_or(INT64_MAX) <= change_.now) rotate();
      if (what == IdentityChange::kWithdraw) withdraw();
      const bool due = context_.config.federation_key_days > 0 && !next_ &&
                       change_.now - key_since_ >= context_.config.federation_key_days * kDayMs;
      if (what == IdentityChange::kAnnounce || due) announce(delay_ms);
    }
    return issue();
  }

 private:
  void begin() {
    key_ = Ed25519PrivateKey::generate();
    key_since_ = change_.now;
    if (row_) note("federation new-key", "the key is now " + id_of(*key_) + ", without the old one's word");
  }

  void open() {
    key_ = open_seed(context_.config, row_->sealed_key);
    if (row_->sealed_next_key) next_ = open_seed(context_.config, *row_->sealed_next_key);
    rotations_ = federation::rotations_from_json(row_->rotations);
    key_since_ = row_->key_since;
    rotate_at_ = row_->rotate_at;
  }

  void rotate() {
    rotations_.push_back(
        federation::NodeKeyRotation::make(context_.config.domain, *key_, *next_, next_sequence()));
    if (rotations_.size() > federation::kRotationsMax) rotations_.erase(rotations_.begin());
    note("federation key in use", "from " + id_of(*key_) + " to " + id_of(*next_));
    key_ = std::exchange(next_, std::nullopt);
    key_since_ = change_.now;
    rotate_at_.reset();
  }

  void announce(std::int64_t delay_ms) {
    if (next_) {
      throw Refused(409, "A next key is announced already; it comes into use at " +
                             format_time(rotate_at_.value_or(change_.now)) + ".");
    }
    next_ = Ed25519PrivateKey::generate();
    rotate_at_ = change_.now + delay_ms;
    note("federation key announced", id_of(*next_) + " from " + format_time(*rotate_at_) + " on");
  }

  // The document that follows has a higher number and names no next key: peers give up what they expected.
  void withdraw() {
    if (!next_) throw Refused(409, "No next key is announced.");
    note("federation key withdrawn", id_of(*next_));
    next_.reset();
    rotate_at_.reset();
  }

  // Numbers follow the clock, so that a node restored from an old backup does not fall behind what its peers
  // have seen.
  std::int64_t next_sequence() const { return std::max(change_.now / 1000, row_ ? row_->sequence + 1 : 1); }

  std::shared_ptr<const OwnIdentity> issue() {
    federation::NodeDocument document;
    document.domain = context_.config.domain;
    document.api_url = context_.config.federation_api;
    document.sequence = next_sequence();
    document.issued_at = change_.now;
    document.valid_until = change_.now + federation::kDocumentLifeMs;
    document.capabilities = {"account_deleted", "echo",    "hints",   "key_change",
                             "messages",        "profile", "receipts"};
    if (context_.config.federation_share_peers || context_.config.federation_learn_peers)
      document.capabilities.emplace_back("peers");
    document.limits.max_message_size = static_cast<std::int64_t>(context_.config.max_message_size);
    document.limits.max_transaction_items = context_.config.federation_max_items;
    document.key = key_->public_key();
    if (next_) document.next_key = next_->public_key();
    document.rotations = rotations_;
    federation::Statement statement = document.sign(*key_);
    IdentityRow kept;
    kept.sealed_key = seal_seed(context_.config, *key_);
    if (next_) kept.sealed_next_key = seal_seed(context_.config, *next_);
    kept.sequence = document.sequence;
    kept.document = to_json_text(statement);
    kept.rotations = federation::rotations_json(rotations_);
    kept.key_since = key_since_;
    kept.rotate_at = rotate_at_;
    put_identity(change_.db, kept, change_.now);
    return std::make_shared<const OwnIdentity>(
        OwnIdentity{*key_, std::move(document), std::move(statement), key_since_, rotate_at_});
  }

  void note(std::string action, std::string detail) const {
    put_audit(change_.db,
              {.actor = actor_, .action = std::move(action), .subject = {}, .detail = std::move(detail)},
              change_.now);
  }
  static std::string id_of(const Ed25519PrivateKey& key) { return federation::node_key_id(key.public_key()); }

  ServiceContext& context_;
  Change& change_;
  const std::string& actor_;
  const std::optional<IdentityRow> row_;
  std::optional<Ed25519PrivateKey> key_;
  std::optional<Ed25519PrivateKey> next_;
  std::vector<federation::NodeKeyRotation> rotations_;
  std::int64_t key_since_ = 0;
  std::optional<std::int64_t> rotate_at_;
};

}  // namespace

std::shared_ptr<const OwnIdentity> change_identity(ServiceContext& context, IdentityChange what,
                                                   const std::string& actor, std::int64_t delay_ms) {
  std::exception_ptr problem;
  try {
    return write_and_wait<std::shared_ptr<const OwnIdentity>>(
        context, [&context, what, &actor, delay_ms, &problem](Change& change) {
          try {
            return Keys(context, change, actor).apply(what, delay_ms);
          } catch (const Error&) {
            problem = std::current_exception();
            throw;  // Undoes what was written.
          }
        });
  } catch (const Refused&) {
    if (problem)
      std::rethrow_exception(problem);  // With its sentence, which an answer to a client would not have.
    throw;
  }
}

std::shared_ptr<const OwnIdentity> read_identity(const ServiceContext& context, SqliteConnection& db) {
  const auto row = find_identity(db);
  if (!row) return nullptr;
  auto statement = federation::Statement::from_json(Json::parse(row->document, federation::kStatementJson));
  auto document = federation::document_of(statement);
  return std::make_shared<const OwnIdentity>(OwnIdentity{open_seed(context.config, row->sealed_key),
                                                         std::move(document), std::move(statement),
                                                         row->key_since, row->rotate_at});
}

bool is_identity_due(const ServiceContext& context, const OwnIdentity& own, std::int64_t now) {
  if (own.document.valid_until - now < kReissueBeforeMs) return true;
  // Issued while the clock was ahead: peers would refuse it until that time has come.
  if (own.document.issued_at > now + federation::kClockSkewMs / 2) return true;
  if (own.rotate_at) return *own.rotate_at <= now;
  return context.config.federation_key_days > 0 &&
         now - own.key_since >= context.config.federation_key_days * kDayMs;
}

federation::Policy read_policy(const ServiceContext& context, SqliteConnection& db) {
  federation::Policy policy;
  policy.mode = context.config.federation_mode;
  policy.accept_v1 = context.config.federation_v1;
  for (const RuleRow& rule : federation_rules(db))
    (rule.block ? policy.blocked : policy.allowed).push_back(rule.pattern);
  for (const PeerRow& peer : all_peers(db)) {
    if (peer.standing == PeerStanding::kApproved) policy.allowed.push_back(peer.domain);
    if (peer.standing == PeerStanding::kBlocked) policy.blocked.push_back(peer.domain);
  }
  return policy;
}

}  // namespace mychat::server
