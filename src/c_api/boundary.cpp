#include "c_api/boundary.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>

#include "base/encoding.h"

namespace mychat::c_api {
namespace {

void* default_allocate(std::size_t size, void*) { return std::malloc(size); }
void default_release(void* pointer, void*) { std::free(pointer); }

struct Hooks {
  void* (*allocate)(std::size_t, void*) = default_allocate;
  void (*release)(void*, void*) = default_release;
  void* context = nullptr;
};

std::mutex hooks_mutex;
Hooks hooks;
std::atomic<std::int64_t> blocks_outside{0};  // Blocks in the caller's hands or about to be.

Hooks current_hooks() noexcept {
  const std::lock_guard lock(hooks_mutex);
  return hooks;
}

}  // namespace

void clear_error(mychat_error* error) noexcept {
  set_error(error, MYCHAT_OK, MYCHAT_DOMAIN_NONE, 0, false, "");
}

mychat_status set_error(mychat_error* error, mychat_status status, mychat_error_domain domain, int detail,
                        bool retryable, const char* message) noexcept {
  if (error == nullptr) return status;
  // An error of an older or unset size gets what fits.
  const std::uint32_t size = std::min<std::uint32_t>(error->struct_size, sizeof(mychat_error));
  mychat_error full = MYCHAT_ERROR_INIT;
  full.struct_size = error->struct_size;
  full.status = status;
  full.domain = domain;
  full.detail = detail;
  full.retryable = retryable ? 1 : 0;
  std::size_t length = std::min(std::strlen(message), sizeof full.message - 1);
  // Cut between characters, not inside one.
  while (length < std::strlen(message) && length > 0 &&
         (static_cast<unsigned char>(message[length]) & 0xC0) == 0x80)
    --length;
  std::memcpy(full.message, message, length);
  if (size > sizeof full.struct_size) std::memcpy(error, &full, size);
  if (size > offsetof(mychat_error, message)) reinterpret_cast<char*>(error)[size - 1] = '\0';
  return status;
}

mychat_status set_error(mychat_error* error, const Error& thrown) noexcept {
  return set_error(error, thrown.status(), thrown.domain(), thrown.detail(), thrown.retryable(),
                   thrown.what());
}

mychat_status set_error_from_exception(mychat_error* error) noexcept {
  try {
    throw;
  } catch (const Error& thrown) {
    return set_error(error, thrown);
  } catch (const std::bad_alloc&) {
    return set_error(error, MYCHAT_E_OUT_OF_MEMORY, MYCHAT_DOMAIN_API, 0, true, "Out of memory.");
  } catch (const std::exception& thrown) {
    return set_error(error, MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_API, 0, false, thrown.what());
  } catch (...) {
    return set_error(error, MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_API, 0, false, "An unknown fault.");
  }
}

std::string_view require_text(const char* text, const char* name) {
  if (text == nullptr) throw_argument(std::string(name) + " is NULL.");
  const std::string_view view(text);
  if (!is_utf8(view)) throw_argument(std::string(name) + " is not UTF-8.");
  return view;
}

std::string optional_text(const char* text) { return nullable_text(text).value_or(""); }

std::optional<std::string> nullable_text(const char* text) {
  if (text == nullptr) return std::nullopt;
  return std::string(require_text(text, "A text"));
}

Secret require_secret(const char* text, const char* name) { return to_secret(require_text(text, name)); }

ByteView require_bytes(const void* data, std::size_t size, const char* name) {
  if (data == nullptr && size != 0) throw_argument(std::string(name) + " is NULL.");
  if (size > PTRDIFF_MAX) throw_argument(std::string(name) + " has an impossible size.");
  return {static_cast<const std::uint8_t*>(data), data == nullptr ? 0 : size};
}

void* allocate(std::size_t size) {
  blocks_outside.fetch_add(1);  // First, so that the hooks cannot be changed between.
  const Hooks now = current_hooks();
  void* pointer = now.allocate(size, now.context);
  if (pointer == nullptr) {
    blocks_outside.fetch_sub(1);
    throw std::bad_alloc();
  }
  return pointer;
}

void release(void* pointer) noexcept {
  const Hooks now = current_hooks();
  now.release(pointer, now.context);
  blocks_outside.fetch_sub(1);
}

// ---- Arena

struct alignas(std::max_align_t) Arena::Chunk {
  Chunk* older;      // Of the first chunk: the newest, once handed over.
  std::size_t size;  // Of the whole chunk.
  std::size_t used;
};

namespace {

constexpr std::size_t kFirstChunk = 1024;

std::size_t aligned(std::size_t size) noexcept {
  constexpr std::size_t kAlign = alignof(std::max_align_t);
  return (size + kAlign - 1) / kAlign * kAlign;
}

}  // namespace

void* Arena::take(std::size_t size) {
  size = aligned(size);
  if (chunks_ == nullptr || chunks_->size - chunks_->used < size) {
    const std::size_t chunk_size = std::max(sizeof(Chunk) + size, kFirstChunk);
    auto* chunk = new (allocate(chunk_size)) Chunk{chunks_, chunk_size, sizeof(Chunk)};
    chunks_ = chunk;
    if (first_ == nullptr) first_ = chunk;
    // The oldest chunk's `older` is free: it leads to the newest, so that freeing by the first object finds
    // all.
    first_->older = chunk == first_ ? nullptr : chunk;
  }
  void* out = reinterpret_cast<unsigned char*>(chunks_) + chunks_->used;
  chunks_->used += size;
  std::memset(out, 0, size);
  return out;
}

const char* Arena::text(std::string_view text) { return reinterpret_cast<const char*>(bytes(view(text))); }

const std::uint8_t* Arena::bytes(ByteView bytes) {
  auto* out = static_cast<std::uint8_t*>(take(bytes.size() + 1));
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out;
}

Arena::~Arena() {
  if (chunks_ != nullptr) free_boxed(reinterpret_cast<unsigned char*>(first_) + sizeof(Chunk));
}

void free_boxed(void* first) noexcept {
  if (first == nullptr) return;
  using Chunk = Arena::Chunk;
  auto* oldest = reinterpret_cast<Chunk*>(static_cast<unsigned char*>(first) - sizeof(Chunk));
  Chunk* chunk = oldest->older;
  while (chunk != nullptr && chunk != oldest) {
    Chunk* older = chunk->older;
    secure_wipe(chunk, chunk->size);
    release(chunk);
    chunk = older;
  }
  secure_wipe(oldest, oldest->size);
  release(oldest);
}

char* new_string(std::string_view text) {
  Arena arena;
  auto* out = static_cast<char*>(arena.take(text.size() + 1));
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return arena.hand_over(out);
}

mychat_bytes* new_bytes(ByteView bytes) {
  Arena arena;
  auto* made = arena.make<mychat_bytes>();
  made->struct_size = sizeof *made;
  made->size = bytes.size();
  made->data = arena.bytes(bytes);
  return arena.hand_over(made);
}

}  // namespace mychat::c_api

using namespace mychat;
using namespace mychat::c_api;

extern "C" {

mychat_status mychat_set_allocator(const mychat_allocator* allocator, mychat_error* error) {
  return guard(error, [&] {
    Hooks next;
    if (allocator != nullptr) {
      const mychat_allocator copy = read_options(allocator, "allocator");
      if (copy.allocate == nullptr || copy.release == nullptr)
        throw_argument("The allocator lacks a function.");
      next = {copy.allocate, copy.release, copy.context};
    }
    const std::lock_guard lock(hooks_mutex);
    if (blocks_outside.load() != 0)
      throw Error(MYCHAT_E_INVALID_STATE, MYCHAT_DOMAIN_API,
                  "Something of the library is still in the caller's hands.");
    hooks = next;
  });
}

void mychat_string_free(char* string) { free_boxed(string); }
void mychat_bytes_free(mychat_bytes* bytes) { free_boxed(bytes); }

void mychat_error_init(mychat_error* error) {
  if (error != nullptr) *error = MYCHAT_ERROR_INIT;
}

uint32_t mychat_version_number(void) { return MYCHAT_VERSION_NUMBER; }
const char* mychat_version_string(void) { return MYCHAT_VERSION_STRING; }

}  // extern "C"
