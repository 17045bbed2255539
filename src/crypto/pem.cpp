#include "crypto/pem.h"

#include <openssl/evp.h>

#include <string>

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/internal.h"

namespace mychat::detail {

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

std::string boundary(std::string_view kind, std::string_view label) {
  return "-----" + std::string(kind) + " " + std::string(label) + "-----";
}

}  // namespace

Secret pem_decode(std::string_view pem, std::string_view label, std::size_t limit) {
  if (pem.size() > limit) throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_CRYPTO, "The PEM text is too long.");
  const std::size_t first = pem.find_first_not_of(kWhiteSpace);
  const std::size_t last = pem.find_last_not_of(kWhiteSpace);
  if (first == std::string_view::npos) {
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO, "The PEM text is empty.");
  }
  pem = pem.substr(first, last - first + 1);
  const std::string begin = boundary("BEGIN", label), end = boundary("END", label);
  if (pem.size() < begin.size() + end.size() || !pem.starts_with(begin) || !pem.ends_with(end)) {
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO,
                "The text is not a PEM \"" + std::string(label) + "\".");
  }
  pem = pem.substr(begin.size(), pem.size() - begin.size() - end.size());
  Secret body;
  body.reserve(pem.size());
  for (const char c : pem) {
    if (kWhiteSpace.find(c) == std::string_view::npos) body.push_back(static_cast<std::uint8_t>(c));
  }
  auto der = base64_decode_secret(text(body));
  if (!der || der->empty()) {
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO, "The PEM text does not hold valid base64.");
  }
  return std::move(*der);
}

Secret pem_encode(ByteView der, std::string_view label) {
  Secret out = to_secret(boundary("BEGIN", label) + "\n");
  std::uint8_t line[65];  // 64 characters and the NUL that OpenSSL adds.
  while (!der.empty()) {
    const std::size_t taken = std::min<std::size_t>(der.size(), 48);
    const int written = EVP_EncodeBlock(line, der.data(), static_cast<int>(taken));
    out.insert(out.end(), line, line + written);
    out.push_back('\n');
    der = der.subspan(taken);
  }
  secure_wipe(line, sizeof line);
  const std::string end = boundary("END", label);
  out.insert(out.end(), end.begin(), end.end());
  return out;
}

}  // namespace mychat::detail
