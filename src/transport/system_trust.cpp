#include "transport/system_trust.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/error.h"

namespace mychat {
namespace {

constexpr std::array kFiles{
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL and kin
    "/etc/pki/tls/certs/ca-bundle.crt",                   // the same, older
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/ssl/certs/ca-bundle.crt",                       // NixOS
    "/etc/ssl/cert.pem",                                  // macOS, OpenBSD, FreeBSD, Alpine
    "/usr/local/etc/ssl/cert.pem",                        // FreeBSD
    "/etc/openssl/certs/ca-certificates.crt",             // NetBSD
    "/opt/homebrew/etc/ca-certificates/cert.pem",         // Homebrew
};
constexpr std::array kDirectories{
    "/etc/ssl/certs",                // Debian and kin, openSUSE
    "/etc/pki/tls/certs",            // Fedora and kin
    "/etc/openssl/certs",            // NetBSD
    "/system/etc/security/cacerts",  // Android
};

bool is_readable_file(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && found.st_size > 0 &&
         ::access(path.c_str(), R_OK) == 0;
}

// A directory that OpenSSL would find something in: names such as "5ed36f99.0".
bool holds_certificates(const std::string& path) {
  struct Close {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, Close> directory(::opendir(path.c_str()));
  if (!directory) return false;
  constexpr std::size_t kHashDigits = 8;
  while (const dirent* const entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name.size() > kHashDigits + 1 && name[kHashDigits] == '.' &&
        name.find_first_not_of("0123456789abcdef") == kHashDigits)
      return true;
  }
  return false;
}

std::string environment(const char* name) {
  const char* const value = ::secure_getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

SystemTrust find_system_trust(const std::string& root) {
  SystemTrust named{environment("SSL_CERT_FILE"), environment("SSL_CERT_DIR")};
  if (!named.file.empty() && !is_readable_file(named.file)) {
    throw Error(MYCHAT_E_TLS, MYCHAT_DOMAIN_NETWORK,
                "SSL_CERT_FILE names no file of certificate authorities that can be read.");
  }
  if (!named.file.empty() || !named.directories.empty()) return named;
  for (const char* const file : kFiles) {
    if (is_readable_file(root + file)) return {root + file, {}};
  }
  for (const char* const directory : kDirectories) {
    if (holds_certificates(root + directory)) return {{}, root + directory};
  }
  throw Error(MYCHAT_E_TLS, MYCHAT_DOMAIN_NETWORK,
              "This system's certificate authorities were not found; SSL_CERT_FILE can name them.");
}

}  // namespace mychat
