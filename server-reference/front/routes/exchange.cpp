#include "front/routes/exchange.h"

#include <algorithm>

#include "front/routes/context.h"
#include "protocol/fields.h"
#include "protocol/json_writer.h"

namespace mychat::server {

namespace {

std::string one_member(std::string_view name, std::string_view text) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member(name, text);
  json.end_object();
  return out;
}

}  // namespace

std::string detail_json(std::string_view detail) { return one_member("detail", detail); }
std::string message_json(std::string_view message) { return one_member("message", message); }

Exchange::Exchange(HttpRequest&& request, Reply reply, std::string address, Observer& observer)
    : request_(std::move(request)),
      reply_(std::move(reply)),
      address_(std::move(address)),
      observer_(observer) {}

Exchange::~Exchange() {
  if (!answered_) fail(500, "The request was dropped without an answer.");
}

void Exchange::respond(int status, std::string json) { respond(HttpResponse::json(status, std::move(json))); }

void Exchange::respond(HttpResponse response) {
  if (answered_.exchange(true)) return;
  const auto duration = std::chrono::steady_clock::now() - start_;
  RequestRecord record;
  record.method = request_.method;
  record.route = route_;
  record.status = response.status;
  record.duration_us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  record.request_bytes = request_.body.size();
  record.response_bytes = response.body.size();
  record.address = address_;
  record.id = request_.id;
  response.headers.emplace_back("X-Request-Id", std::to_string(request_.id));
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (std::none_of(response.headers.begin(), response.headers.end(),
                   [](const NameValue& header) { return header.first == "Cache-Control"; }))
    response.headers.emplace_back("Cache-Control", "no-store");
  for (NameValue& header : headers_) response.headers.push_back(std::move(header));
  observer_.request_done(record);
  reply_(std::move(response));
}

void Exchange::fail(const Failure& failure) {
  // Of this status, `detail` is a list whoever refuses.
  if (failure.status == 422) {
    FieldError error{{"body"}, failure.detail, "value_error"};
    if (!failure.field.empty()) error.loc.push_back(failure.field);
    return respond(422, ValidationError({std::move(error)}).to_json_text());
  }
  HttpResponse response = HttpResponse::json(failure.status, detail_json(failure.detail));
  if (failure.retry_after > 0)
    response.headers.emplace_back("Retry-After", std::to_string(failure.retry_after));
  if (failure.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  respond(std::move(response));
}

void Exchange::fail(const std::exception& error) {
  if (const auto* invalid = dynamic_cast<const ValidationError*>(&error))
    return respond(422, invalid->to_json_text());
  if (dynamic_cast<const Refused*>(&error)) return fail(to_failure(error));
  if (const auto* known = dynamic_cast<const Error*>(&error)) {
    if (known->status() == MYCHAT_E_MALFORMED)
      return respond(422,
                     ValidationError({FieldError{{"body"}, known->what(), "json_invalid"}}).to_json_text());
    if (known->status() == MYCHAT_E_TOO_LARGE) return fail(413, known->what());
  }
  fail(to_failure(error));
}

Json parse_body(const ExchangePtr& exchange, const JsonOptions& options) {
  const std::string& body = exchange->body();
  try {
    return Json::parse(body, options);
  } catch (const Error& error) {
    // Nested too deeply or of too many values: smaller is not what it has to be.
    if (error.status() != MYCHAT_E_TOO_LARGE || body.size() > options.max_bytes) throw;
    throw ValidationError({FieldError{{"body"}, error.what(), "json_invalid"}});
  }
}

void Exchange::guard(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    fail(error);
  }
}

void Exchange::on_worker(WorkerPool& workers, std::function<void()> work) {
  const auto self = shared_from_this();
  if (!workers.post([self, work = std::move(work)] { self->guard(work); }))
    fail(Failure{503, "The node is busy; try again in a moment.", 1});
}

}  // namespace mychat::server
