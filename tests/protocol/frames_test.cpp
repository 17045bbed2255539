#include "protocol/ws_frames.h"
#include "support.h"

namespace mychat::wire {
namespace {

using test::kId;
using test::List;
using test::rejected;
using test::status_of;
using test::zeros64;

std::string print(const ClientFrame& frame) {
  std::string text;
  print_client_frame(frame, text);
  return text;
}
std::string print(const ServerFrame& frame) {
  std::string text;
  print_server_frame(frame, text);
  return text;
}

SendMessageRequest sample_send() {
  SendMessageRequest m;
  m.id = kId;
  m.recipient_handle = "bob@chat.org";
  m.encrypted_content = zeros64(48);
  m.encrypted_key = zeros64(512);
  m.iv = zeros64(12);
  return m;
}

TEST(ClientFrames, EveryFrameReadsBack) {
  const std::vector<ClientFrame> frames = {AuthFrame{to_secret("tok.en")},
                                           SubscribeFrame{{"message", "typing"}, {}},
                                           SubscribeFrame{{}, MailboxCursor{7, kId}},
                                           SubscribeFrame{{}, MailboxCursor{0, {}}},
                                           TypingFrame{"bob@chat.org", true},
                                           PresenceFrame{Presence::kAway},
                                           PingFrame{},
                                           AckFrame{9007199254740991},
                                           SendFrame{sample_send()},
                                           ReadFrame{{kId, kId}}};
  for (const auto& frame : frames) EXPECT_EQ(parse_client_frame(print(frame)), frame) << print(frame);
}

TEST(ClientFrames, V1FramesAreRead) {
  EXPECT_EQ(parse_client_frame(R"({"type":"ping"})"), ClientFrame(PingFrame{}));
  EXPECT_EQ(parse_client_frame(R"({"type":"subscribe","events":["message","typing","presence"]})"),
            ClientFrame(SubscribeFrame{{"message", "typing", "presence"}, {}}));
  EXPECT_EQ(
      parse_client_frame(R"({"type":"typing","conversation_handle":"Bob@B.org","is_typing":false,"x":1})"),
      ClientFrame(TypingFrame{"bob@b.org", false}));
}

TEST(ClientFrames, WhatIsNoFrameIsRefused) {
  for (const char* text : {"", "[]", "7", "{}", R"({"type":7})", R"({"type":"dance"})", R"({"type":null})",
                           R"({"type":"ping","type":"auth"})"})
    EXPECT_EQ(status_of([&] { parse_client_frame(text); }), MYCHAT_E_MALFORMED) << text;
}

TEST(ClientFrames, FieldsAreCheckedStrictly) {
  const auto rejects = [](const char* text) { return rejected([&] { parse_client_frame(text); }); };
  EXPECT_EQ(rejects(R"({"type":"auth"})"), List{"token:missing"});
  EXPECT_EQ(rejects(R"({"type":"auth","token":""})"), List{"token:string_too_short"});
  EXPECT_EQ(rejects(R"({"type":"ack","seq":1.5})"), List{"seq:int_type"});
  EXPECT_EQ(rejects(R"({"type":"presence","status":"offline"})"), List{"status:literal_error"});
  EXPECT_EQ(rejects(R"({"type":"typing","conversation_handle":"bob","is_typing":1})"),
            (List{"conversation_handle:string_pattern_mismatch", "is_typing:bool_type"}));
  EXPECT_EQ(rejects(R"({"type":"subscribe","events":"message"})"), List{"events:list_type"});
  EXPECT_EQ(rejects(R"({"type":"subscribe","events":[7]})"), List{"events:value_error"});
  EXPECT_EQ(rejects(R"({"type":"subscribe","mailbox":{"after":-1,"id":"x"}})"),
            (List{"mailbox.after:greater_than_equal", "mailbox.id:uuid_parsing"}));
  EXPECT_EQ(rejects(R"({"type":"read","message_ids":[]})"), List{"message_ids:too_short"});
}

TEST(ClientFrames, ASubscriptionNamesAFewEvents) {
  const auto subscribe = [](std::size_t count, std::size_t length) {
    std::string events;
    for (std::size_t i = 0; i < count; ++i)
      events += (i != 0 ? ",\"" : "\"") + std::string(length, 'e') + "\"";
    return rejected([&] { parse_client_frame("{\"type\":\"subscribe\",\"events\":[" + events + "]}"); });
  };
  EXPECT_EQ(subscribe(16, 32), List{});
  EXPECT_EQ(subscribe(17, 32), List{"events:too_long"});
  EXPECT_EQ(subscribe(1, 33), List{"events:value_error"});
}

TEST(ClientFrames, ASendNeedsItsIdAndNamesItEvenWhenRefused) {
  auto message = sample_send();
  message.id.reset();
  EXPECT_EQ(rejected([&] { parse_client_frame(print(SendFrame{message})); }), List{"id:missing"});
  message = sample_send();
  message.iv = "AAAA";
  std::optional<std::string> id;
  EXPECT_EQ(rejected([&] { parse_client_frame(print(SendFrame{message}), limits::kMaxMessageSize, &id); }),
            List{"iv:string_too_short"});
  EXPECT_EQ(id, kId);
  EXPECT_EQ(status_of([] { parse_client_frame(print(SendFrame{sample_send()}), 47); }), MYCHAT_E_TOO_LARGE);
}

TEST(ServerFrames, EveryFrameReadsBack) {
  MessageOut m;
  m.id = kId;
  m.sender_handle = "a@b";
  m.created_at = 1000;
  const std::vector<ServerFrame> frames = {
      AuthSuccessFrame{"id"},
      SubscribedFrame{{"message"}, SubscribedMailbox{kId, 1, 7}},
      SubscribedFrame{},
      MessageFrame{m},
      PeerTypingFrame{"a@b", true},
      PeerPresenceFrame{"a@b", Presence::kOnline, 5},
      PeerPresenceFrame{"a@b", Presence::kOffline, {}},
      PongFrame{},
      MailboxFrame{{{1, MessageItem{m}}, {2, UnknownItem{"new"}}}},
      SentFrame{{{kId, 1000, DeliveryStatus::kDelivered, {}}, {kId, 0, {}, SendError{429, "Slow down", 7}}}},
      ErrorFrame{"bad", 422, kId, false},
      ErrorFrame{"no", 0, {}, true},
      UnknownFrame{"new"}};
  for (const auto& frame : frames) EXPECT_EQ(parse_server_frame(print(frame)), frame) << print(frame);
}

TEST(ServerFrames, V1NodesAreUnderstood) {
  EXPECT_EQ(parse_server_frame(R"({"type":"auth_error","message":"Invalid token"})"),
            ServerFrame(ErrorFrame{"Invalid token", 0, {}, true}));
  EXPECT_EQ(parse_server_frame(R"({"type":"error","detail":"x","status":99999})"),
            ServerFrame(ErrorFrame{"x", 0, {}, false}));
  EXPECT_EQ(parse_server_frame(R"({"type":"presence","user_handle":"a@b","status":"busy","last_seen":null})"),
            ServerFrame(PeerPresenceFrame{"a@b", Presence::kOffline, {}}));
  EXPECT_EQ(parse_server_frame(R"({"type":"auth_success","user_id":17})"),
            ServerFrame(AuthSuccessFrame{"17"}));
}

TEST(ServerFrames, WhatIsNoFrameIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"type":"message"})", R"({"type":"message","data":[]})", R"({"type":"mailbox"})",
        R"({"type":"typing","user_handle":"a@b"})", R"({"type":"sent","results":[{}]})"})
    EXPECT_EQ(status_of([&] { parse_server_frame(text); }), MYCHAT_E_MALFORMED) << text;
}

}  // namespace
}  // namespace mychat::wire
