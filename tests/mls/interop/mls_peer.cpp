// mls-peer: members of MLS groups of this engine that obey lines of JSON, for tests against other
// implementations.
//
//   mls-peer                              reads a command a line, answers each with a line
//   mls-peer passive SUITE SEED SESSIONS  writes sessions for a passive client, as the official vectors have
//   them
//
// A command is an object: "do" names it, "who" the client. Bytes are hex; messages are whole MLSMessages. The
// answer holds "ok": true and the results, or "error" with "rule" (section by section in e2ee/mls/rules.h).
#include <charconv>
#include <functional>
#include <iostream>
#include <map>

#include "base/encoding.h"
#include "base/error.h"
#include "kem_commands.h"
#include "mls/clients.h"
#include "passive_sessions.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat::mls::testing {
namespace {

Bytes bytes_of(JsonView hex) {
  auto out = hex_decode(hex.as_string());
  if (!out) hex.fail("is not hex");
  return std::move(*out);
}
Bytes bytes_of(JsonView in, std::string_view name) { return bytes_of(in.at(name)); }
Bytes bytes_or_none(JsonView in, std::string_view name) {
  const JsonView value = in.find(name);
  return value ? bytes_of(value) : Bytes();
}
Message message_of(JsonView in, std::string_view name) { return decode<Message>(bytes_of(in, name)); }
template <class T>
T body_of(const Message& message) {
  const T* const body = message.as<T>();
  if (body == nullptr) throw_argument("The message is of another kind.");
  return *body;
}
bool flag(JsonView in, std::string_view name, bool otherwise = false) {
  return in.optional_bool(name).value_or(otherwise);
}
template <class Int>
std::vector<Int> numbers_of(JsonView list) {
  std::vector<Int> out;
  for (const JsonView entry : list) out.push_back(static_cast<Int>(entry.as_int(0)));
  return out;
}
Extensions extensions_of(JsonView list) {
  Extensions out;
  for (const JsonView entry : list) {
    out.push_back({static_cast<ExtensionType>(entry.at("type").as_int(0, 0xffff)), bytes_of(entry, "data")});
  }
  return out;
}

struct Member {
  Member(const std::string& identity, SuiteId suite) : client(identity, suite) {
    client.leaf.more_extensions = {kTestExtension};
  }
  Group& group() {
    if (!client.group) throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_E2EE, "The client is in no group.");
    return *client.group;
  }
  PskLookup lookup() const {
    return [this](const PreSharedKeyId& id) -> std::optional<Secret> {
      const auto at = psks.find(id.psk_id);
      if (id.type != PskType::kExternal || at == psks.end()) return std::nullopt;
      return at->second;
    };
  }

  Client client;
  std::map<Bytes, Secret> psks;
  std::optional<PendingCommit> pending;
};

class Peer {
 public:
  std::string answer(std::string_view line) {
    std::string out;
    JsonWriter writer(out);
    writer.begin_object();
    try {
      const Json command = Json::parse(line);
      run(command, writer);
      writer.member("ok", true);
    } catch (const Error& error) {
      // What was written before the failure stays; it says nothing wrong.
      writer.member("error", error.what());
      writer.member("rule", error.detail());
    }
    writer.end_object();
    return out;
  }

 private:
  using Handler = void (Peer::*)(Member&, JsonView, JsonWriter&);

