#include "server/front_fixture.h"

#include <stdexcept>
#include <thread>

namespace mychat::server::test {

bool eventually(const std::function<bool()>& condition, milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

void WsLog::opened(const WsConnection& connection) {
  const std::lock_guard lock(mutex_);
  connections_.push_back(connection);
  changed_.notify_all();
}
void WsLog::message(std::string_view text) {
  const std::lock_guard lock(mutex_);
  messages_.emplace_back(text);
  changed_.notify_all();
}
void WsLog::closed(std::uint16_t code) {
  const std::lock_guard lock(mutex_);
  codes_.push_back(code);
  changed_.notify_all();
}
std::vector<WsConnection> WsLog::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}
std::vector<std::string> WsLog::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}
std::vector<std::uint16_t> WsLog::close_codes() const {
  const std::lock_guard lock(mutex_);
  return codes_;
}
bool WsLog::wait(const std::function<bool()>& condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, condition);
}
bool WsLog::wait_closed(std::size_t count) {
  return wait([&] { return codes_.size() >= count; });
}
bool WsLog::wait_opened(std::size_t count) {
  return wait([&] { return connections_.size() >= count; });
}
bool WsLog::wait_messages(std::size_t count) {
  return wait([&] { return messages_.size() >= count; });
}

namespace {

class EchoPeer final : public WsPeer {
 public:
  explicit EchoPeer(WsLog& log) : log_(log) {}
  void on_open(WsConnection connection) override {
    connection_ = connection;
    log_.opened(connection);
  }
  void on_text(std::string_view text) override {
    log_.message(text);
    if (text == "pause") return connection_.pause_reading();
    if (text == "close") return connection_.close(4000, "as asked");
    if (text == "throw") throw std::runtime_error("as asked");
    if (text == "flood") {
      const auto block = std::make_shared<const std::string>(64 * 1024, 'x');
      for (int i = 0; i < 1024 && connection_.send(block); ++i) {
      }
      return;
    }
    connection_.send(std::string(text));
  }
  void on_close(std::uint16_t code) override { log_.closed(code); }

 private:
  WsLog& log_;
  WsConnection connection_;
};

HttpResponse text_response(std::string body) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

}  // namespace

FrontConfig TestFront::fast() {
  FrontConfig config;
  config.tick = milliseconds(10);
  config.linger_timeout = milliseconds(500);
  return config;
}

TestFront::TestFront(FrontConfig config) {
  std::map<std::string, WsFactory, std::less<>> websockets;
  websockets["/ws"] = [this](const HttpRequest& request, HttpResponse& refusal) -> std::shared_ptr<WsPeer> {
    if (request.param("refuse")) {
      refusal = HttpResponse::error(401, "no");
      return nullptr;
    }
    return std::make_shared<EchoPeer>(log);
  };
  server = std::make_unique<FrontServer>(
      std::move(config),
      [this](HttpRequest&& request, Reply reply) { handle(std::move(request), std::move(reply)); },
      std::move(websockets));
  server->start();
}

TestFront::~TestFront() {
  server->stop();
  server.reset();
}

std::size_t TestFront::waiting() const {
  const std::lock_guard lock(mutex_);
  return later_.size();
}

void TestFront::answer_later(const std::string& body) {
  std::vector<Reply> replies;
  {
    const std::lock_guard lock(mutex_);
    replies.swap(later_);
  }
  for (const Reply& reply : replies) reply(text_response(body));
}

void TestFront::handle(HttpRequest&& request, Reply reply) {
  if (request.path == "/drop") return;
  if (request.path == "/throw") throw std::runtime_error("as asked");
  if (request.path == "/later") {
    const std::lock_guard lock(mutex_);
    later_.push_back(std::move(reply));
    return;
  }
  if (request.path == "/thread") {
    std::thread([reply, body = request.body] { reply(text_response("thread " + body)); }).detach();
    return;
  }
  if (request.path == "/big")
    return reply(text_response(std::string(std::stoul(std::string(*request.param("n"))), 'b')));
  if (request.path == "/bad-status") {
    HttpResponse response;
    response.status = 99;
    return reply(std::move(response));
  }
  if (request.path == "/inject") {
    HttpResponse response = text_response("ok");
    response.headers = {{"X-Bad", "a\r\nSet-Cookie: evil"}, {"X-Good", "fine"}};
    return reply(std::move(response));
  }
  if (request.path == "/twice") {
    reply(text_response("first"));
    return reply(text_response("second"));
  }
  std::string text = request.method + " " + request.path;
  for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
  reply(text_response(text + " [" + request.body + "]"));
}

}  // namespace mychat::server::test
