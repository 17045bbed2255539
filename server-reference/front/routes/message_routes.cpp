// Messages: sending, history, read marks.
#include "front/routes/context.h"
#include "front/routes/queries.h"
#include "protocol/handle.h"
#include "protocol/message.h"

namespace mychat::server {

namespace {

constexpr std::size_t kSmallBody = limits::kSmallRequest.max_bytes;

void send_message(RouteContext& context, const ExchangePtr& exchange) {
  std::vector<wire::SendMessageRequest> drafts;
  {
    const Json body = parse_body(exchange, limits::kMessageRequest);
    drafts.push_back(wire::SendMessageRequest::from_json(body, context.config.max_message_size));
  }
  if (drafts.front().group_id) throw Refused(501, "Groups are not available on this node.");
  exchange->body() = std::string();  // What is kept while the message waits for its commit is the draft.
  context.services.mailbox().accept(
      exchange->caller(), std::move(drafts), 0,
      [exchange](Result<std::vector<Result<AcceptedMessage>>> result) {
        if (!result.ok()) return exchange->fail(result.failure());
        const Result<AcceptedMessage>& accepted = result.value().front();
        if (!accepted.ok()) return exchange->fail(accepted.failure());
        exchange->guard([&] { exchange->respond(201, to_json_text(*accepted.value().message)); });
      });
}

void show_conversation(RouteContext& context, const ExchangePtr& exchange) {
  const auto query = ConversationQuery::from(exchange->request());
  exchange->on_worker(context.services.workers(), [&context, exchange, query] {
    exchange->respond(200, to_json_text(context.services.mailbox().conversation(
                               exchange->caller(), exchange->param(0), query.limit, query.before)));
  });
}

void mark_one_read(RouteContext& context, const ExchangePtr& exchange) {
  context.services.mailbox().mark_read(exchange->caller(), lower_ascii(exchange->param(0)),
                                       exchange->answer<Done>(200, [](const Done&) {
                                         return message_json("The message is marked as read.");
                                       }));
}

void mark_many_read(RouteContext& context, const ExchangePtr& exchange) {
  auto request = wire::ReadRequest::from_json(parse_body(exchange, limits::kSmallRequest));
  context.services.mailbox().mark_read(
      exchange->caller(), std::move(request.message_ids),
      exchange->answer<int>(200, [](int count) { return to_json_text(wire::ReadAnswer{count}); }));
}

}  // namespace

void add_message_routes(Router& router, RouteContext& context) {
  // Base64 takes four bytes for three; the rest is for the keys and the JSON around it.
  const std::size_t message_body = context.config.max_message_size / 3 * 4 + 64 * 1024;
  router.add({"POST",
              "/api/messages",
              Access::kSession,
              message_body,
              [&context](const ExchangePtr& exchange) { send_message(context, exchange); },
              {}});
  router.add({"GET",
              "/api/messages/conversation/{handle}",
              Access::kSession,
              0,
              [&context](const ExchangePtr& exchange) { show_conversation(context, exchange); },
              {}});
  router.add({"PUT",
              "/api/messages/{id}/read",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) { mark_one_read(context, exchange); },
              {}});
  router.add({"POST",
              "/api/messages/read",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) { mark_many_read(context, exchange); },
              {}});
}

}  // namespace mychat::server
