#include "session.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "files.h"
#include "secrets.h"
#include "text.h"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

void log_line(mychat_log_level level, const char* component, const char* message, void*) {
  static constexpr const char* kNames[] = {"trace", "debug", "info", "warning", "error"};
  const char* name = level >= 0 && level <= MYCHAT_LOG_ERROR ? kNames[level] : "?";
  std::fprintf(stderr, "[%s] %s: %s\n", name, component, safe_line(message).c_str());
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ";") + part;
  return out;
}

}  // namespace

Session::Session(const Globals& globals, Store store)
    : globals_(globals), path_(globals.store.empty() ? default_store_path(globals.profile) : globals.store) {
  const bool exists = file_exists(path_);
  if (!exists && store == Store::kMustExist)
    throw ApiError(MYCHAT_E_NOT_FOUND, MYCHAT_DOMAIN_STORE,
                   "There is no account in " + path_ + ": register, log in or restore a backup first.");
  if (!exists) make_private_folder(std::filesystem::path(path_).parent_path().string());
  created_ = !exists;
  const SecretText passphrase = store_passphrase(globals, exists ? Ask::kOnce : Ask::kTwice);
  const std::string pins = joined(globals.pins);
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  options.store_path = path_.c_str();
  options.passphrase = passphrase.c_str();
  options.node_url = or_null(globals.node);
  options.ca_file = or_null(globals.ca);
  options.tls_pins = or_null(pins);
  if (globals.allow_plaintext) options.flags |= MYCHAT_CLIENT_ALLOW_PLAINTEXT;
  if (globals.no_websocket) options.flags |= MYCHAT_CLIENT_NO_WEBSOCKET;
  if (exists) options.flags |= MYCHAT_CLIENT_STORE_MUST_EXIST;
  if (globals.verbose) {
    options.log = log_line;
    options.log_level = MYCHAT_LOG_DEBUG;
  }
  client_ = fetch<mychat_client>(mychat_client_create, &options);
}

Session::~Session() {
  end_progress();
  // A failure only means that these events come again.
  if (client_) mychat_client_ack(client(), acknowledgeable_, nullptr);
}

std::string Session::handle(const std::string& given) const {
  if (given.find('@') != std::string::npos) return given;
  const std::string own = account()->handle;
  const std::size_t at = own.find('@');
  if (at == std::string::npos) throw UsageError("Write the whole handle: " + given + "@DOMAIN.");
  return given + own.substr(at);
}

void Session::require_login() const {
  if (account()->logged_in == 0)
    throw ApiError(MYCHAT_E_UNAUTHORIZED, MYCHAT_DOMAIN_API,
                   "Nobody is logged in: run 'mychat login' first.");
}

void Session::discard_if_empty() noexcept {
  mychat_account* account = nullptr;
  if (!created_ || mychat_client_account(client(), &account, nullptr) != MYCHAT_OK) return;
  const Owned<mychat_account> owned(account);
  if (account->has_identity != 0 || *account->handle != '\0') return;
  client_.reset();
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) ::unlink((path_ + suffix).c_str());
}

Owned<mychat_event> Session::next(milliseconds limit) {
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_event* event = nullptr;
  const mychat_status status =
      mychat_client_poll(client(), static_cast<std::int32_t>(limit.count()), &event, &error);
  if (status == MYCHAT_E_TIMEOUT) return nullptr;
  if (status != MYCHAT_OK) throw ApiError(error);
  Owned<mychat_event> owned(event);
  note(*owned);
  return owned;
}

void Session::note(const mychat_event& event) {
  must_be_shown_ = must_be_shown_ || is_news(event);
  if (event.seq > acknowledgeable_ && !must_be_shown_) acknowledgeable_ = event.seq;
  if (event.type == MYCHAT_EVENT_CONNECTION && (event.data.connection->state == MYCHAT_CONNECTION_ONLINE ||
                                                event.data.connection->state == MYCHAT_CONNECTION_POLLING)) {
    key_is_replaced_ = event.data.connection->error.status == MYCHAT_E_KEY_MISMATCH;
    if (key_is_replaced_)
      print_warning(globals_, std::string(event.data.connection->error.message) + " (mychat restore FILE)");
  }
  if (event.type == MYCHAT_EVENT_PROGRESS) show_progress(*event.data.progress);
  if (event.type == MYCHAT_EVENT_KEY_CHANGED) print_key_change(globals_, *event.data.contact);
}

bool Session::run_until(milliseconds limit, const std::function<bool(const mychat_event&)>& done) {
  const auto deadline = Clock::now() + limit;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() < 0) return false;
    const auto event = next(left);
    if (event && done(*event)) return true;
  }
}

Owned<mychat_event> Session::complete(mychat_request_id request) {
  while (true) {
    // Every request ends: the library bounds each of its steps.
    auto event = next(milliseconds(1000));
    if (!event || event->type != MYCHAT_EVENT_COMPLETION || event->data.completion->request != request)
      continue;
    end_progress();
    const mychat_error& error = event->data.completion->error;
    if (error.status != MYCHAT_OK) throw ApiError(error);
    return event;
  }
}

