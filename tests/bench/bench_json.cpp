// The JSON of one message on its way through a node: the `send` frame in, the mailbox item out. The floor of
// reading is cJSON alone on the same bytes (which checks far less), that of writing a copy of the bytes.
#include <cjson/cJSON.h>

#include <string>
#include <variant>
#include <vector>

#include "base/encoding.h"
#include "protocol/ws_frames.h"
#include "report.h"

namespace {

using namespace mychat;

std::string base64_of(std::size_t bytes) {
  Bytes data(bytes);
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::uint8_t>(i * 151 + i / 7);
  return base64_encode(view(data));
}

// 1 KB of content and one wrapped key give about 2.5 KB of text.
std::string send_frame() {
  wire::SendMessageRequest m;
  m.id = "7f3c2a10-0000-4000-8000-0123456789ab";
  m.recipient_handle = "bob@chat.example.org";
  m.encrypted_content = base64_of(1024 + 16);
  m.encrypted_key = base64_of(512);
  m.iv = base64_of(12);
  m.sender_key_hash = base64_of(32);
  m.signature = base64_of(96);
  m.sent_at = "2026-01-31T12:00:00.000Z";
  std::string out;
  wire::print_client_frame(wire::SendFrame{m}, out);
  return out;
}

wire::MessageOut message_out(const wire::SendMessageRequest& request) {
  wire::MessageOut m;
  m.id = *request.id;
  m.sender_handle = "alice@chat.example.org";
  m.recipient_handle = request.recipient_handle;
  m.encrypted_content = request.encrypted_content;
  m.encrypted_key = request.encrypted_key;
  m.iv = request.iv;
  m.algorithm = request.algorithm;
  m.created_at = 1'769'860'800'000;
  m.sender_key_hash = request.sender_key_hash;
  m.signature = request.signature;
  m.sent_at = request.sent_at;
  return m;
}

constexpr int kRounds = 60;
constexpr int kCalls = 2000;

// Microseconds a call, in rounds that alternate with the floor's.
template <class Ours, class Floor>
void compare(const char* name, Ours ours, Floor floor) {
  std::vector<double> a;
  std::vector<double> b;
  for (int round = 0; round < kRounds; ++round) {
    a.push_back(bench::seconds([&] {
                  for (int i = 0; i < kCalls; ++i) ours();
                }) *
                1e6 / kCalls);
    b.push_back(bench::seconds([&] {
                  for (int i = 0; i < kCalls; ++i) floor();
                }) *
                1e6 / kCalls);
  }
  bench::print_samples(name, "us", a, b);
}

}  // namespace

int main() {
  const std::string frame = send_frame();
  std::size_t sink = 0;
  const auto bare = [&] {
    cJSON* const root = cJSON_ParseWithLength(frame.data(), frame.size());
    sink += root != nullptr;
    cJSON_Delete(root);
  };
  std::printf("{\"name\":\"json_frame_bytes\",\"value\":%zu}\n", frame.size());
  compare(
      "json_scan", [&] { check_json(frame, limits::kMessageRequest); }, bare);
  compare(
      "json_parse", [&] { sink += Json::parse(frame, limits::kMessageRequest)->size(); }, bare);
  compare(
      "json_send_frame", [&] { sink += wire::parse_client_frame(frame).index(); }, bare);

  const auto parsed = std::get<wire::SendFrame>(wire::parse_client_frame(frame));
  const wire::ServerFrame item = wire::MailboxFrame{{{1, wire::MessageItem{message_out(parsed.message)}}}};
  std::string out;
  compare(
      "json_mailbox_frame",
      [&] {
        out.clear();
        wire::print_server_frame(item, out);
        sink += out.size();
      },
      [&] {
        out.assign(frame);
        sink += out.size();
      });
  return sink == 0;
}
