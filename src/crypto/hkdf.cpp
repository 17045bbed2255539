#include "crypto/hkdf.h"

#include <algorithm>
#include <array>
#include <string>

#include "crypto/internal.h"

namespace mychat {

namespace {

constexpr std::size_t kMostHash = 64;
constexpr std::size_t kMostBlock = 128;

std::size_t block_size(HashAlgorithm algorithm) noexcept {
  return algorithm == HashAlgorithm::kSha256 ? 64 : 128;
}

// Memory on the stack that wipes itself.
template <std::size_t Size>
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { secure_wipe(bytes_.data(), Size); }
  MutableBytes first(std::size_t size) noexcept { return MutableBytes(bytes_).first(size); }

 private:
  std::array<std::uint8_t, Size> bytes_{};
};

class Hashing {
 public:
  explicit Hashing(HashAlgorithm algorithm)
      : algorithm_(detail::algorithm_of(algorithm)),
        context_(detail::required(EVP_MD_CTX_new(), "A hash context could not be made.")) {
    begin();
  }

  void begin() {
    detail::check(EVP_DigestInit_ex2(context_.get(), algorithm_, nullptr), "A hash could not be set up.");
  }
  void add(ByteView piece) {
    detail::check(EVP_DigestUpdate(context_.get(), piece.data(), piece.size()), "A hash failed.");
  }
  void finish(MutableBytes out) {
    detail::check(EVP_DigestFinal_ex(context_.get(), out.data(), nullptr), "A hash failed.");
  }

 private:
  const EVP_MD* algorithm_;
  detail::DigestContext context_;  // Wiped when freed.
};

// HMAC in two passes over one hash context: half the time that EVP_MAC takes in OpenSSL 3.0 for what is as
// short as here, where setting up counts for more than hashing.
class Hmac {
 public:
  Hmac(HashAlgorithm algorithm, ByteView key)
      : hash_size_(hash_size(algorithm)), block_(pad_.first(block_size(algorithm))), hashing_(algorithm) {
    if (key.size() > block_.size()) {
      hashing_.add(key);
      hashing_.finish(block_.first(hash_size_));
      hashing_.begin();
    } else {
      std::copy(key.begin(), key.end(), block_.begin());
    }
    add_padded(0x36);
  }

  void add(ByteView piece) { hashing_.add(piece); }
  // Once; `out` has the hash's size.
  void finish(MutableBytes out) {
    Scratch<kMostHash> inner;
    hashing_.finish(inner.first(hash_size_));
    hashing_.begin();
    add_padded(0x36 ^ 0x5C);
    hashing_.add(inner.first(hash_size_));
    hashing_.finish(out);
  }

 private:
  void add_padded(std::uint8_t pad) {
    for (std::uint8_t& byte : block_) byte ^= pad;
    hashing_.add(block_);
  }

  std::size_t hash_size_;
  Scratch<kMostBlock> pad_;
  MutableBytes block_;
  Hashing hashing_;
};

}  // namespace

const EVP_MD* detail::algorithm_of(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha256:
      return sha256_algorithm();
    case HashAlgorithm::kSha384:
      return sha384_algorithm();
    case HashAlgorithm::kSha512:
      break;
  }
  return sha512_algorithm();
}

std::size_t hash_size(HashAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case HashAlgorithm::kSha256:
      return 32;
    case HashAlgorithm::kSha384:
      return 48;
    case HashAlgorithm::kSha512:
      break;
  }
  return 64;
}

Bytes hash(HashAlgorithm algorithm, std::initializer_list<ByteView> pieces) {
  Hashing hashing(algorithm);
  for (const ByteView piece : pieces) hashing.add(piece);
  Bytes digest(hash_size(algorithm));
  hashing.finish(digest);
  return digest;
}

Secret hmac(HashAlgorithm algorithm, ByteView key, std::initializer_list<ByteView> pieces) {
  Hmac hmac(algorithm, key);
  for (const ByteView piece : pieces) hmac.add(piece);
  Secret tag(hash_size(algorithm));
  hmac.finish(tag);
  return tag;
}

// HKDF is written here over HMAC rather than taken from OpenSSL, whose own refuses empty keys and, in 3.0,
// limits what goes into `info` to 1,024 bytes.

Secret hkdf_extract(HashAlgorithm algorithm, ByteView salt, ByteView secret) {
  // An absent salt is a string of zeros as long as the hash; HMAC pads an empty key to the same.
  return hmac(algorithm, salt, {secret});
}

Secret hkdf_expand(HashAlgorithm algorithm, ByteView pseudo_random_key, std::initializer_list<ByteView> info,
                   std::size_t size) {
  const std::size_t step = hash_size(algorithm);
  if (pseudo_random_key.size() < step) {
    throw_argument("HKDF with this hash expands keys of " + std::to_string(step) + " bytes or more.");
  }
  if (size == 0 || size > 255 * step) {
    throw_argument("HKDF with this hash gives 1 to " + std::to_string(255 * step) + " bytes.");
  }
  Secret out(size);
  Scratch<kMostHash> last;
  const MutableBytes block = last.first(step);
  std::uint8_t counter = 0;
  for (std::size_t done = 0; done < size; done += step) {
    Hmac hmac(algorithm, pseudo_random_key);
    if (counter > 0) hmac.add(block);
    for (const ByteView piece : info) hmac.add(piece);
    ++counter;
    hmac.add(ByteView(&counter, 1));
    hmac.finish(block);
    std::copy_n(block.begin(), std::min(size - done, step), out.begin() + static_cast<std::ptrdiff_t>(done));
  }
  return out;
}

}  // namespace mychat
