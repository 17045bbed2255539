// Clients and their events.
#include "c_api/convert.h"

using namespace mychat;
using namespace mychat::c_api;

namespace {

std::vector<std::string> split_pins(const char* text) {
  std::vector<std::string> pins;
  std::string_view rest = text == nullptr ? std::string_view() : require_text(text, "tls_pins");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    if (end != 0) pins.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return pins;
}

ClientOptions to_options(const mychat_client_options& in) {
  constexpr std::uint32_t kFlags =
      MYCHAT_CLIENT_ALLOW_PLAINTEXT | MYCHAT_CLIENT_STORE_MUST_EXIST | MYCHAT_CLIENT_NO_WEBSOCKET;
  if ((in.flags & ~kFlags) != 0) throw_argument("options.flags has a flag that is not known.");
  if (in.store_path == nullptr || *in.store_path == '\0') throw_argument("options.store_path is missing.");
  if ((in.passphrase == nullptr || *in.passphrase == '\0') && in.store_key == nullptr)
    throw_argument("options.passphrase or options.store_key is required.");
  if (in.passphrase != nullptr && in.store_key != nullptr)
    throw_argument("options.passphrase and options.store_key exclude each other.");
  if (in.log_level < MYCHAT_LOG_TRACE || in.log_level > MYCHAT_LOG_ERROR)
    throw_argument("options.log_level is not one of MYCHAT_LOG_.");
  ClientOptions out;
  out.store_path = in.store_path;
  if (in.passphrase != nullptr) out.passphrase = require_secret(in.passphrase, "options.passphrase");
  if (in.store_key != nullptr)
    out.store_key = [give = in.store_key, context = in.store_key_context](std::uint8_t* key) {
      return give(key, context) == 0;
    };
  out.store_must_exist = (in.flags & MYCHAT_CLIENT_STORE_MUST_EXIST) != 0;
  out.node_url = optional_text(in.node_url);
  out.allow_plaintext = (in.flags & MYCHAT_CLIENT_ALLOW_PLAINTEXT) != 0;
  out.use_websocket = (in.flags & MYCHAT_CLIENT_NO_WEBSOCKET) == 0;
  out.ca_file = in.ca_file == nullptr ? "" : in.ca_file;
  out.tls_pins = split_pins(in.tls_pins);
  if (in.connect_timeout_ms != 0) out.connect_timeout_ms = in.connect_timeout_ms;
  if (in.request_timeout_ms != 0) out.request_timeout_ms = in.request_timeout_ms;
  if (in.log != nullptr)
    out.log = [log = in.log, context = in.log_context](mychat_log_level level, const char* component,
                                                       const char* message) {
      log(level, component, message, context);
    };
  out.log_level = in.log_level;
  if (in.max_queued_events != 0) out.max_queued_events = in.max_queued_events;
  return out;
}

mychat_status waited(PollResult result, mychat_error* error) noexcept {
  switch (result) {
    case PollResult::kEvent:
      return MYCHAT_OK;
    case PollResult::kTimeout:
      return set_error(error, MYCHAT_E_TIMEOUT, MYCHAT_DOMAIN_API, 0, true,
                       "Nothing came in the time given.");
    case PollResult::kWoken:
      return set_error(error, MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, 0, true,
                       "The wait was ended by a wake-up.");
    case PollResult::kClosed:
      break;
  }
  return set_error(error, MYCHAT_E_CLOSED, MYCHAT_DOMAIN_API, 0, false, "The client is closed.");
}

}  // namespace

