#include <array>
#include <cmath>
#include <string>

#include "app/config/config.h"

namespace mychat::server {

namespace {

constexpr const char* kAdvice = "; make one with: openssl rand -base64 48";

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

bool holds_default_word(const std::string& text) {
  for (const char* word :
       {"changeme", "change-me", "change_me", "change this", "change-this", "change_this", "password",
        "secret", "default", "example", "insecure", "placeholder", "development", "qwerty", "replace"})
    if (text.find(word) != std::string::npos) return true;
  return false;
}

// Bits of information if the characters were drawn from their own frequencies.
double shannon_bits(std::string_view text) {
  std::array<int, 256> count{};
  for (const char c : text) ++count[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const int n : count)
    if (n > 0) bits -= n * std::log2(static_cast<double>(n) / static_cast<double>(text.size()));
  return bits;
}

bool repeats(std::string_view text) {
  for (std::size_t period = 1; period <= text.size() / 2; ++period) {
    std::size_t i = period;
    while (i < text.size() && text[i] == text[i - period]) ++i;
    if (i == text.size()) return true;
  }
  return false;
}

// "abcdefgh...", "98765..."
bool mostly_sequence(std::string_view text) {
  std::size_t steps = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const int step = text[i] - text[i - 1];
    if (step == 1 || step == -1 || step == 0) ++steps;
  }
  return steps * 2 > text.size();
}

}  // namespace

std::string weak_secret_reason(std::string_view secret) {
  if (secret.empty()) return std::string("is not set") + kAdvice;
  if (secret.size() < 32)
    return "has " + std::to_string(secret.size()) + " characters and needs at least 32" + kAdvice;
  if (secret.size() > 4096) return std::string("is longer than 4096 characters") + kAdvice;
  if (holds_default_word(lowered(secret)))
    return std::string("holds a word that defaults are made of") + kAdvice;
  if (repeats(secret) || mostly_sequence(secret))
    return std::string("is a repetition or a sequence") + kAdvice;
  if (shannon_bits(secret) < 96) return std::string("is not random enough") + kAdvice;
  return {};
}

}  // namespace mychat::server
