// X-Forwarded-For: whatever it holds, the client is an address, and one that is no proxy when there is one.
#include <cstdlib>

#include "front/routes/client_address.h"

using mychat::server::client_address;
using mychat::server::IpAddress;
using mychat::server::Network;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Network> trusted{*Network::parse("127.0.0.1"), *Network::parse("10.0.0.0/8")};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t half = size / 2;
  const std::string client = client_address("127.0.0.1", {text.substr(0, half), text.substr(half)}, trusted);
  const auto parsed = IpAddress::parse(client);
  if (!parsed || parsed->to_string() != client) std::abort();
  // Without a trusted proxy nothing is believed.
  if (client_address("203.0.113.9", {text}, trusted) != "203.0.113.9") std::abort();
  if (const auto network = Network::parse(text); network && text.find('/') == std::string_view::npos)
    if (!network->contains(*IpAddress::parse(text))) std::abort();
  return 0;
}
