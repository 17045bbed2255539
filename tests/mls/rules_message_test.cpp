// Messages that break a rule of RFC 9420 section 6.
#include "forge.h"

namespace mychat::mls::testing {
namespace {

class MessageRules : public ::testing::Test {
 protected:
  Client& victim() { return *clients[0]; }
  Client& mallory() { return *clients[1]; }
  Proposal harmless() const { return {Remove{2}}; }
  // Of mallory, encrypted, whatever the content and who it says that it is of.
  Message sealed(const FramedContent& content, const Client& signer) {
    AuthenticatedContent framed{WireFormat::kPrivateMessage, content, {}};
    sign_content(framed, *signer.suite, signer.signer, GroupTestAccess::context(*mallory().group));
    framed.auth.confirmation_tag = Bytes(hash_bytes());
    return {seal_private(
        framed, *signer.suite, GroupTestAccess::secrets(*mallory().group).sender_data,
        GroupTestAccess::ratchets(*mallory().group).next(content.sender.index, ratchet_of(content.type())), 0,
        signer.env)};
  }
  FramedContent application() { return content_with(*mallory().group, to_secret("hello")); }
  void remove_last() { deliver(clients, victim(), victim().group->commit(openly({{Remove{3}}}))); }

  Clients clients = make_room(4);
};

TEST_F(MessageRules, MessageGroup) {
  Clients others = make_room(3);
  EXPECT_REFUSED(victim(), others[1]->say("hello"), Rule::kMessageGroup);
  EXPECT_REFUSED(victim(), others[1]->group->propose(harmless()), Rule::kMessageGroup);
  EXPECT_REFUSED(victim(), others[1]->group->propose(harmless(), {}, true), Rule::kMessageGroup);
}

TEST_F(MessageRules, MessageEpoch) {
  Environment env = environment();
  env.past_epochs = 1;
  clients = make_room(4, {}, {}, env);
  const Message open = mallory().group->propose(harmless(), {}, true);
  const Message hidden = mallory().group->propose(harmless());
  const Message words = mallory().say("late");
  const Message commit = mallory().group->commit(openly()).commit;
  for (int i = 0; i < 2; ++i) deliver(clients, victim(), victim().group->commit());
  for (const Message& message : {open, hidden, words, commit}) {
    EXPECT_REFUSED(victim(), message, Rule::kMessageEpoch);
  }
}

TEST_F(MessageRules, MessageLaterEpoch) {
  PendingCommit missed = mallory().group->commit(openly());
  mallory().group->apply(std::move(missed));
  for (const Message& message :
       {mallory().group->propose(harmless(), {}, true), mallory().group->propose(harmless()),
        mallory().say("early"), mallory().group->commit(openly()).commit}) {
    EXPECT_REFUSED(victim(), message, Rule::kMessageLaterEpoch);
  }
}

TEST_F(MessageRules, MessageSender) {
  remove_last();
  for (const std::uint32_t nobody : {3U, 4U, 4000000000U}) {
    FramedContent content = content_with(*mallory().group, harmless());
    content.sender.index = nobody;
    EXPECT_REFUSED(victim(), Message{sign_public(content, *clients[3], *mallory().group)},
                   Rule::kMessageSender);
  }
  FramedContent words = application();
  words.sender.index = 3;
  EXPECT_REFUSED(victim(), sealed(words, *clients[3]), Rule::kMessageSender);
  FramedContent proposal = content_with(*mallory().group, harmless());
  proposal.sender.index = 3;
  EXPECT_REFUSED(victim(), sealed(proposal, *clients[3]), Rule::kMessageSender);
  EXPECT_REFUSED(victim(), forge_outside(mallory(), {SenderType::kExternal, 0}, harmless(), *victim().group),
                 Rule::kMessageSender);
}

TEST_F(MessageRules, MessageSenderOfAListThatIsShorter) {
  const Client service("service@example.org");
  clients = make_room(3, {external_senders({&service})});
  EXPECT_REFUSED(victim(), forge_outside(service, {SenderType::kExternal, 1}, harmless(), *victim().group),
                 Rule::kMessageSender);
  EXPECT_NO_THROW(
      victim().receive(forge_outside(service, {SenderType::kExternal, 0}, harmless(), *victim().group)));
}

TEST_F(MessageRules, MessageSignature) {
  // Of somebody else who is a member.
  FramedContent content = content_with(*mallory().group, harmless());
  content.sender.index = 2;
  EXPECT_REFUSED(victim(), Message{sign_public(content, mallory(), *mallory().group)},
                 Rule::kMessageSignature);
  EXPECT_REFUSED(victim(), sealed(content, mallory()), Rule::kMessageSignature);
  FramedContent words = application();
  words.sender.index = 2;
  EXPECT_REFUSED(victim(), sealed(words, mallory()), Rule::kMessageSignature);
  // Of who is outside.
  Client outsider("outsider@example.org");
  const Commit commit = external_commit(outsider, *victim().group);
  EXPECT_REFUSED(victim(), forge_external(mallory(), commit, *victim().group), Rule::kMessageSignature);
  EXPECT_REFUSED(
      victim(),
      forge_outside(mallory(), {SenderType::kNewMemberProposal, 0}, outsider.add(), *victim().group),
      Rule::kMessageSignature);
  // What was signed as a PrivateMessage cannot be sent as a PublicMessage.
  AuthenticatedContent framed{WireFormat::kPrivateMessage, content_with(*mallory().group, harmless()), {}};
  sign_content(framed, *mallory().suite, mallory().signer, GroupTestAccess::context(*mallory().group));
  framed.wire_format = WireFormat::kPublicMessage;
  EXPECT_REFUSED(
      victim(),
      Message{to_public(framed, *mallory().suite, GroupTestAccess::secrets(*mallory().group).membership_key,
                        GroupTestAccess::context(*mallory().group))},
      Rule::kMessageSignature);
}

TEST_F(MessageRules, MessageMembershipTag) {
  PublicMessage message = *mallory().group->propose(harmless(), {}, true).as<PublicMessage>();
  message.membership_tag[0] ^= 1;
  EXPECT_REFUSED(victim(), Message{message}, Rule::kMessageMembershipTag);
  message.membership_tag.clear();
  EXPECT_REFUSED(victim(), Message{message}, Rule::kMessageMembershipTag);
}

TEST_F(MessageRules, MessagePadding) {
  const Suite& suite = *mallory().suite;
  AuthenticatedContent framed{WireFormat::kPrivateMessage, application(), {}};
  sign_content(framed, suite, mallory().signer, GroupTestAccess::context(*mallory().group));
  const SecretTree::Found key =
      GroupTestAccess::ratchets(*mallory().group).next(1, RatchetKind::kApplication);
  PrivateMessage message = seal_private(framed, suite, GroupTestAccess::secrets(*mallory().group).sender_data,
                                        key, 0, mallory().env);
  Writer associated;
  associated(message.group_id, message.epoch, message.content_type);
  const Secret sender_header = associated.secret();
  associated(message.authenticated_data);
  for (const int place : {0, 1, 15}) {
    Writer plain;
    plain(std::get<Secret>(framed.content.body), framed.auth.signature);
    Bytes padding(16);
    padding[static_cast<std::size_t>(place)] = 1;
    plain.raw(padding);
    // A reuse guard of zeros: the nonce is as the ratchet gives it.
    message.ciphertext = suite.seal(key.key.key, key.key.nonce, associated.secret(), plain.secret());
    const MessageKey outer =
        sender_data_key(suite, GroupTestAccess::secrets(*mallory().group).sender_data, message.ciphertext);
    message.encrypted_sender_data =
        suite.seal(outer.key, outer.nonce, sender_header, encode(SenderData{1, key.generation, {}}));
    EXPECT_REFUSED(victim(), Message{message}, Rule::kMessagePadding);
  }
}

TEST_F(MessageRules, MessagePublicApplication) {
  AuthenticatedContent framed{WireFormat::kPublicMessage, application(), {}};
  sign_content(framed, *mallory().suite, mallory().signer, GroupTestAccess::context(*mallory().group));
  const Bytes tag =
      membership_tag(framed, *mallory().suite, GroupTestAccess::secrets(*mallory().group).membership_key,
                     GroupTestAccess::context(*mallory().group));
  const Message message{PublicMessage{framed.content, framed.auth, tag}};
  EXPECT_REFUSED(victim(), message, Rule::kMessagePublicApplication);
}

TEST_F(MessageRules, MessageSenderContent) {
  Client outsider("outsider@example.org");
  const Commit commit = external_commit(outsider, *victim().group);
  for (const SenderType type : {SenderType::kExternal, SenderType::kNewMemberProposal}) {
    EXPECT_REFUSED(victim(), forge_outside(outsider, {type, 0}, commit, *victim().group),
                   Rule::kMessageSenderContent);
  }
  EXPECT_REFUSED(victim(),
                 forge_outside(outsider, {SenderType::kNewMemberCommit, 0}, outsider.add(), *victim().group),
                 Rule::kMessageSenderContent);
}

TEST_F(MessageRules, MessageDecrypt) {
  for (const Message& good : {mallory().say("hello"), mallory().group->propose(harmless())}) {
    PrivateMessage message = *good.as<PrivateMessage>();
    message.ciphertext[40] ^= 1;  // Beyond what the key of the sender data is made of.
    EXPECT_REFUSED(victim(), Message{message}, Rule::kMessageDecrypt);
    message = *good.as<PrivateMessage>();
    message.encrypted_sender_data[2] ^= 1;
    EXPECT_REFUSED(victim(), Message{message}, Rule::kMessageDecrypt);
    message = *good.as<PrivateMessage>();
    message.authenticated_data = {1};
    EXPECT_REFUSED(victim(), Message{message}, Rule::kMessageDecrypt);
    message.ciphertext.clear();
    message.encrypted_sender_data.clear();
    EXPECT_REFUSED(victim(), Message{message}, Rule::kMessageDecrypt);
  }
}

TEST_F(MessageRules, MessageOwn) {
  EXPECT_REFUSED(mallory(), mallory().group->propose(harmless(), {}, true), Rule::kMessageOwn);
  EXPECT_REFUSED(mallory(), mallory().group->propose({Remove{3}}), Rule::kMessageOwn);
  EXPECT_REFUSED(mallory(), mallory().group->commit(openly()).commit, Rule::kMessageOwn);
}

TEST_F(MessageRules, MessageWireFormat) {
  Environment env = environment();
  env.public_handshakes = false;
  clients = make_room(3, {}, {}, env);
  EXPECT_REFUSED(victim(), mallory().group->propose(harmless(), {}, true), Rule::kMessageWireFormat);
  EXPECT_REFUSED(victim(), mallory().group->commit(openly()).commit, Rule::kMessageWireFormat);
  EXPECT_NO_THROW(victim().receive(mallory().group->propose(harmless())));
  const Message welcome = *victim().group->commit(openly({Client("new").add()})).welcome;
  const Records before = victim().group->save();
  EXPECT_THROW(victim().receive(welcome), Error);
  EXPECT_TRUE(victim().group->save() == before);
}

TEST_F(MessageRules, AKeyServesOnce) {
  const Message proposal = mallory().group->propose(harmless());
  const Message words = mallory().say("once");
  victim().receive(proposal);
  victim().receive(words);
  for (const Message& message : {proposal, words}) {
    const Records before = victim().group->save();
    try {
      victim().receive(message);
      FAIL() << "read twice";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), MYCHAT_E_REPLAY);
    }
    EXPECT_TRUE(victim().group->save() == before);
  }
}

}  // namespace
}  // namespace mychat::mls::testing
