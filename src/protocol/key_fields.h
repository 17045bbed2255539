// Members that several requests share. Internal to the wire types.
#pragma once

#include <optional>
#include <string>

#include "protocol/fields.h"
#include "protocol/limits.h"

namespace mychat::wire {

// A signing key is of use only with its certificate, and the other way round.
inline void read_signing_key(Fields& fields, std::optional<std::string>& key,
                             std::optional<std::string>& certificate) {
  key = fields.optional_base64("signing_key", limits::kSigningKeyBytes, limits::kSigningKeyBytes);
  certificate = fields.optional_base64("signing_key_certificate", 1, limits::kRsaSignatureMaxBytes);
  if (fields.has("signing_key") != fields.has("signing_key_certificate"))
    fields.fail(key ? "signing_key_certificate" : "signing_key",
                "A signing key and its certificate come together.");
}

}  // namespace mychat::wire