extern "C" {

void mychat_client_options_init(mychat_client_options* options) {
  if (options != nullptr) *options = MYCHAT_CLIENT_OPTIONS_INIT;
}

mychat_status mychat_client_create(const mychat_client_options* options, mychat_client** out_client,
                                   mychat_error* error) {
  return guard(error, [&] {
    mychat_client*& out = require_out(out_client);
    out = new mychat_client(to_options(read_options(options, "options")));
  });
}

mychat_status mychat_client_start(mychat_client* client, mychat_error* error) {
  return guard(error, [&] { require(client).start(); });
}

mychat_status mychat_client_stop(mychat_client* client, mychat_error* error) {
  return guard(error, [&] { require(client).stop(); });
}

mychat_status mychat_client_close(mychat_client* client, mychat_error* error) {
  return guard(error, [&] { require(client).close(); });
}

void mychat_client_free(mychat_client* client) { delete client; }

mychat_status mychat_client_poll(mychat_client* client, int32_t timeout_ms, mychat_event** out_event,
                                 mychat_error* error) {
  return guard(error, [&] {
    mychat_event*& out = require_out(out_event);
    Client& mine = require(client);
    Event event;
    const PollResult result = mine.poll(timeout_ms, event);
    if (result != PollResult::kEvent) return waited(result, error);
    try {
      out = new_event(event);
    } catch (...) {
      mine.give_back(std::move(event));  // It comes again with the next poll.
      throw;
    }
    return mychat_status{MYCHAT_OK};
  });
}

void mychat_event_free(mychat_event* event) { free_boxed(event); }

int mychat_client_event_fd(mychat_client* client) {
  return client == nullptr ? -1 : client->client.event_fd();
}

void mychat_client_wakeup(mychat_client* client) {
  if (client != nullptr) client->client.wakeup();
}

mychat_status mychat_client_ack(mychat_client* client, uint64_t seq, mychat_error* error) {
  return guard(error, [&] { require(client).ack(seq); });
}

mychat_status mychat_client_rewind(mychat_client* client, mychat_error* error) {
  return guard(error, [&] { require(client).rewind(); });
}

mychat_status mychat_client_await(mychat_client* client, mychat_request_id request, int32_t timeout_ms,
                                  mychat_event** out_event, mychat_error* error) {
  return guard(error, [&] {
    if (out_event != nullptr) *out_event = nullptr;
    Client& mine = require(client);
    Event event;
    const PollResult result = mine.await(request, timeout_ms, event);
    if (result != PollResult::kEvent) return waited(result, error);
    const std::optional<Error> failure = std::get<Completion>(event.data).error;
    if (out_event != nullptr) {
      try {
        *out_event = new_event(event);
      } catch (...) {
        mine.give_back(std::move(event));
        throw;
      }
    }
    return failure ? set_error(error, *failure) : mychat_status{MYCHAT_OK};
  });
}

mychat_status mychat_client_cancel(mychat_client* client, mychat_request_id request, mychat_error* error) {
  return guard(error, [&] { require(client).cancel(request); });
}

// ---- Policy and store

mychat_status mychat_client_set_policy(mychat_client* client, uint32_t flags, mychat_error* error) {
  return guard(error, [&] { require(client).set_policy(flags); });
}

mychat_status mychat_client_policy(mychat_client* client, uint32_t* out_flags, mychat_error* error) {
  return guard(error, [&] {
    std::uint32_t& out = require_out_value(out_flags);
    out = require(client).policy();
  });
}

mychat_status mychat_client_check_store(mychat_client* client, mychat_store_report** out_report,
                                        mychat_error* error) {
  return guard(error, [&] {
    mychat_store_report*& out = require_out(out_report);
    out = new_store_report(require(client).check_store());
  });
}

void mychat_store_report_free(mychat_store_report* report) { free_boxed(report); }

mychat_status mychat_client_backup_store(mychat_client* client, const char* path, mychat_error* error) {
  return guard(error, [&] {
    Client& mine = require(client);
    if (path == nullptr || *path == '\0') throw_argument("path is missing.");
    mine.backup_store(path);
  });
}

mychat_status mychat_client_change_passphrase(mychat_client* client, const char* new_passphrase,
                                              mychat_error* error) {
  return guard(error,
               [&] { require(client).change_passphrase(require_secret(new_passphrase, "new_passphrase")); });
}

}  // extern "C"
