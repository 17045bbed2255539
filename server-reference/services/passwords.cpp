#include "services/passwords.h"

#include <crypt.h>

#include <cstring>
#include <memory>

#include "crypto/random.h"

namespace mychat::server {
namespace {

bool is_bcrypt(const std::string& hash) {
  return hash.size() == 60 &&
         (hash.starts_with("$2b$") || hash.starts_with("$2a$") || hash.starts_with("$2y$"));
}

// bcrypt looks at the first 72 bytes only, as the deployments did that made these hashes.
bool bcrypt_verify(const std::string& hash, const Secret& password) {
  if (password.size() > 1024 || std::memchr(password.data(), 0, password.size()) != nullptr) return false;
  Secret text = password;
  text.push_back(0);
  const auto data = std::make_unique<crypt_data>();
  std::memset(data.get(), 0, sizeof(crypt_data));
  const char* result = crypt_r(reinterpret_cast<const char*>(text.data()), hash.c_str(), data.get());
  const bool matches = result != nullptr && equal_constant_time(view(std::string_view(result)), view(hash));
  secure_wipe(data.get(), sizeof(crypt_data));
  return matches;
}

}  // namespace

Passwords::Passwords(Argon2Params params)
    : params_(params), dummy_(argon2id_hash(view(random_secret(32)), params)) {}

std::string Passwords::hash(const Secret& password) {
  ++computations_;
  return argon2id_hash(view(password), params_);
}

bool Passwords::verify(const std::string& hash, const Secret& password) {
  ++computations_;
  if (is_bcrypt(hash)) return bcrypt_verify(hash, password);
  const bool known = !hash.empty();
  const bool matches = argon2id_verify(known ? hash : dummy_, view(password));
  return known && matches;
}

bool Passwords::needs_upgrade(const std::string& hash) const {
  const auto params = argon2id_params(hash);
  return !params || params->memory_kib < params_.memory_kib || params->iterations < params_.iterations;
}

}  // namespace mychat::server
