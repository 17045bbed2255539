// Contacts.
#include "front/routes/context.h"
#include "protocol/handle.h"
#include "protocol/user.h"

namespace mychat::server {

namespace {

std::string contacts_json(const std::vector<wire::Contact>& contacts) {
  std::string out;
  JsonWriter json(out);
  json.value(contacts);
  return out;
}

void add_contact(RouteContext& context, const ExchangePtr& exchange) {
  const Json body = parse_body(exchange, limits::kSmallRequest);
  // v1: a text that is no handle is 400, everything else that is wrong 422.
  if (const auto handle = body->find("contact_handle").string_or_none(); handle && !normalize_handle(*handle))
    throw Refused(400, "The contact's handle is not of the form username@domain.");
  const auto request = wire::ContactRequest::from_json(body);
  with_remote_keys(context, exchange, request.contact_handle, [&context, exchange, request] {
    context.services.directory().add_contact(
        exchange->caller(), request.contact_handle, request.nickname,
        exchange->answer<wire::Contact>(201, to_json_text<wire::Contact>));
  });
}

}  // namespace

void add_contact_routes(Router& router, RouteContext& context) {
  constexpr std::size_t kSmallBody = limits::kSmallRequest.max_bytes;
  router.add({"GET",
              "/api/contacts",
              Access::kSession,
              0,
              [&context](const ExchangePtr& exchange) {
                exchange->on_worker(context.services.workers(), [&context, exchange] {
                  exchange->respond(200,
                                    contacts_json(context.services.directory().contacts(exchange->caller())));
                });
              },
              {}});
  router.add({"POST",
              "/api/contacts",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) { add_contact(context, exchange); },
              {}});
  router.add({"DELETE",
              "/api/contacts/{id}",
              Access::kSession,
              kSmallBody,
              [&context](const ExchangePtr& exchange) {
                context.services.directory().remove_contact(
                    exchange->caller(), lower_ascii(exchange->param(0)),
                    exchange->answer<Done>(
                        200, [](const Done&) { return message_json("The contact is removed."); }));
              },
              {}});
}

}  // namespace mychat::server
