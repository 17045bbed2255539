// Opening a history: many envelopes on all cores.
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "e2ee/envelope_v1.h"

namespace mychat {

// Borrowed for the time of the call.
struct OpenJob {
  const EnvelopeFields* fields = nullptr;
  std::string_view content_type = "text";
  OpenAs as = OpenAs::kRecipient;
};

// Exactly one of both is set.
struct OpenResult {
  std::optional<Secret> plaintext;
  std::optional<Error> error;
};

// One result a job, in the order of the jobs; one that fails does not disturb the others. The calling thread
// works too; `threads` 0 means one a core. When a stop is requested, the jobs not begun get
// MYCHAT_E_CANCELLED.
std::vector<OpenResult> open_many(std::span<const OpenJob> jobs, const RsaPrivateKey& key,
                                  unsigned threads = 0, std::stop_token stop = {});

}  // namespace mychat