  void run(JsonView in, JsonWriter& out) {
    static const std::map<std::string_view, Handler> handlers{
        {"key_package", &Peer::key_package},
        {"create", &Peer::create},
        {"psk", &Peer::psk},
        {"join", &Peer::join},
        {"join_external", &Peer::join_external},
        {"commit", &Peer::commit},
        {"reinitialise", &Peer::reinitialise},
        {"branch", &Peer::branch},
        {"apply", &Peer::apply},
        {"drop", &Peer::drop},
        {"propose", &Peer::propose},
        {"process", &Peer::process},
        {"protect", &Peer::protect},
        {"group_info", &Peer::group_info},
        {"tree", &Peer::tree},
        {"state", &Peer::state},
        {"reload", &Peer::reload},
        {"forget_proposals", &Peer::forget_proposals},
    };
    const std::string_view what = in.string("do");
    if (what == "suites") return out.member("suites", Suite::supported());
    if (what.starts_with("kem_")) return answer_kem(what, in, out);
    const std::string who(in.string("who"));
    if (what == "client") {
      members_.insert_or_assign(
          who, std::make_unique<Member>(std::string(in.string("identity")),
                                        static_cast<SuiteId>(in.at("suite").as_int(0, 0xffff))));
      return out.member("signature_key", hex_encode(members_.at(who)->client.signer.public_key()));
    }
    if (what == "forget") {
      members_.erase(who);
      return;
    }
    const auto handler = handlers.find(what);
    if (handler == handlers.end()) throw_argument("There is no command \"" + std::string(what) + "\".");
    (this->*handler->second)(member(who), in, out);
  }

  Member& member(std::string_view who) {
    const auto at = members_.find(who);
    if (at == members_.end()) throw_argument("There is no client \"" + std::string(who) + "\".");
    return *at->second;
  }

  static void write(JsonWriter& out, std::string_view name, const Message& message) {
    out.member(name, hex_encode(encode(message)));
  }
  static void write(JsonWriter& out, const PendingCommit& pending) {
    write(out, "commit", pending.commit);
    if (pending.welcome) write(out, "welcome", *pending.welcome);
    out.member("added", pending.summary.added);
    out.member("has_path", pending.summary.has_path);
  }

  static PreSharedKeyId psk_id(const Member& from, const Suite& suite, JsonView in) {
    PreSharedKeyId id;
    id.psk_nonce = from.client.env.random_bytes(suite.hash_size());
    if (const JsonView epoch = in.find("epoch")) {
      id.type = PskType::kResumption;
      id.psk_group_id = from.client.group->id();
      id.psk_epoch = static_cast<Epoch>(epoch.as_int(0));
    } else {
      id.psk_id = bytes_of(in, "id");
    }
    return id;
  }

  // {"add": KEY PACKAGE} | {"remove": LEAF} | {"psk": {"id" | "epoch"}} | {"extensions": [...]} | {"reinit":
  // {...}}
  static Proposal proposal_of(const Member& from, JsonView in) {
    if (in.find("add")) return {Add{body_of<KeyPackage>(message_of(in, "add"))}};
    if (const JsonView leaf = in.find("remove")) return {Remove{static_cast<LeafIndex>(leaf.as_int(0))}};
    if (const JsonView psk = in.find("psk")) return {Psk{psk_id(from, *from.client.suite, psk)}};
    if (const JsonView list = in.find("extensions")) return {GroupContextExtensions{extensions_of(list)}};
    const JsonView reinit = in.object("reinit");
    return {ReInit{bytes_of(reinit, "group_id"), kMls10,
                   static_cast<SuiteId>(reinit.at("suite").as_int(0, 0xffff)),
                   extensions_of(reinit.find("extensions"))}};
  }

  void key_package(Member& who, JsonView, JsonWriter& out) { write(out, "message", {who.client.publish()}); }

  void create(Member& who, JsonView in, JsonWriter&) {
    who.client.create({bytes_or_none(in, "group_id"), extensions_of(in.find("extensions"))});
  }

  void psk(Member& who, JsonView in, JsonWriter&) {
    const Bytes secret = bytes_of(in, "secret");
    who.psks.insert_or_assign(bytes_of(in, "id"), to_secret(view(secret)));
  }

  // "before": another client here whose group this one replaces or branches off.
  void join(Member& who, JsonView in, JsonWriter&) {
    JoinOptions options;
    std::optional<NodeVector> nodes;
    if (in.find("tree")) options.tree = &nodes.emplace(decode<NodeVector>(bytes_of(in, "tree")));
    options.psks = who.lookup();
    if (const auto before = in.optional_string("before")) options.predecessor = &member(*before).group();
    who.client.join(message_of(in, "welcome"), options);
  }

