// Argon2id over libargon2.
#include <argon2.h>

#include <array>
#include <charconv>

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/kdf.h"
#include "crypto/random.h"

namespace mychat {

namespace {

constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kHashSize = 32;
constexpr std::string_view kPrefix = "$argon2id$v=19$";
constexpr std::size_t kMaxEncoded = 256;
constexpr std::size_t kMinSalt = 8, kMaxSalt = 64;
constexpr std::size_t kMinOutput = 16, kMaxOutput = 1024;

bool in_bounds(const Argon2Params& params) {
  return params.lanes >= 1 && params.lanes <= kArgon2MaxLanes && params.iterations >= 1 &&
         params.iterations <= kArgon2MaxIterations && params.memory_kib >= 8 * params.lanes &&
         params.memory_kib <= kArgon2MaxMemoryKib;
}

// The encoded form taken apart.
struct Encoded {
  Argon2Params params;
  Bytes salt, hash;
};

// Takes `name` and the number after it off the front of the text; no sign, no leading zero.
bool take_number(std::string_view& text, std::string_view name, std::uint32_t& value) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  if (text.starts_with('0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// Argon2's text form writes standard base64 without padding.
std::optional<Bytes> unpadded_base64_decode(std::string_view text) {
  if (text.find('=') != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  padded.append((4 - text.size() % 4) % 4, '=');
  return base64_decode(padded);
}

std::string unpadded_base64_encode(ByteView bytes) {
  std::string text = base64_encode(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

std::optional<Encoded> parse(std::string_view text) {
  if (text.size() > kMaxEncoded || !text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  Encoded encoded;
  Argon2Params& params = encoded.params;
  if (!take_number(text, "m=", params.memory_kib) || !take_number(text, ",t=", params.iterations) ||
      !take_number(text, ",p=", params.lanes) || !text.starts_with('$') || !in_bounds(params)) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  const std::size_t middle = text.find('$');
  if (middle == std::string_view::npos) return std::nullopt;
  const auto salt = unpadded_base64_decode(text.substr(0, middle));
  const auto hash = unpadded_base64_decode(text.substr(middle + 1));
  if (!salt || salt->size() < kMinSalt || salt->size() > kMaxSalt) return std::nullopt;
  if (!hash || hash->size() < kMinOutput || hash->size() > kMaxOutput) return std::nullopt;
  encoded.salt = *salt;
  encoded.hash = *hash;
  return encoded;
}

}  // namespace

Secret argon2id(ByteView password, ByteView salt, const Argon2Params& params, std::size_t size) {
  if (!in_bounds(params)) throw_argument("The Argon2id costs are out of bounds.");
  if (salt.size() < kMinSalt || salt.size() > kMaxSalt) throw_argument("An Argon2id salt has 8 to 64 bytes.");
  if (size < kMinOutput || size > kMaxOutput) throw_argument("Argon2id gives 16 to 1024 bytes.");
  if (password.size() > (std::size_t{1} << 20)) throw_argument("The password is longer than 1 MiB.");
  Secret out(size);
  const int result = argon2id_hash_raw(params.iterations, params.memory_kib, params.lanes, password.data(),
                                       password.size(), salt.data(), salt.size(), out.data(), out.size());
  if (result == ARGON2_MEMORY_ALLOCATION_ERROR) {
    throw Error(MYCHAT_E_OUT_OF_MEMORY, MYCHAT_DOMAIN_CRYPTO, "There is not enough memory for Argon2id.");
  }
  if (result != ARGON2_OK) throw Error(MYCHAT_E_CRYPTO, MYCHAT_DOMAIN_CRYPTO, "Argon2id failed.");
  return out;
}

std::string argon2id_hash(ByteView password, const Argon2Params& params) {
  const auto salt = random_array<kSaltSize>();
  const Secret hash = argon2id(password, salt, params, kHashSize);
  return std::string(kPrefix) + "m=" + std::to_string(params.memory_kib) +
         ",t=" + std::to_string(params.iterations) + ",p=" + std::to_string(params.lanes) + "$" +
         unpadded_base64_encode(salt) + "$" + unpadded_base64_encode(hash);
}

bool argon2id_verify(std::string_view encoded, ByteView password) {
  const auto parsed = parse(encoded);
  if (!parsed) return false;
  return equal_constant_time(argon2id(password, parsed->salt, parsed->params, parsed->hash.size()),
                             parsed->hash);
}

std::optional<Argon2Params> argon2id_params(std::string_view encoded) {
  const auto parsed = parse(encoded);
  if (!parsed) return std::nullopt;
  return parsed->params;
}

}  // namespace mychat
