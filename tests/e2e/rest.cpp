#include "e2e/rest.h"

#include <stdexcept>

#include "protocol/json.h"
#include "support/net.h"

namespace mychat::e2e {

RestAnswer rest(std::uint16_t port, const std::string& method, const std::string& target,
                const std::string& token, const std::string& body) {
  const auto connection = test::Connection::to_loopback(port);
  std::string request = method + ' ' + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
  if (!token.empty()) request += "Authorization: Bearer " + token + "\r\n";
  if (!body.empty()) request += "Content-Type: application/json\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  if (!connection->write(request)) throw std::runtime_error("the node does not read");
  std::string text;
  for (std::string part; !(part = connection->read_some()).empty();) text += part;
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string::npos || text.size() < 12) throw std::runtime_error("no answer to " + target);
  return {std::stoi(text.substr(9, 3)), text.substr(head + 4)};
}

std::string rest_login(std::uint16_t port, const std::string& username, const std::string& password) {
  const RestAnswer answer = rest(port, "POST", "/api/auth/login", {},
                                 R"({"username":")" + username + R"(","password":")" + password + "\"}");
  if (answer.status != 200) throw std::runtime_error("no login: " + answer.body);
  return std::string(Json::parse(answer.body).root().string("access_token"));
}

}  // namespace mychat::e2e
