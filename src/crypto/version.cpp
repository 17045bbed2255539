#include "crypto/version.h"

#include <openssl/crypto.h>

namespace mychat {

const char* openssl_version() noexcept { return OpenSSL_version(OPENSSL_VERSION_STRING); }

}  // namespace mychat
