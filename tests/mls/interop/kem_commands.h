// Commands of mls-peer about the KEM of a cipher suite alone, for comparing it with others.
#pragma once

#include <string_view>

#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat::mls::testing {

// kem_derive (a key pair of "material"), kem_encapsulate (to "public_key", with what "ephemeral" gives
// instead of randomness) or kem_decapsulate ("kem_output" with "private_key"); "suite" names the cipher
// suite.
void answer_kem(std::string_view what, JsonView in, JsonWriter& out);

}  // namespace mychat::mls::testing
