// For fuzz targets of MLS: a small group made once, whose members' keys sign, tag and seal whatever the
// fuzzer made, so that it gets to the logic behind the signatures; and valid values that inputs edit.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "mls/clients.h"

namespace mychat::mls::fuzz {

using testing::Client;

// Runs one input; what the engine may throw is an Error that is not internal.
template <class Run>
int guard(Run&& run) {
  try {
    run();
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_INTERNAL) std::abort();
  }
  return 0;
}

inline void check(bool holds) {
  if (!holds) std::abort();
}

// The fuzzer's bytes as a list of decisions; zeros when they are at their end.
class Choices {
 public:
  explicit Choices(ByteView in) : in_(in) {}
  std::uint8_t octet() { return in_.empty() ? 0 : take(1)[0]; }
  std::uint32_t number() { return static_cast<std::uint32_t>(octet()) << 8U | octet(); }
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : number() % bound; }
  ByteView take(std::size_t size) {
    const ByteView out = in_.first(std::min(size, in_.size()));
    in_ = in_.subspan(out.size());
    return out;
  }
  ByteView rest() { return take(in_.size()); }
  bool done() const { return in_.empty(); }

 private:
  ByteView in_;
};

// A valid value with some of it changed: most of its structure is still there.
inline Bytes edited(Bytes value, Choices& choices, std::size_t most = 6) {
  for (std::size_t edits = choices.octet() % (most + 1); edits-- > 0 && !value.empty();) {
    const auto at = static_cast<std::ptrdiff_t>(choices.below(value.size()));
    switch (choices.octet() % 6) {
      case 0:
        value[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1U << (choices.octet() % 8));
        break;
      case 1:
        value[static_cast<std::size_t>(at)] = choices.octet();
        break;
      case 2: {
        const ByteView more = choices.take(choices.octet() % 40);
        value.insert(value.begin() + at, more.begin(), more.end());
        break;
      }
      case 3:
        value.erase(value.begin() + at,
                    value.begin() + std::min<std::ptrdiff_t>(at + 1 + choices.octet() % 40,
                                                             static_cast<std::ptrdiff_t>(value.size())));
        break;
      case 4: {
        const ByteView over = choices.take(
            std::min<std::size_t>(choices.octet() % 40, value.size() - static_cast<std::size_t>(at)));
        std::copy(over.begin(), over.end(), value.begin() + at);
        break;
      }
      default: {  // A piece of it again.
        const std::size_t size =
            std::min<std::size_t>(choices.octet(), value.size() - static_cast<std::size_t>(at));
        const Bytes piece(value.begin() + at, value.begin() + at + static_cast<std::ptrdiff_t>(size));
        const auto to = static_cast<std::ptrdiff_t>(choices.below(value.size()));
        value.insert(value.begin() + to, piece.begin(), piece.end());
      }
    }
  }
  return value;
}

// Randomness that is the same for each input.
inline std::uint64_t& random_state() {
  static std::uint64_t state = 1;
  return state;
}
inline Environment fixed_environment() {
  static const testing::FixedClock clock;
  Environment out = testing::environment();
  out.clock = &clock;
  out.random = [](MutableBytes bytes) {
    for (auto& octet : bytes) {
      random_state() = random_state() * 6364136223846793005U + 1442695040888963407U;
      octet = static_cast<std::uint8_t>(random_state() >> 56U);
    }
  };
  out.ratchet = {40, 20};
  return out;
}

// What one member knows of the present epoch, of what it stores.
struct Insider {
  explicit Insider(Client& client) : name(&client) {
    Group copy = *client.group;
    const Records records = copy.save();
    Reader reader(records.at("group"));
    std::uint16_t format = 0;
    reader(format, context, secrets);
    SecretTree::Nodes nodes;
    const std::string prefix = "epoch/" + std::to_string(copy.epoch()) + "/node/";
    for (const auto& [id, content] : records) {
      if (id.starts_with(prefix))
        nodes.emplace(static_cast<NodeIndex>(std::stoul(id.substr(prefix.size()))), content);
    }
    ratchets = SecretTree::restore(copy.suite(), copy.tree().leaves(), std::move(nodes), {});
  }

  FramedContent content() const {
    FramedContent out;
    out.group_id = name->group->id();
    out.epoch = name->group->epoch();
    out.sender = {SenderType::kMember, name->group->own_leaf()};
    return out;
  }
  AuthenticatedContent sign(FramedContent content, WireFormat format) const {
    AuthenticatedContent out{format, std::move(content), {}};
    sign_content(out, *name->suite, name->signer, context);
    return out;
  }
  Message wrap(const AuthenticatedContent& message) const {
    const Suite& suite = *name->suite;
    if (message.wire_format == WireFormat::kPublicMessage) {
      return {to_public(message, suite, secrets.membership_key, context)};
    }
    const RatchetKind kind = ratchet_of(message.content.type());
    return {seal_private(message, suite, secrets.sender_data, ratchets.next(name->group->own_leaf(), kind), 0,
                         name->env)};
  }

  Client* name;
  Bytes context;
  EpochSecrets secrets;
  SecretTree ratchets;
};

// Five members; of the tree some nodes are blank and some leaves are unmerged.
inline std::vector<std::unique_ptr<Client>>& the_group() {
  static auto clients = [] {
    random_state() = 7;
    auto out = testing::make_group(5, kDefaultSuite, fixed_environment());
    testing::deliver(out, *out[1], out[1]->group->commit());
    testing::deliver(out, *out[3], out[3]->group->commit());
    auto late = std::make_unique<Client>("late@example.org", kDefaultSuite, fixed_environment());
    CommitOptions add;
    add.path = false;
    add.proposals = {late->add()};
    PendingCommit pending = out[0]->group->commit(add);
    const Message welcome = *pending.welcome;
    testing::deliver(out, *out[0], std::move(pending));
    late->join(welcome);
    out.push_back(std::move(late));
    return out;
  }();
  return clients;
}

}  // namespace mychat::mls::fuzz
