// WebSocket framing without sockets: every case is fed whole, byte by byte and in odd pieces, with the same
// outcome.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "front/websocket.h"
#include "front/ws_deflate.h"
#include "front/ws_frames.h"
#include "server/front_client.h"

namespace mychat::server {
namespace {

using test::close_payload;
using test::frame_bytes;
using State = WsFrameReader::State;

struct Seen : WsSink {
  std::vector<std::string> events;
  std::size_t stop_after = SIZE_MAX;
  bool on_message(std::string_view text) override {
    events.push_back("text:" + std::string(text));
    return events.size() < stop_after;
  }
  void on_ping(std::string_view payload) override { events.push_back("ping:" + std::string(payload)); }
  void on_pong() override { events.push_back("pong"); }
  void on_close_frame(std::uint16_t code) override { events.push_back("close:" + std::to_string(code)); }
};

struct Outcome {
  State state = State::kOpen;
  std::uint16_t code = 0;
  std::vector<std::string> events;
  bool operator==(const Outcome&) const = default;
};

constexpr WsReaderLimits kLimits{100'000, false};

Outcome feed(std::string bytes, std::size_t step, const WsReaderLimits& limits) {
  WsFrameReader reader;
  Seen seen;
  Outcome out;
  for (std::size_t i = 0; i < bytes.size() && out.state == State::kOpen; i += step) {
    const auto result =
        reader.feed(std::span<char>(bytes).subspan(i, std::min(step, bytes.size() - i)), limits, seen);
    out.state = result.state;
    out.code = result.code;
  }
  out.events = seen.events;
  return out;
}

Outcome feed_all_ways(const std::string& bytes, const WsReaderLimits& limits = kLimits) {
  Outcome whole = feed(bytes, bytes.size() + 1, limits);
  for (const std::size_t step : {1U, 2U, 3U, 5U, 13U, 64U})
    EXPECT_EQ(feed(bytes, step, limits), whole) << step;
  return whole;
}

void expect_failure(const std::string& bytes, std::uint16_t code, const WsReaderLimits& limits = kLimits) {
  const Outcome out = feed_all_ways(bytes, limits);
  EXPECT_EQ(out.state, State::kFailed);
  EXPECT_EQ(out.code, code);
}

std::vector<std::string> events_of(const std::string& bytes) {
  const Outcome out = feed_all_ways(bytes);
  EXPECT_NE(out.state, State::kFailed) << out.code;
  return out.events;
}

using Events = std::vector<std::string>;

TEST(WsFrames, ReadsMessagesOfEveryLengthForm) {
  for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 125U, 126U, 127U, 65535U, 65536U, 100'000U}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 26);
    EXPECT_EQ(events_of(frame_bytes(1, text) + frame_bytes(1, "end")), Events({"text:" + text, "text:end"}));
  }
}

TEST(WsFrames, JoinsFragments) {
  EXPECT_EQ(events_of(frame_bytes(1, "a", false) + frame_bytes(0, "b", false) + frame_bytes(0, "", false) +
                      frame_bytes(0, "c")),
            Events({"text:abc"}));
  EXPECT_EQ(events_of(frame_bytes(1, "", false) + frame_bytes(0, "")), Events({"text:"}));
}

TEST(WsFrames, TakesControlFramesBetweenFragments) {
  EXPECT_EQ(events_of(frame_bytes(1, "a", false) + frame_bytes(9, "p1") + frame_bytes(0, "b", false) +
                      frame_bytes(10, "") + frame_bytes(9, std::string(125, 'q')) + frame_bytes(0, "c")),
            Events({"ping:p1", "pong", "ping:" + std::string(125, 'q'), "text:abc"}));
}

TEST(WsFrames, ACharacterMayBeCutByAFragment) {
  EXPECT_EQ(events_of(frame_bytes(1, "\xe2\x82", false) + frame_bytes(0, "\xac")),
            Events({"text:\xe2\x82\xac"}));
}

TEST(WsFrames, ReadsClose) {
  EXPECT_EQ(events_of(frame_bytes(8, "")), Events({"close:1005"}));
  EXPECT_EQ(events_of(frame_bytes(8, close_payload(1000, "bye")) + frame_bytes(1, "late")),
            Events({"close:1000"}));
  EXPECT_EQ(events_of(frame_bytes(8, close_payload(4999))), Events({"close:4999"}));
  EXPECT_EQ(feed_all_ways(frame_bytes(8, "")).state, State::kClosed);
}

TEST(WsFrames, RefusesBadClose) {
  expect_failure(frame_bytes(8, "x"), 1002);
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535})
    expect_failure(frame_bytes(8, close_payload(static_cast<std::uint16_t>(code))), 1002);
  expect_failure(frame_bytes(8, close_payload(1000, "\xff")), 1007);
  expect_failure(frame_bytes(8, std::string(126, 'x')), 1002);
}

