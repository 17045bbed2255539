#include "e2e/middle.h"

#include <stdexcept>

namespace mychat::e2e {
namespace {

// An answer in two halves: head without its length, and body.
bool read_answer(test::Connection& node, std::string& head, std::string& body) {
  std::string text;
  for (std::string part; !(part = node.read_some()).empty();) text += part;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  body = text.substr(end + 4);
  for (std::size_t at = 0; at < end;) {
    const std::size_t line = std::min(text.find("\r\n", at), end);
    const std::string field = text.substr(at, line - at);
    const bool dropped = field.starts_with("Content-Length") || field.starts_with("content-length") ||
                         field.starts_with("Connection") || field.starts_with("connection");
    if (!dropped) head += field + "\r\n";
    at = line + 2;
  }
  return true;
}

}  // namespace

Middle::Middle(std::uint16_t node)
    : node_(node),
      server_(std::make_unique<test::Server>([this](test::Connection& client) { serve(client); })) {}

void Middle::set_alter(Alter alter) {
  const std::lock_guard lock(mutex_);
  alter_ = std::move(alter);
}

void Middle::serve(test::Connection& client) {
  while (const auto request = test::read_http_request(client)) {
    // A long poll must end before a read here does.
    std::string target = request->target;
    if (const std::size_t wait = target.find("&wait="); wait != std::string::npos)
      target = target.substr(0, wait) + (target.ends_with("=0") ? "&wait=0" : "&wait=3");
    std::string text = request->method + ' ' + target + " HTTP/1.1\r\n";
    for (const auto& [name, value] : request->headers)
      if (name != "connection") text += name + ": " + value + "\r\n";
    text += "Connection: close\r\n\r\n" + request->body;
    std::string head;
    std::string body;
    try {
      const auto node = test::Connection::to_loopback(node_);
      if (!node->write(text) || !read_answer(*node, head, body)) return;
    } catch (const std::runtime_error&) {
      return;  // The node is away.
    }
    Alter alter;
    {
      const std::lock_guard lock(mutex_);
      alter = alter_;
    }
    if (alter && !alter(*request, body)) {
      client.reset();
      return;
    }
    if (!client.write(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)) return;
  }
}

}  // namespace mychat::e2e
