// Any text as a frame of either direction. What is accepted reads back as it was written.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/fields.h"
#include "protocol/ws_frames.h"

namespace {

using namespace mychat;
using namespace mychat::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

template <class F>
void guarded(F&& check) {
  try {
    check();
  } catch (const ValidationError& error) {
    require(!error.errors().empty());
  } catch (const Error& error) {
    require(error.status() == MYCHAT_E_MALFORMED || error.status() == MYCHAT_E_TOO_LARGE);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // Reading what was printed may not fail: hence noexcept.
  guarded([&] {
    std::optional<std::string> id;
    const ClientFrame frame = parse_client_frame(input, 1 << 20, &id);
    std::string printed;
    print_client_frame(frame, printed);
    [&]() noexcept { require(parse_client_frame(printed, 1 << 20) == frame); }();
    if (const auto* send = std::get_if<SendFrame>(&frame)) require(id == send->message.id);
  });
  guarded([&] {
    const ServerFrame frame = parse_server_frame(input);
    std::string printed;
    print_server_frame(frame, printed);
    [&]() noexcept { require(parse_server_frame(printed) == frame); }();
  });
  return 0;
}
