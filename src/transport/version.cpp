#include "transport/version.h"

#include <curl/curl.h>
#include <libwebsockets.h>

namespace mychat {
namespace {

const char* known(const char* version) noexcept { return version == nullptr ? "none" : version; }

}  // namespace

TransportVersions transport_versions() noexcept {
  const curl_version_info_data* const curl = curl_version_info(CURLVERSION_NOW);
  return {known(curl->version), known(curl->ssl_version), known(curl->libz_version),
          known(lws_get_library_version())};
}

}  // namespace mychat
