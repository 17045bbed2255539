// What this library is made of, as it runs.
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "crypto/version.h"
#include "keys/zip_archive.h"
#include "mychat/version.h"
#include "protocol/json.h"
#include "store/database.h"
#include "transport/version.h"

namespace mychat::c_api {
namespace {

#ifdef MYCHAT_STATIC_DEPS
constexpr const char* kDependencies = "static";
#else
constexpr const char* kDependencies = "shared";
#endif

struct BuildInfo {
  char text[320];

  BuildInfo() noexcept {
    const TransportVersions net = transport_versions();
    const int websockets_length = static_cast<int>(std::strcspn(net.websockets, " -"));
    std::snprintf(text, sizeof text,
                  "mychat/%s dependencies/%s openssl/%s libcurl/%s libcurl-tls/%s libwebsockets/%.*s "
                  "sqlite/%s libzip/%s cjson/%s zlib/%s",
                  MYCHAT_VERSION_STRING, kDependencies, openssl_version(), net.curl, net.curl_tls,
                  websockets_length, net.websockets, sqlite_version(), zip_version(), cjson_version(),
                  net.curl_zlib);
  }
};

}  // namespace
}  // namespace mychat::c_api

extern "C" const char* mychat_build_info(void) {
  static const mychat::c_api::BuildInfo info;
  return info.text;
}