  void join_external(Member& who, JsonView in, JsonWriter& out) {
    const auto info = body_of<GroupInfo>(message_of(in, "group_info"));
    ExternalJoinOptions options;
    std::optional<NodeVector> nodes;
    if (in.find("tree")) options.tree = &nodes.emplace(decode<NodeVector>(bytes_of(in, "tree")));
    if (const JsonView leaf = in.find("replaces")) options.replaces = static_cast<LeafIndex>(leaf.as_int(0));
    for (const JsonView psk : in.find("psks")) {
      options.psk_ids.push_back(psk_id(who, Suite::get(info.context.suite), psk));
    }
    options.psks = who.lookup();
    options.authenticated_data = bytes_or_none(in, "authenticated_data");
    PendingCommit pending =
        Group::join_external(who.client.env, info, who.client.signer, who.client.leaf, options);
    write(out, pending);
    who.client.group.emplace(std::move(*pending.next));
  }

  void commit(Member& who, JsonView in, JsonWriter& out) {
    CommitOptions options;
    for (const JsonView proposal : in.find("proposals"))
      options.proposals.push_back(proposal_of(who, proposal));
    options.include_waiting = flag(in, "waiting", true);
    options.path = flag(in, "path", true);
    options.tree_in_welcome = flag(in, "tree", true);
    options.public_message = flag(in, "public");
    options.authenticated_data = bytes_or_none(in, "authenticated_data");
    options.psks = who.lookup();
    if (flag(in, "new_signature_key")) options.signer = SigningKey::generate(who.client.suite->signature());
    write(out, who.pending.emplace(who.group().commit(options)));
  }

  static std::vector<KeyPackage> packages_of(JsonView list) {
    std::vector<KeyPackage> out;
    for (const JsonView package : list)
      out.push_back(body_of<KeyPackage>(decode<Message>(bytes_of(package))));
    return out;
  }

  // "before" as in join(): the group that ended, and the one to branch off.
  void reinitialise(Member& who, JsonView in, JsonWriter& out) {
    enter(who, out,
          Group::reinitialise(who.client.env, member(in.string("before")).group(), who.client.signer,
                              who.client.leaf, packages_of(in.array("members"))));
  }
  void branch(Member& who, JsonView in, JsonWriter& out) {
    Group& before = member(in.string("before")).group();
    enter(who, out,
          Group::branch(who.client.env, before, who.client.signer, who.client.leaf,
                        {bytes_or_none(in, "group_id"), before.context().extensions},
                        packages_of(in.array("members"))));
  }
  static void enter(Member& who, JsonWriter& out, PendingCommit pending) {
    write(out, pending);
    who.client.group.emplace(std::move(*pending.next));
  }

  void apply(Member& who, JsonView, JsonWriter&) {
    if (!who.pending) throw_argument("There is no commit to apply.");
    who.group().apply(std::move(*who.pending));
    who.pending.reset();
    who.client.signer = who.group().signer();
  }
  void drop(Member& who, JsonView, JsonWriter&) { who.pending.reset(); }

  void propose(Member& who, JsonView in, JsonWriter& out) {
    const Bytes data = bytes_or_none(in, "authenticated_data");
    const bool open = flag(in, "public");
    if (!flag(in, "update")) {
      return write(out, "message", who.group().propose(proposal_of(who, in.object("proposal")), data, open));
    }
    std::optional<SigningKey> signer;
    if (flag(in, "new_signature_key")) signer = SigningKey::generate(who.client.suite->signature());
    write(out, "message", who.group().propose_update({}, signer, data, open));
  }

  void forget_proposals(Member& who, JsonView, JsonWriter&) { who.group().drop_waiting_proposals(); }