TEST(WsFrames, RefusesReservedBitsAndOpcodes) {
  for (const int rsv : {1, 2, 3, 4, 7}) expect_failure(frame_bytes(1, "x", true, rsv), 1002);
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) expect_failure(frame_bytes(opcode, "x"), 1002);
}

TEST(WsFrames, RefusesUnmaskedFrames) { expect_failure(frame_bytes(1, "x", true, 0, false), 1002); }

TEST(WsFrames, RefusesBadFragmentation) {
  expect_failure(frame_bytes(0, "x"), 1002);
  expect_failure(frame_bytes(0, "x", false), 1002);
  expect_failure(frame_bytes(1, "a", false) + frame_bytes(1, "b"), 1002);
  expect_failure(frame_bytes(1, "a") + frame_bytes(0, "b"), 1002);
  for (const int opcode : {8, 9, 10}) expect_failure(frame_bytes(opcode, "", false), 1002);
}

TEST(WsFrames, RefusesLongControlFrames) {
  expect_failure(frame_bytes(9, std::string(126, 'x')), 1002);
  expect_failure(frame_bytes(10, std::string(70'000, 'x')), 1002);
}

TEST(WsFrames, RefusesBinary) { expect_failure(frame_bytes(2, "x"), 1003); }

TEST(WsFrames, RefusesInvalidUtf8) {
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "abcdefghijk\xe2\x82", "\xf4\x90\x80\x80"}) {
    expect_failure(frame_bytes(1, bad), 1007);
    expect_failure(frame_bytes(1, bad, false) + frame_bytes(0, "x"), 1007);
  }
}

TEST(WsFrames, RefusesLengthsNotInShortestForm) {
  std::string frame = frame_bytes(1, std::string(126, 'x'));
  frame[3] = 125;
  expect_failure(frame, 1002);
  frame = frame_bytes(1, std::string(65536, 'x'));
  frame[7] = 0;
  expect_failure(frame, 1002);
  frame = frame_bytes(1, std::string(65536, 'x'));
  frame[2] = static_cast<char>(0x80);
  expect_failure(frame, 1002);
}

TEST(WsFrames, RefusesDeclaredLengthsBeyondTheLimitAtOnce) {
  std::string header = frame_bytes(1, std::string(65536, 'x')).substr(0, 14);
  header[2] = 0x7f;
  expect_failure(header, 1009);
  expect_failure(frame_bytes(1, std::string(100'001, 'x')).substr(0, 14), 1009);
  expect_failure(frame_bytes(1, std::string(60'000, 'x'), false) + frame_bytes(0, std::string(60'000, 'x')),
                 1009);
}

TEST(WsFrames, StopsWhereAsked) {
  std::string bytes = frame_bytes(1, "a") + frame_bytes(1, "b") + frame_bytes(1, "c");
  WsFrameReader reader;
  Seen seen;
  seen.stop_after = 2;
  const auto first = reader.feed(bytes, kLimits, seen);
  EXPECT_EQ(first.state, State::kStopped);
  EXPECT_EQ(seen.events, Events({"text:a", "text:b"}));
  EXPECT_EQ(first.consumed, frame_bytes(1, "a").size() * 2);
  seen.stop_after = SIZE_MAX;
  EXPECT_EQ(reader.feed(std::span<char>(bytes).subspan(first.consumed), kLimits, seen).state, State::kOpen);
  EXPECT_EQ(seen.events.back(), "text:c");
}

TEST(WsFrames, WritesHeaders) {
  EXPECT_EQ(ws_frame_header(WsOpcode::kText, 0).view(), std::string_view("\x81\x00", 2));
  EXPECT_EQ(ws_frame_header(WsOpcode::kPing, 125).view(), std::string_view("\x89\x7d", 2));
  EXPECT_EQ(ws_frame_header(WsOpcode::kText, 126).view(), std::string_view("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(ws_frame_header(WsOpcode::kText, 65535).view(), std::string_view("\x81\x7e\xff\xff", 4));
  EXPECT_EQ(ws_frame_header(WsOpcode::kText, 65536).view(),
            std::string_view("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
  EXPECT_EQ(ws_frame_header(WsOpcode::kText, 1, true).view(), std::string_view("\xc1\x01", 2));
}

TEST(WsFrames, WritesClosePayloads) {
  EXPECT_EQ(ws_close_payload(1001, "x"), close_payload(1001, "x"));
  EXPECT_EQ(ws_close_payload(1005, ""), close_payload(1000));
  EXPECT_EQ(ws_close_payload(1006, ""), close_payload(1000));
  EXPECT_EQ(ws_close_payload(1000, std::string(200, 'r')).size(), 125U);
  // Cut between characters: 122 bytes and a two-byte one.
  EXPECT_EQ(ws_close_payload(1000, std::string(122, 'r') + "\xc3\xbc"),
            close_payload(1000, std::string(122, 'r')));
  EXPECT_EQ(ws_close_payload(1000, std::string(121, 'r') + "\xc3\xbc"),
            close_payload(1000, std::string(121, 'r') + "\xc3\xbc"));
  EXPECT_EQ(ws_close_payload(1000, "\xff"), close_payload(1000));
}

TEST(WsDeflate, GoesBothWays) {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(100'000, 'x'), std::string("Grüße 👋")}) {
    std::string back;
    ASSERT_EQ(inflate_message(deflate_message(text), 100'000, back), InflateResult::kOk) << text.size();
    EXPECT_EQ(back, text);
  }
}

TEST(WsDeflate, ReadsTheExamplesOfTheStandard) {
  // RFC 7692, section 7.2.3: "Hello" compressed, stored, and in a block marked final.
  for (const std::string_view bytes : {std::string_view("\xf2\x48\xcd\xc9\xc9\x07\x00", 7),
                                       std::string_view("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11),
                                       std::string_view("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8)}) {
    std::string back;
    EXPECT_EQ(inflate_message(bytes, 100, back), InflateResult::kOk);
    EXPECT_EQ(back, "Hello");
  }
}

TEST(WsDeflate, BoundsBombsAndRefusesRubbish) {
  std::string back;
  EXPECT_EQ(inflate_message(deflate_message(std::string(1'000'000, 'x')), 100'000, back),
            InflateResult::kTooBig);
  EXPECT_LE(back.size(), 100'000U);
  EXPECT_EQ(inflate_message("\x07\x07\x07", 100, back), InflateResult::kMalformed);
}

TEST(WsDeflate, CompressedMessagesNeedTheirNegotiation) {
  const WsReaderLimits limits{100'000, true};
  const std::string hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
  expect_failure(frame_bytes(1, hello, true, 4), 1002);
  Outcome out = feed_all_ways(frame_bytes(1, hello, true, 4) + frame_bytes(1, "plain"), limits);
  EXPECT_EQ(out.events, Events({"text:Hello", "text:plain"}));
  out = feed_all_ways(frame_bytes(1, hello.substr(0, 3), false, 4) + frame_bytes(0, hello.substr(3)), limits);
  EXPECT_EQ(out.events, Events({"text:Hello"}));
  expect_failure(frame_bytes(1, "a", false) + frame_bytes(0, "b", true, 4), 1002, limits);
  expect_failure(frame_bytes(9, "", true, 4), 1002, limits);
  expect_failure(frame_bytes(1, deflate_message(std::string(200'000, 'x')), true, 4), 1009, limits);
  expect_failure(frame_bytes(1, deflate_message("\xff"), true, 4), 1007, limits);
}

TEST(WsDeflate, Negotiates) {
  const std::string ours = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  EXPECT_EQ(negotiate_deflate("permessage-deflate"), ours);
  EXPECT_EQ(negotiate_deflate("permessage-deflate; client_max_window_bits"), ours);
  EXPECT_EQ(negotiate_deflate("x-other, permessage-deflate; server_max_window_bits=10, permessage-deflate"),
            ours);
  EXPECT_EQ(negotiate_deflate("permessage-deflate; server_max_window_bits=10"), "");
  EXPECT_EQ(negotiate_deflate("permessage-deflate; unknown=1"), "");
  EXPECT_EQ(negotiate_deflate("x-webkit-deflate-frame"), "");
  EXPECT_EQ(negotiate_deflate(""), "");
}

}  // namespace
}  // namespace mychat::server
