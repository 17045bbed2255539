// The mailbox over HTTP.
#include "front/routes/context.h"
#include "protocol/fields.h"
#include "protocol/mailbox.h"

namespace mychat::server {

namespace {

std::string page_json(const MailboxPage& page) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("mailbox_id", page.mailbox_id);
  json.key("items");
  json.begin_array();
  std::string item_text;
  for (const MailboxItemPtr& item : page.items) {
    item_text.clear();
    item->append_json(item_text);
    json.raw(item_text);
  }
  json.end_array();
  json.member("next", page.next);
  json.member("has_more", page.has_more);
  json.member("oldest", page.oldest);
  json.end_object();
  return out;
}

void show_page(RouteContext& context, const ExchangePtr& exchange) {
  const HttpRequest& request = exchange->request();
  QueryFields query;
  const std::int64_t after = query.integer("after", request.param("after"), 0, 0, limits::kSeqMax);
  const auto limit = static_cast<int>(query.integer("limit", request.param("limit"),
                                                    limits::kMailboxPageDefault, 1, limits::kMailboxPageMax));
  const std::int64_t wait = query.integer("wait", request.param("wait"), 0, 0, limits::kMailboxWaitMax);
  query.finish();
  if (wait > 0 && context.waiting.add(exchange)) {
    context.services.mailbox().wait_page(exchange->caller(), after, limit, wait * 1000,
                                         exchange->answer<MailboxPage>(200, page_json));
    return;
  }
  exchange->on_worker(context.services.workers(), [&context, exchange, after, limit] {
    exchange->respond(200, page_json(context.services.mailbox().page(exchange->caller(), after, limit)));
  });
}

}  // namespace

void add_mailbox_routes(Router& router, RouteContext& context) {
  router.add({"GET",
              "/api/mailbox",
              Access::kSession,
              0,
              [&context](const ExchangePtr& exchange) { show_page(context, exchange); },
              {}});
  router.add({"POST",
              "/api/mailbox/ack",
              Access::kSession,
              limits::kSmallRequest.max_bytes,
              [&context](const ExchangePtr& exchange) {
                const auto request = wire::AckRequest::from_json(parse_body(exchange, limits::kSmallRequest));
                context.services.mailbox().ack(exchange->caller(), request.seq,
                                               exchange->answer<std::int64_t>(200, [](std::int64_t acked) {
                                                 return to_json_text(wire::AckAnswer{acked});
                                               }));
              },
              {}});
}

}  // namespace mychat::server
