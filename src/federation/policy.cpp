#include "federation/policy.h"

#include <algorithm>

#include "protocol/handle.h"

namespace mychat::federation {
namespace {

constexpr std::string_view kBelow = "*.";

bool any_matches(const std::vector<std::string>& patterns, std::string_view domain) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_domain(pattern, domain); });
}

}  // namespace

std::string_view mode_name(Mode mode) noexcept {
  switch (mode) {
    case Mode::kOpen:
      return "open";
    case Mode::kAllowList:
      return "allow-list";
    case Mode::kApproval:
      return "approval";
  }
  return "open";
}

bool is_domain_pattern(std::string_view text) {
  if (text == "*") return true;
  if (text.starts_with(kBelow)) text.remove_prefix(kBelow.size());
  const auto domain = parse_domain(text);
  return domain && *domain == text;
}

bool matches_domain(std::string_view pattern, std::string_view domain) {
  if (pattern == "*") return true;
  const bool below = pattern.starts_with(kBelow);
  if (below) pattern.remove_prefix(1);  // ".example.org"
  if (pattern.find(':') == std::string_view::npos) domain = domain.substr(0, domain.find(':'));
  return below ? domain.size() > pattern.size() && domain.ends_with(pattern) : domain == pattern;
}

Verdict Policy::judge(std::string_view domain) const {
  if (any_matches(blocked, domain)) return Verdict::kBlocked;
  if (mode == Mode::kOpen || any_matches(allowed, domain)) return Verdict::kAllowed;
  return mode == Mode::kAllowList ? Verdict::kNotListed : Verdict::kAwaitsApproval;
}

}  // namespace mychat::federation
