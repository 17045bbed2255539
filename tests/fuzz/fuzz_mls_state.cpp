// Stored groups with records changed, missing, doubled or under other ids; what can be loaded is used.
#include <cstddef>
#include <cstdint>

#include "mls_insider.h"

namespace {

using namespace mychat;
using namespace mychat::mls;
using namespace mychat::mls::fuzz;

struct SetUp {
  Records records;
  std::vector<std::string> ids;
  std::vector<Message> messages;  // To come, of the present epoch and the one before.

  SetUp() {
    auto& clients = the_group();
    Group alice = *clients[0]->group;
    Group bob = *clients[1]->group;
    Group carol = *clients[2]->group;
    Client newcomer("newcomer@example.org", kDefaultSuite, fixed_environment());
    messages.push_back({alice.protect(view("late"))});
    carol.process({alice.protect(view("read"))});
    PendingCommit pending = alice.commit();
    bob.process(pending.commit);
    carol.process(pending.commit);
    alice.apply(std::move(pending));
    const Message update = carol.propose_update();
    bob.process(update);
    alice.process(update);
    carol.process(bob.propose(newcomer.add()));
    messages.push_back({alice.protect(view("first"))});
    carol.process({alice.protect(view("second"))});
    CommitOptions options;
    options.include_waiting = false;
    Group other = alice;
    messages.push_back(alice.propose({Remove{3}}));
    messages.push_back(other.commit(options).commit);
    records = carol.save();
    for (const auto& entry : records) ids.push_back(entry.first);
  }
};

// The context's hash of the tree is made to fit what the nodes became.
void make_fit(Records& records) {
  NodeVector nodes;
  for (const auto& [id, content] : records) {
    if (!id.starts_with("node/")) continue;
    const auto node = std::strtoul(id.c_str() + 5, nullptr, 10);
    if (node > 64) return;
    if (node >= nodes.size()) nodes.resize(node + 1);
    nodes[node] = decode<Node>(content);
  }
  RatchetTree tree = RatchetTree::from_nodes(Suite::get(kDefaultSuite), nodes);
  const auto at = records.find("group");
  if (at == records.end()) return;
  Reader reader(at->second);
  std::uint16_t format = 0;
  Bytes bytes;
  reader(format, bytes);
  auto context = decode<GroupContext>(bytes);
  context.tree_hash = to_bytes(tree.hash());
  Writer writer;
  writer(format, encode(context));
  writer.raw(reader.rest());
  at->second = writer.secret();
}

template <class Work>
void attempt(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_INTERNAL) throw;
  }
}

void run(Choices& choices) {
  static const SetUp set_up;
  Records records = set_up.records;
  const std::uint8_t how = choices.octet();
  for (std::size_t edits = choices.octet() % 5; edits-- > 0;) {
    const std::string& id = set_up.ids[choices.octet() % set_up.ids.size()];
    switch (choices.octet() % 6) {
      case 0:
        records.erase(id);
        break;
      case 1:
        records[set_up.ids[choices.octet() % set_up.ids.size()]] = set_up.records.at(id);
        break;
      case 2: {
        const auto name = text(choices.take(choices.octet() % 6));
        records[id.substr(0, id.rfind('/') + 1) + std::string(name)] = set_up.records.at(id);
        break;
      }
      default: {
        const Secret& content = set_up.records.at(id);
        records[id] = to_secret(view(edited({content.begin(), content.end()}, choices)));
      }
    }
  }
  if ((how & 1U) != 0) attempt([&] { make_fit(records); });
  Group group = Group::load(fixed_environment(), records);
  attempt([&] {
    const Records saved = group.save();
    Group again = Group::load(fixed_environment(), saved);
    check(again.save() == saved);
  });
  for (const Message& message : set_up.messages) {
    if ((how & 2U) != 0 && message.as<PrivateMessage>()->content_type == ContentType::kCommit) continue;
    attempt([&] { group.process(message); });
  }
  attempt([&] { group.protect(view("x")); });
  attempt([&] { group.export_secret("x", {}, 32); });
  attempt([&] { group.group_info(true, true); });
  attempt([&] { group.propose_update(); });
  attempt([&] {
    CommitOptions options;
    options.include_waiting = (how & 4U) != 0;
    group.apply(group.commit(options));
    group.protect(view("y"));
  });
  attempt([&] { group.take_changes(); });
  attempt([&] { group.save(); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices({data, size});
  return guard([&] {
    random_state() = 11;
    run(choices);
  });
}
