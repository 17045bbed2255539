#include "base/bytes.h"

#include <cstring>

#include "base/error.h"

namespace mychat {

void secure_wipe(void* data, std::size_t size) noexcept {
  if (data == nullptr || size == 0) return;
  std::memset(data, 0, size);
  __asm__ __volatile__("" : : "r"(data) : "memory");
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  __asm__ __volatile__("" : "+r"(difference));
  return difference == 0;
}

namespace {

// Never freed: threads may still ask for it while the program ends.
const Error& kOutOfMemory = *new Error(MYCHAT_E_OUT_OF_MEMORY, MYCHAT_DOMAIN_API, "Out of memory.", 0, true);

}  // namespace

const Error& out_of_memory() noexcept { return kOutOfMemory; }

void throw_argument(const std::string& message) {
  throw Error(MYCHAT_E_INVALID_ARGUMENT, MYCHAT_DOMAIN_API, message);
}

void throw_malformed(const std::string& message) {
  throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_PROTOCOL, message);
}

}  // namespace mychat
