// The mailbox over HTTP.
#include "front/routes/context.h"
#include "front/routes/queries.h"
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
  const auto query = MailboxQuery::from(exchange->request());
  if (query.wait > 0 && context.waiting.add(exchange)) {
    context.services.mailbox().wait_page(exchange->caller(), query.after, query.limit, query.wait * 1000,
                                         exchange->answer<MailboxPage>(200, page_json));
    return;
  }
  exchange->on_worker(context.services.workers(), [&context, exchange, query] {
    exchange->respond(
        200, page_json(context.services.mailbox().page(exchange->caller(), query.after, query.limit)));
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
