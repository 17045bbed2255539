// Which route a request is for. Patterns are "/api/users/{handle}"; a literal segment is preferred to a
// parameter.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mychat::server {

class Exchange;
using ExchangePtr = std::shared_ptr<Exchange>;
using RouteHandler = std::function<void(const ExchangePtr&)>;

enum class Access {
  kPublic,   // No token; counted against the address.
  kProbe,    // No token, not counted: /health, /ready.
  kPeer,     // Signed by another node, which the route checks; counted apart.
  kSession,  // A valid token, Exchange::caller() is set.
};

struct Route {
  std::string method;
  std::string pattern;
  Access access = Access::kSession;
  std::size_t max_body = 0;
  RouteHandler handler;
  std::vector<std::string> segments;  // Of the pattern; filled in by the router.
};

class Router {
 public:
  void add(Route route);

  struct Match {
    const Route* route = nullptr;
    std::vector<std::string> params;
    std::string allowed;       // "GET, PUT": the methods of the path when the method has no route.
    std::string_view pattern;  // Of any route of that path; empty when none fits.
  };
  // `path` is decoded already; a single slash at its end is ignored. HEAD is answered as GET.
  Match find(std::string_view method, std::string_view path) const;
  const std::vector<Route>& routes() const noexcept { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace mychat::server