  void process(Member& who, JsonView in, JsonWriter& out) {
    ProcessOptions options;
    options.psks = who.lookup();
    const Received received = who.group().process(message_of(in, "message"), options);
    if (const auto* const application = std::get_if<ReceivedApplication>(&received)) {
      out.member("kind", "application");
      out.member("data", hex_encode(application->data));
      out.member("authenticated_data", hex_encode(application->authenticated_data));
      out.member("sender", application->sender);
      out.member("epoch", application->epoch);
    } else if (const auto* const proposal = std::get_if<ReceivedProposal>(&received)) {
      out.member("kind", "proposal");
      out.member("type", static_cast<std::uint16_t>(proposal->proposal.proposal.type()));
      out.member("authenticated_data", hex_encode(proposal->authenticated_data));
    } else {
      const auto& commit = std::get<ReceivedCommit>(received);
      out.member("kind", "commit");
      out.member("committer", commit.summary.committer_leaf);
      out.member("proposals", commit.summary.proposals.size());
      out.member("has_path", commit.summary.has_path);
      out.member("removes_us", commit.summary.removes_us);
      out.member("authenticated_data", hex_encode(commit.authenticated_data));
      who.pending.reset();
      who.client.signer = who.group().signer();
    }
  }

  void protect(Member& who, JsonView in, JsonWriter& out) {
    const auto padding = static_cast<std::size_t>(in.optional_int("padding").value_or(0));
    write(out, "message",
          {who.group().protect(bytes_of(in, "data"), bytes_or_none(in, "authenticated_data"), padding)});
  }

  void group_info(Member& who, JsonView in, JsonWriter& out) {
    write(out, "message", {who.group().group_info(flag(in, "tree", true), true)});
  }
  void tree(Member& who, JsonView, JsonWriter& out) {
    out.member("tree", hex_encode(encode(who.group().tree().nodes())));
  }

  void state(Member& who, JsonView, JsonWriter& out) {
    const Group& group = who.group();
    out.member("active", group.is_active());
    out.member("removed", group.was_removed());
    out.member("epoch", group.epoch());
    out.member("leaf", group.own_leaf());
    out.member("waiting", group.waiting_proposals().size());
    out.member("context", hex_encode(encode(group.context())));
    out.member("epoch_authenticator", hex_encode(group.epoch_authenticator()));
    out.member("exported", hex_encode(group.export_secret("interop", view("context"), 37)));
    if (const auto psk = group.resumption_psk(group.epoch())) out.member("resumption_psk", hex_encode(*psk));
    out.key("members");
    out.begin_array();
    group.tree().each_member([&](LeafIndex leaf, const LeafNode& node) {
      out.begin_object();
      out.member("leaf", leaf);
      out.member("identity", text(node.credential.identity));
      out.member("signature_key", hex_encode(node.signature_key));
      out.end_object();
    });
    out.end_array();
  }

  void reload(Member& who, JsonView, JsonWriter&) {
    const Records records = who.group().save();
    who.client.group.emplace(Group::load(who.client.env, records));
  }

  std::map<std::string, std::unique_ptr<Member>, std::less<>> members_;
};

int serve() {
  Peer peer;
  for (std::string line; std::getline(std::cin, line);) std::cout << peer.answer(line) << std::endl;
  return 0;
}

int passive(const std::vector<std::string_view>& args) {
  std::array<std::uint64_t, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto [end, error] = std::from_chars(args[i].data(), args[i].data() + args[i].size(), numbers[i]);
    if (error != std::errc() || end != args[i].data() + args[i].size()) throw_argument("That is no number.");
  }
  std::cout << passive_sessions(static_cast<SuiteId>(numbers[0]), numbers[1], numbers[2]) << std::endl;
  return 0;
}

int run(const std::vector<std::string_view>& args) {
  if (args.empty()) return serve();
  if (args.size() == 4 && args[0] == "passive") return passive({args.begin() + 1, args.end()});
  std::cerr << "mls-peer [passive SUITE SEED SESSIONS]\n";
  return 2;
}

}  // namespace
}  // namespace mychat::mls::testing

int main(int argc, char** argv) {
  try {
    return mychat::mls::testing::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "mls-peer: " << error.what() << '\n';
    return 1;
  }
}