void Session::go_online(milliseconds limit) {
  require_login();
  call(mychat_client_start, client());
  std::optional<ApiError> refused;
  const bool answered = run_until(limit, [&](const mychat_event& event) {
    if (event.type == MYCHAT_EVENT_SESSION_ENDED) {
      refused.emplace(MYCHAT_E_UNAUTHORIZED, MYCHAT_DOMAIN_NODE,
                      "The node ended this session: run 'mychat login' again.", 401);
      return account()->logged_in == 0;  // Otherwise it is old news.
    }
    if (event.type != MYCHAT_EVENT_CONNECTION) return false;
    const mychat_connection& connection = *event.data.connection;
    if (connection.error.status != MYCHAT_OK) refused.emplace(connection.error);
    if (connection.state == MYCHAT_CONNECTION_ONLINE || connection.state == MYCHAT_CONNECTION_POLLING)
      refused.reset();
    return connection.state != MYCHAT_CONNECTION_CONNECTING;
  });
  if (refused) throw ApiError(*refused);
  if (!answered)
    throw ApiError(MYCHAT_E_TIMEOUT, MYCHAT_DOMAIN_NETWORK, "The node did not answer in time.", 0, true);
}

void Session::settle(milliseconds quiet, milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (Clock::now() < deadline && next(quiet)) {
  }
}

void Session::show_progress(const mychat_progress& progress) {
  if (globals_.quiet || globals_.json || ::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\rMaking your keys: %u of 2 primes found, %u candidates tested \033[K",
               progress.primes_found, progress.candidates);
  std::fflush(stderr);
  progress_shown_ = true;
}

void Session::end_progress() {
  if (progress_shown_) std::fputs("\r\033[K", stderr);
  progress_shown_ = false;
}

bool is_news(const mychat_event& event) {
  switch (event.type) {
    case MYCHAT_EVENT_MESSAGE:
    case MYCHAT_EVENT_KEY_CHANGED:
    case MYCHAT_EVENT_SESSION_ENDED:
      return true;
    case MYCHAT_EVENT_MESSAGE_STATUS:
      return event.data.message->direction == MYCHAT_DIRECTION_IN ||
             event.data.message->status == MYCHAT_MESSAGE_FAILED;
    default:
      return false;
  }
}

void print_result(const std::string& line) {
  if (std::fputs((line + "\n").c_str(), stdout) < 0 || std::fflush(stdout) != 0)
    throw ApiError(MYCHAT_E_IO, MYCHAT_DOMAIN_SYSTEM, "Cannot write to standard output.", errno);
}

void print_note(const Globals& globals, const std::string& text) {
  if (!globals.quiet && !globals.json) std::fprintf(stderr, "%s\n", text.c_str());
}

void print_warning(const Globals& globals, const std::string& text) {
  if (globals.json) {
    std::fprintf(stderr, "%s\n", JsonObject().text("warning", text).str().c_str());
  } else {
    std::fprintf(stderr, "Warning: %s\n", safe_line(text).c_str());
  }
}

void print_key_change(const Globals& globals, const mychat_contact& contact) {
  if (contact.trust != MYCHAT_TRUST_CHANGED) return;  // Accepted since.
  const std::string handle = safe_line(contact.handle);
  if (globals.json) {
    print_warning(globals,
                  "The key of " + handle + " changed; nothing is sent until the new one is accepted.");
    return;
  }
  const std::string rule(78, '!');
  std::fprintf(stderr,
               "%s\nTHE KEY OF %s HAS CHANGED.\n"
               "%s\n"
               "Nothing is sent to %s until you accept the new key:\n"
               "  old  %s\n  new  %s\n"
               "Ask them, by a way you trust, whether this is their new fingerprint. Then:\n"
               "  mychat contact accept %s --fingerprint '%s'\n%s\n",
               rule.c_str(), handle.c_str(),
               contact.pending_vouched != 0
                   ? "Their old key signed the change: they probably made a new one."
                   : "Nothing proves that it was them: somebody may be reading along.",
               handle.c_str(), contact.fingerprint, contact.pending_fingerprint, handle.c_str(),
               contact.pending_fingerprint, rule.c_str());
}

int print_error(const Globals& globals, const ApiError& error) {
  const mychat_error& details = error.error();
  if (globals.json) {
    const std::string body = JsonObject()
                                 .text("status", mychat_status_name(details.status))
                                 .text("domain", domain_name(details.domain))
                                 .number("detail", details.detail)
                                 .boolean("retryable", details.retryable != 0)
                                 .text("message", error.what())
                                 .str();
    std::fprintf(stderr, "%s\n", JsonObject().raw("error", body).str().c_str());
  } else {
    std::fprintf(stderr, "mychat: %s\n", safe_line(error.what()).c_str());
    if (details.status == MYCHAT_E_STORE_HELD)
      std::fputs("Another mychat (a 'listen', perhaps) has this profile open; end it first.\n", stderr);
    if (details.status == MYCHAT_E_NO_IDENTITY)
      std::fputs("Restore your key backup: mychat restore FILE\n", stderr);
  }
  return exit_code(details.status);
}

}  // namespace cli
