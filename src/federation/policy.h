// Which nodes this one speaks with: the operator's rules. Pure; keeping and changing them is the caller's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mychat::federation {

enum class Mode {
  kOpen,       // Every node that is not blocked.
  kAllowList,  // Only those on the list.
  kApproval,   // Those on the list; others wait until the operator approves or blocks them.
};
std::string_view mode_name(Mode mode) noexcept;  // "open", "allow-list", "approval"

enum class Verdict { kAllowed, kBlocked, kNotListed, kAwaitsApproval };

// A domain, "*.example.org" (everything below it, not itself) or "*".
bool is_domain_pattern(std::string_view text);
// Ports are part of a name, except that a pattern without one covers every port of its host.
bool matches_domain(std::string_view pattern, std::string_view domain);

struct Policy {
  Mode mode = Mode::kOpen;
  std::vector<std::string> allowed{};  // Patterns.
  std::vector<std::string> blocked{};  // Patterns; stronger than `allowed`.
  bool accept_v1 = false;              // Nodes that cannot sign: over verified TLS, shown as unverified.

  Verdict judge(std::string_view domain) const;
};

}  // namespace mychat::federation
