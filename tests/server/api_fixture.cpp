#include "server/api_fixture.h"

#include <spdlog/sinks/ostream_sink.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/encoding.h"
#include "crypto/random.h"
#include "keys/fingerprint.h"
#include "protocol/json_writer.h"
#include "support/test_keys.h"

namespace mychat::server::test {

namespace fs = std::filesystem;

TempDir::TempDir() {
  std::string pattern = (fs::temp_directory_path() / "mychat-node-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TempDir::write(std::string_view name, std::string_view text) const {
  std::ofstream(*this / name) << text;
}

std::string Answer::detail() const {
  const Json parsed = json();
  return std::string(parsed->find("detail").string_or_none().value_or(""));
}

namespace {

const RsaPublicKey& key(int which) {
  static const RsaPublicKey keys[2] = {
      RsaPrivateKey::from_pkcs8_pem(mychat::test::kAliceKey, RsaCheck::kArithmetic).public_key(),
      RsaPrivateKey::from_pkcs8_pem(mychat::test::kBobKey, RsaCheck::kArithmetic).public_key()};
  return keys[which];
}

}  // namespace

std::string public_key_pem(int which) { return key(which).to_spki_pem(); }
std::string public_key_fingerprint(int which) { return key_fingerprint(key(which)); }

std::string registration(std::string_view username, std::string_view more, int which) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("username", username);
  json.member("password", "correct horse " + std::string(username));
  json.member("public_key", public_key_pem(which));
  json.member("public_key_fingerprint", public_key_fingerprint(which));
  json.end_object();
  out.pop_back();
  return out + std::string(more) + "}";
}

std::string invalid_places(const Answer& answer) {
  if (answer.status != 422) return std::to_string(answer.status);
  std::string out;
  const Json json = answer.json();
  for (const JsonView entry : json->array("detail")) {
    if (!out.empty()) out += ' ';
    std::string place;
    for (const JsonView part : entry.array("loc"))
      place += (place.empty() ? "" : "/") + std::string(part.as_string());
    out += place;
  }
  return out;
}

std::string message_members(std::string_view id, std::string_view recipient, std::string_view content) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (!id.empty()) json.member("id", id);
  json.member("recipient_handle", recipient);
  json.member("encrypted_content", base64_encode(view(content)));
  json.member("encrypted_key", base64_encode(Bytes(512, 7)));
  json.member("iv", base64_encode(Bytes(12, 9)));
  json.member("content_type", "text");
  json.member("algorithm", "AES-256-GCM+RSA-4096-OAEP");
  json.end_object();
  return out.substr(1, out.size() - 2);
}

std::string fresh_id() { return uuid_v4(); }

TestNode::TestNode(Adjust adjust) {
  config_.domain = "node.test";
  config_.secret_key = to_secret("q8Zt3nV0xR5wLkP2sYcB7mHdJ4fG9uEaTiQoWz6yN1vX");
  config_.data_dir = dir_.path();
  config_.db_path = dir_ / "mychat.db";
  config_.listen_port = 0;
  config_.threads = 2;
  config_.registration_open = true;
  config_.registrations_per_hour = 100'000;
  config_.login_attempts_per_minute = 100'000;
  config_.requests_per_minute = 1'000'000;
  config_.log_level = "info";
  options_.ws.sweep_ms = 50;
  if (adjust) adjust(config_, options_);
  logger_ = std::make_unique<Logger>(config_.log_format, config_.log_level,
                                     std::make_shared<spdlog::sinks::ostream_sink_mt>(log_text_));
  start();
}

TestNode::~TestNode() { stop(); }

void TestNode::start() {
  node_ = std::make_unique<Node>(config_, *logger_, options_);
  node_->start();
}

void TestNode::stop() { node_.reset(); }

std::string TestNode::log() {
  stop();
  logger_.reset();
  return log_text_.str();
}

Answer TestNode::call(std::string_view method, std::string_view path, std::string_view body,
                      std::string_view token, std::string_view headers) const {
  TestClient client(port());
  std::string more(headers);
  if (!token.empty()) more += "Authorization: Bearer " + std::string(token) + "\r\n";
  Response response = client.request(method, path, body, more);
  return {response.status, std::move(response.headers), std::move(response.body)};
}

Account TestNode::add(std::string_view username, int which) {
  const Answer answer = call("POST", "/api/auth/register", registration(username, {}, which));
  if (answer.status != 201) throw std::runtime_error("registration failed: " + answer.text);
  const Json json = answer.json();
  Account account;
  account.username = username;
  account.handle = json->string("full_handle");
  account.password = "correct horse " + std::string(username);
  account.token = json->string("access_token");
  account.user_id = json->string("user_id");
  return account;
}

std::string TestNode::send(const Account& from, const Account& to, std::string_view content) {
  const Answer answer =
      call("POST", "/api/messages", "{" + message_members(fresh_id(), to.handle, content) + "}", from.token);
  if (answer.status != 201) throw std::runtime_error("send failed: " + answer.text);
  return std::string(answer.json()->string("id"));
}

void TestNode::befriend(const Account& a, const Account& b) {
  for (const auto& [who, whom] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    const Answer answer =
        call("POST", "/api/contacts", R"({"contact_handle":")" + whom->handle + "\"}", who->token);
    if (answer.status != 201) throw std::runtime_error("contact failed: " + answer.text);
  }
}

WsClient::WsClient(const TestNode& node, int receive_buffer) : client_(node.port(), receive_buffer) {
  if (const int status = client_.upgrade("/ws"); status != 101)
    throw std::runtime_error("upgrade refused: " + std::to_string(status));
}

WsClient::WsClient(const TestNode& node, const Account& account) : WsClient(node) {
  authenticate(account.token);
}

void WsClient::authenticate(std::string_view token) {
  send(R"({"type":"auth","token":")" + std::string(token) + "\"}");
  expect<wire::AuthSuccessFrame>();
}

wire::SubscribedFrame WsClient::subscribe(std::int64_t after, std::string_view id, std::string_view events) {
  send(R"({"type":"subscribe","events":)" + std::string(events) + R"(,"mailbox":{"after":)" +
       std::to_string(after) +
       ",\"id\":" + (id.empty() ? std::string("null") : "\"" + std::string(id) + "\"") + "}}");
  return expect<wire::SubscribedFrame>();
}

std::string WsClient::next_text() {
  const auto frame = client_.data_frame();
  if (!frame) throw std::runtime_error("the connection ended");
  if (frame->opcode != 1)
    throw std::runtime_error("a frame that is no text: " + std::to_string(frame->opcode));
  return frame->payload;
}

wire::ServerFrame WsClient::next() { return wire::parse_server_frame(next_text()); }

std::vector<wire::MailboxItem> WsClient::items(std::size_t count) {
  std::vector<wire::MailboxItem> out;
  while (out.size() < count) {
    auto frame = expect<wire::MailboxFrame>();
    for (auto& item : frame.items) out.push_back(std::move(item));
  }
  return out;
}

bool WsClient::quiet() {
  send(R"({"type":"ping"})");
  return std::holds_alternative<wire::PongFrame>(next());
}

const wire::MessageOut& message_of(const wire::MailboxItem& item) {
  if (const auto* received = std::get_if<wire::MessageItem>(&item.data)) return received->message;
  return std::get<wire::SentItem>(item.data).message;
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace mychat::server::test
