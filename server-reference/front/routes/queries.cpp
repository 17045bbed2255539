#include "front/routes/queries.h"

#include "protocol/fields.h"
#include "protocol/limits.h"

namespace mychat::server {

ConversationQuery ConversationQuery::from(const HttpRequest& request) {
  ConversationQuery out;
  QueryFields query;
  out.limit = static_cast<int>(
      query.integer("limit", request.param("limit"), limits::kPageDefault, 1, limits::kPageMax));
  const auto before = request.param("before");
  query.time("before", before);
  query.finish();
  if (before) out.before = std::string(*before);
  return out;
}

MailboxQuery MailboxQuery::from(const HttpRequest& request) {
  MailboxQuery out;
  QueryFields query;
  out.after = query.integer("after", request.param("after"), 0, 0, limits::kSeqMax);
  out.limit = static_cast<int>(query.integer("limit", request.param("limit"), limits::kMailboxPageDefault, 1,
                                             limits::kMailboxPageMax));
  out.wait = query.integer("wait", request.param("wait"), 0, 0, limits::kMailboxWaitMax);
  query.finish();
  return out;
}

}  // namespace mychat::server
