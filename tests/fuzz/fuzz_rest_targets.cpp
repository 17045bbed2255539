// A request's target, as the routes read it: handles and ids in the path, the parameters of the query. The
// input is the target; what is not one is put into it percent-encoded, so that every byte gets to the
// readers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "front/http_parser.h"
#include "front/routes/queries.h"
#include "front/routes/router.h"
#include "protocol/error_body.h"
#include "protocol/fields.h"
#include "protocol/handle.h"
#include "protocol/limits.h"
#include "storage/uuid.h"

namespace {

using namespace mychat;
using namespace mychat::server;
using mychat::wire::ErrorBody;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string as_target(std::string_view input) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : input) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F && c != '#') {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::optional<HttpRequest> read(std::string_view input) {
  const std::string text = "GET " + as_target(input) + " HTTP/1.1\r\nHost: node.test\r\n\r\n";
  std::string_view rest = text;
  RequestReader reader(64 * 1024, 20);
  if (reader.read(rest) != RequestReader::State::kHead) return std::nullopt;
  if (reader.accept_body(0) != RequestReader::State::kDone) return std::nullopt;
  return reader.take_request();
}

template <class Query, class Check>
void read_query(const HttpRequest& request, Check check) {
  try {
    const Query query = Query::from(request);
    [&]() noexcept { check(query); }();
  } catch (const ValidationError& error) {
    require(!error.errors().empty());
    require(ErrorBody::parse(error.to_json_text()).fields == error.errors());
    for (const FieldError& field : error.errors())
      require(field.loc.size() == 2 && field.loc[0] == "query" && request.param(field.loc[1]).has_value());
  }
}

void check_param(const std::string& param) {
  require(!param.empty());
  if (const auto handle = Handle::parse(param)) {
    const auto again = Handle::parse(handle->to_string());
    require(again && again->username == handle->username && again->domain == handle->domain);
  }
  if (const auto id = parse_uuid(param)) require(parse_uuid(uuid_text(*id)) == id);
}

const Router& router() {
  static const Router made = [] {
    Router out;
    for (const char* pattern :
         {"/api/users/me", "/api/users/{handle}", "/api/keys/{handle}", "/api/messages/conversation/{handle}",
          "/api/messages/{id}/read", "/api/contacts/{id}", "/api/auth/sessions/{id}", "/api/mailbox"})
      out.add({"GET", pattern, Access::kPublic, 0, {}, {}});
    return out;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = read({reinterpret_cast<const char*>(data), size});
  if (!request) return 0;
  const Router::Match match = router().find(request->method, request->path);
  require((match.route == nullptr) == match.pattern.empty());
  for (const std::string& param : match.params) check_param(param);
  read_query<ConversationQuery>(*request, [&](const ConversationQuery& query) {
    require(query.limit >= 1 && query.limit <= limits::kPageMax);
    require(query.before.has_value() == request->param("before").has_value());
    if (!query.before) return;
    const auto time = parse_time(*query.before);
    require(time && parse_time(format_time(*time)) == time);
  });
  read_query<MailboxQuery>(*request, [](const MailboxQuery& query) {
    require(query.after >= 0 && query.after <= limits::kSeqMax);
    require(query.limit >= 1 && query.limit <= limits::kMailboxPageMax);
    require(query.wait >= 0 && query.wait <= limits::kMailboxWaitMax);
  });
  return 0;
}
