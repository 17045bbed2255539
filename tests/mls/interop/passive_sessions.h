// Sessions of groups of this engine as one of their members, who only reads, sees them: in the format of the
// official vectors "passive-client-*.json" (github.com/mlswg/mls-implementations, test-vectors.md).
#pragma once

#include <cstdint>
#include <string>

#include "e2ee/mls/types.h"

namespace mychat::mls::testing {

// An extension of the context that every client in these tests supports.
inline constexpr ExtensionType kTestExtension = 0xf0f1;

// JSON. What happens follows from the seed; keys and nonces are random.
std::string passive_sessions(SuiteId suite, std::uint64_t seed, std::uint64_t sessions);

}  // namespace mychat::mls::testing
