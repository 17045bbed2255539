#include "keys/safety_number.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/hash.h"

namespace mychat {
namespace {

constexpr std::string_view kNumberLabel = "MyChat safety number v1";
constexpr unsigned kIterations = 5200;
constexpr std::size_t kGroupsOfOne = 6;
constexpr std::size_t kBytesOfGroup = 5;
constexpr unsigned kGroupModulus = 100000;

constexpr std::string_view kQrPrefix = "mychat:verify:";
constexpr std::string_view kQrVersion = "1";
constexpr std::size_t kMaxQrPayload = 4096;
constexpr std::size_t kMaxVersionDigits = 9;

[[noreturn]] void throw_code(const char* message) {
  throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_KEYS, message);
}

void require_two_people(const SafetyParty& one, const SafetyParty& other) {
  if (one.handle.empty() || other.handle.empty() || one.handle == other.handle) {
    throw Error(MYCHAT_E_INVALID_ARGUMENT, MYCHAT_DOMAIN_KEYS,
                "A safety number needs the handles of two different users.");
  }
}

// The length in four bytes, big-endian, then the bytes: as in docs/protocol.md, section 6.
void append(Bytes& out, ByteView part) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(part.size() >> shift));
  out.insert(out.end(), part.begin(), part.end());
}

// 30 digits of one party. The many rounds make it dear to search for a key whose digits come near somebody's.
std::string digits_of(const SafetyParty& party) {
  const Bytes spki = party.key.to_spki_der();
  const Sha512Digest key_digest = sha512(spki);
  Bytes start;
  append(start, view(kNumberLabel));
  append(start, view(party.handle));
  append(start, view(spki));
  Sha512Digest digest = sha512(start);
  std::array<std::uint8_t, sizeof digest + sizeof key_digest> round;
  std::copy(key_digest.begin(), key_digest.end(), round.begin() + digest.size());
  for (unsigned i = 1; i < kIterations; ++i) {
    std::copy(digest.begin(), digest.end(), round.begin());
    digest = sha512(round);
  }
  std::string out;
  for (std::size_t group = 0; group < kGroupsOfOne; ++group) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < kBytesOfGroup; ++i) number = number << 8 | digest[group * kBytesOfGroup + i];
    char text[8];
    std::snprintf(text, sizeof text, "%05u", static_cast<unsigned>(number % kGroupModulus));
    out += text;
  }
  return out;
}

struct QrContent {
  Sha256Digest shower_handle, scanner_handle, shower_key, scanner_key;
  static constexpr std::size_t kSize = 4 * sizeof(Sha256Digest);
};

QrContent content_of(const SafetyParty& shower, const SafetyParty& scanner) {
  return {sha256(view(shower.handle)), sha256(view(scanner.handle)), sha256(shower.key.to_spki_der()),
          sha256(scanner.key.to_spki_der())};
}

QrContent parse_content(std::string_view text) {
  const std::optional<Bytes> bytes = base64url_decode(text);
  if (!bytes || bytes->size() != QrContent::kSize) throw_code("The verification code is damaged.");
  QrContent out;
  auto from = bytes->begin();
  for (Sha256Digest* part : {&out.shower_handle, &out.scanner_handle, &out.shower_key, &out.scanner_key}) {
    std::copy_n(from, part->size(), part->begin());
    from += static_cast<std::ptrdiff_t>(part->size());
  }
  return out;
}

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= kMaxVersionDigits && text.front() != '0' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string safety_number(const SafetyParty& one, const SafetyParty& other) {
  require_two_people(one, other);
  std::string first = digits_of(one);
  std::string second = digits_of(other);
  if (second < first) first.swap(second);
  const std::string digits = first + second;
  std::string out;
  for (std::size_t i = 0; i < digits.size(); i += 5) {
    if (i != 0) out += ' ';
    out.append(digits, i, 5);
  }
  return out;
}

std::string safety_qr_payload(const SafetyParty& mine, const SafetyParty& theirs) {
  require_two_people(mine, theirs);
  const QrContent content = content_of(mine, theirs);
  Bytes bytes;
  for (const Sha256Digest& part :
       {content.shower_handle, content.scanner_handle, content.shower_key, content.scanner_key}) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return std::string(kQrPrefix) + std::string(kQrVersion) + ":" + base64url_encode(bytes);
}

ScanResult compare_scanned(std::string_view payload, const SafetyParty& mine, const SafetyParty& theirs) {
  require_two_people(mine, theirs);
  if (payload.size() > kMaxQrPayload || !payload.starts_with(kQrPrefix)) {
    throw_code("This is not a MyChat verification code.");
  }
  payload.remove_prefix(kQrPrefix.size());
  const std::size_t colon = payload.find(':');
  if (colon == std::string_view::npos || !is_version(payload.substr(0, colon))) {
    throw_code("The verification code has no version.");
  }
  if (payload.substr(0, colon) != kQrVersion) return ScanResult::kNewerVersion;
  const QrContent scanned = parse_content(payload.substr(colon + 1));
  const QrContent known = content_of(theirs, mine);
  if (scanned.shower_handle != known.shower_handle || scanned.scanner_handle != known.scanner_handle) {
    return ScanResult::kOtherPeople;
  }
  const bool same = scanned.shower_key == known.shower_key && scanned.scanner_key == known.scanner_key;
  return same ? ScanResult::kMatch : ScanResult::kMismatch;
}

}  // namespace mychat
