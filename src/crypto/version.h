#pragma once

namespace mychat {

// Of the OpenSSL that runs, which need not be the one whose headers were compiled: "3.0.16".
const char* openssl_version() noexcept;

}  // namespace mychat
