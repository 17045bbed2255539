// The boundary: the one guard, reading what C passes in, and memory for what goes out.
#pragma once

#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/error.h"
#include "client/client.h"
#include "mychat/mychat.h"

struct mychat_client {
  explicit mychat_client(mychat::ClientOptions options) : client(std::move(options)) {}
  mychat::Client client;
};

namespace mychat::c_api {

void clear_error(mychat_error* error) noexcept;
mychat_status set_error(mychat_error* error, mychat_status status, mychat_error_domain domain, int detail,
                        bool retryable, const char* message) noexcept;
mychat_status set_error(mychat_error* error, const Error& thrown) noexcept;
// For the exception being handled.
mychat_status set_error_from_exception(mychat_error* error) noexcept;

// Every C function's body runs in here: exceptions end at the boundary.
template <class Body>
mychat_status guard(mychat_error* error, Body&& body) noexcept {
  clear_error(error);
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Body>>) {
      body();
      return MYCHAT_OK;
    } else {
      return body();
    }
  } catch (...) {
    return set_error_from_exception(error);
  }
}

// ---- What comes in

inline Client& require(mychat_client* client) {
  if (client == nullptr) throw_argument("The client is NULL.");
  return client->client;
}

template <class T>
T*& require_out(T** out) {
  if (out == nullptr) throw_argument("The place for the result is NULL.");
  *out = nullptr;
  return *out;
}

template <class T>
T& require_out_value(T* out) {
  if (out == nullptr) throw_argument("The place for the result is NULL.");
  *out = T{};
  return *out;
}

std::string_view require_text(const char* text, const char* name);
std::string optional_text(const char* text);
std::optional<std::string> nullable_text(const char* text);
Secret require_secret(const char* text, const char* name);
ByteView require_bytes(const void* data, std::size_t size, const char* name);

// A copy of an option struct of any version: what an older caller does not have is zero; what a newer one
// sets beyond this version is refused.
template <class Options>
Options read_options(const Options* options, const char* name) {
  if (options == nullptr) throw_argument(std::string(name) + " is NULL.");
  std::uint32_t size = 0;
  std::memcpy(&size, options, sizeof size);
  if (size < sizeof size + sizeof(std::uint32_t) || size > 4096)
    throw_argument(std::string(name) + ".struct_size is not set; use the initialiser.");
  Options copy{};
  std::memcpy(&copy, options, size < sizeof copy ? size : sizeof copy);
  for (std::size_t i = sizeof copy; i < size; ++i)
    if (reinterpret_cast<const unsigned char*>(options)[i] != 0)
      throw Error(MYCHAT_E_UNSUPPORTED, MYCHAT_DOMAIN_API,
                  std::string(name) + " sets an option that this version of the library does not have.");
  return copy;
}

// ---- What goes out

void* allocate(std::size_t size);  // Throws bad_alloc.
void release(void* pointer) noexcept;

// One object with everything that it points to, freed at once by free_boxed().
class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* take(std::size_t size);
  template <class T>
  T* make() {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (take(sizeof(T))) T{};
  }
  template <class T>
  T** array(std::size_t count) {
    return static_cast<T**>(take((count == 0 ? 1 : count) * sizeof(T*)));
  }
  const char* text(std::string_view text);
  // With a NUL behind it.
  const std::uint8_t* bytes(ByteView bytes);

  // The first object made is what the caller frees.
  template <class T>
  T* hand_over(T* first) noexcept {
    chunks_ = nullptr;
    return first;
  }

 private:
  struct Chunk;
  friend void free_boxed(void* first) noexcept;
  Chunk* chunks_ = nullptr;  // The newest first.
  Chunk* first_ = nullptr;
};

// Frees an object that hand_over() gave out; wipes it. NULL is harmless.
void free_boxed(void* first) noexcept;

struct FreeBoxed {
  void operator()(void* first) const noexcept { free_boxed(first); }
};
// Until it is the caller's.
template <class T>
using Boxed = std::unique_ptr<T, FreeBoxed>;

// A string of its own, freed by mychat_string_free().
char* new_string(std::string_view text);
// Bytes of their own, freed by mychat_bytes_free().
mychat_bytes* new_bytes(ByteView bytes);

}  // namespace mychat::c_api
