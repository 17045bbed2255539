#include "front/routes/router.h"

#include <algorithm>

namespace mychat::server {

namespace {

void split(std::string_view path, std::vector<std::string_view>& out) {
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  if (!path.empty() && path.back() == '/') path.remove_suffix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return;
    path.remove_prefix(slash + 1);
  }
}

bool is_param(const std::string& segment) noexcept { return !segment.empty() && segment.front() == '{'; }

bool fits(const Route& route, const std::vector<std::string_view>& segments) {
  if (route.segments.size() != segments.size()) return false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (is_param(route.segments[i]) ? segments[i].empty() : segments[i] != route.segments[i]) return false;
  }
  return true;
}

}  // namespace

void Router::add(Route route) {
  std::vector<std::string_view> segments;
  split(route.pattern, segments);
  route.segments.assign(segments.begin(), segments.end());
  // Routes with more literal segments come first, so that "/api/users/me" is met before
  // "/api/users/{handle}".
  const auto params = [](const Route& r) {
    return std::count_if(r.segments.begin(), r.segments.end(), is_param);
  };
  const auto at = std::find_if(routes_.begin(), routes_.end(),
                               [&](const Route& other) { return params(other) > params(route); });
  routes_.insert(at, std::move(route));
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
  if (method == "HEAD") method = "GET";
  std::vector<std::string_view> segments;
  split(path, segments);
  Match match;
  for (const Route& route : routes_) {
    if (!fits(route, segments)) continue;
    // Once a path is met literally, a parameter's route is another resource ("DELETE /api/users/me").
    if (!match.pattern.empty() && match.pattern != route.pattern) continue;
    match.pattern = route.pattern;
    if (route.method != method) {
      match.allowed += (match.allowed.empty() ? "" : ", ") + route.method;
      continue;
    }
    match.route = &route;
    for (std::size_t i = 0; i < segments.size(); ++i)
      if (is_param(route.segments[i])) match.params.emplace_back(segments[i]);
    return match;
  }
  return match;
}

}  // namespace mychat::server
