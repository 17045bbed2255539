#include "e2e/sdk.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace mychat::e2e {
namespace {

using Steady = std::chrono::steady_clock;

// The stores of tests need no slow key derivation: the host gives the key.
std::int32_t store_key(std::uint8_t* out, void*) {
  for (int i = 0; i < MYCHAT_STORE_KEY_SIZE; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return 0;
}

void log_line(mychat_log_level level, const char* component, const char* message, void* name) {
  std::fprintf(stderr, "    [%s] %d %s: %s\n", static_cast<const char*>(name), level, component, message);
}

}  // namespace

Msg copy(const mychat_message& in) {
  Msg out;
  out.id = in.id;
  out.peer = in.peer;
  out.sender = in.sender;
  out.data.assign(reinterpret_cast<const char*>(in.data), in.size);
  out.direction = in.direction;
  out.status = in.status;
  out.verification = in.verification;
  out.type = in.content_type;
  out.failure = in.failure;
  out.position = in.position;
  out.created_at = in.created_at;
  out.delivered_at = in.delivered_at;
  out.read_at = in.read_at;
  out.readable = in.readable != 0;
  return out;
}

Peer copy(const mychat_contact& in) {
  Peer out;
  out.handle = in.handle;
  out.nickname = in.nickname;
  out.fingerprint = in.fingerprint;
  out.pending = in.pending_fingerprint;
  out.status_message = in.status_message;
  out.trust = in.trust;
  out.vouched = in.pending_vouched != 0;
  out.signs = in.signs_messages != 0;
  out.listed = in.is_contact != 0;
  return out;
}

Sdk::Sdk(Options options) : options_(std::move(options)) { open(); }

Sdk::Sdk(Sdk&& other) noexcept
    : error(std::move(other.error)),
      handle(std::move(other.handle)),
      sessions(std::move(other.sessions)),
      options_(std::move(other.options_)),
      client_(std::exchange(other.client_, nullptr)),
      seen_(std::move(other.seen_)) {}

Sdk::~Sdk() { close(); }

void Sdk::open() {
  mychat_client_options c = MYCHAT_CLIENT_OPTIONS_INIT;
  c.store_path = options_.store.c_str();
  c.store_key = store_key;
  c.node_url = options_.node_url.empty() ? nullptr : options_.node_url.c_str();
  c.ca_file = options_.ca_file.empty() ? nullptr : options_.ca_file.c_str();
  c.tls_pins = options_.pins.empty() ? nullptr : options_.pins.c_str();
  c.flags = options_.flags;
  c.request_timeout_ms = options_.request_timeout_ms;
  if (std::getenv("MYCHAT_E2E_LOG") != nullptr) {
    c.log = log_line;
    c.log_context = const_cast<char*>(options_.store.c_str() + options_.store.rfind('/') + 1);
    c.log_level = MYCHAT_LOG_DEBUG;
  }
  mychat_error failed = MYCHAT_ERROR_INIT;
  if (mychat_client_create(&c, &client_, &failed) != MYCHAT_OK)
    throw std::runtime_error(std::string("no client: ") + failed.message);
}

void Sdk::close() {
  mychat_client_free(client_);
  client_ = nullptr;
}

void Sdk::reopen() {
  close();
  seen_.clear();
  open();
  start();
}

void Sdk::start() { EXPECT_EQ(mychat_client_start(client_, nullptr), MYCHAT_OK); }
void Sdk::stop() { EXPECT_EQ(mychat_client_stop(client_, nullptr), MYCHAT_OK); }

mychat_status Sdk::call(const Begin& begin) {
  mychat_error failed = MYCHAT_ERROR_INIT;
  mychat_request_id request = 0;
  mychat_status status = begin(&request, &failed);
  error = failed.message;
  if (status != MYCHAT_OK) return status;
  mychat_event* event = nullptr;
  status = mychat_client_await(client_, request, 60'000, &event, &failed);
  error = failed.message;
  if (event == nullptr) {
    ADD_FAILURE() << "no completion: " << error;
    return status;
  }
  const mychat_completion& done = *event->data.completion;
  EXPECT_EQ(done.request, request);
  EXPECT_EQ(done.error.status, status);
  if (done.sessions != nullptr) {
    sessions.clear();
    for (std::size_t i = 0; i < done.sessions->count; ++i) {
      const mychat_session& session = *done.sessions->items[i];
      sessions.push_back({session.id, session.device_name, session.current != 0});
    }
  }
  mychat_event_free(event);
  return status;
}

mychat_status Sdk::import_key(std::string_view pem) {
  mychat_error failed = MYCHAT_ERROR_INIT;
  const mychat_status status = mychat_client_import_private_key(client_, std::string(pem).c_str(), &failed);
  error = failed.message;
  return status;
}

mychat_status Sdk::register_user(const std::string& name, const std::string& password) {
  mychat_register_options options = MYCHAT_REGISTER_OPTIONS_INIT;
  options.username = name.c_str();
  options.password = password.c_str();
  const mychat_status status = call([&](auto* request, auto* failed) {
    return mychat_client_register(client_, &options, request, failed);
  });
  if (status == MYCHAT_OK) handle = account().handle;
  return status;
}

mychat_status Sdk::login(const std::string& name, const std::string& password, const char* device) {
  mychat_login_options options = MYCHAT_LOGIN_OPTIONS_INIT;
  options.username = name.c_str();
  options.password = password.c_str();
  options.device_name = device;
  const mychat_status status = call(
      [&](auto* request, auto* failed) { return mychat_client_login(client_, &options, request, failed); });
  if (status == MYCHAT_OK) handle = account().handle;
  return status;
}

mychat_status Sdk::add_contact(const std::string& peer, const char* nickname) {
  return call([&](auto* request, auto* failed) {
    return mychat_client_add_contact(client_, peer.c_str(), nickname, request, failed);
  });
}

mychat_status Sdk::lookup(const std::string& peer) {
  return call([&](auto* request, auto* failed) {
    return mychat_client_lookup(client_, peer.c_str(), request, failed);
  });
}

mychat_status Sdk::try_send(const std::string& to, const std::string& text, std::string* id) {
  char made[MYCHAT_MESSAGE_ID_SIZE] = "";
  mychat_error failed = MYCHAT_ERROR_INIT;
  const mychat_status status = mychat_client_send_text(client_, to.c_str(), text.c_str(), made, &failed);
  error = failed.message;
  if (id != nullptr) *id = made;
  return status;
}

std::string Sdk::send(const std::string& to, const std::string& text) {
  std::string id;
  EXPECT_EQ(try_send(to, text, &id), MYCHAT_OK) << error;
  return id;
}

mychat_status Sdk::send_bytes(const std::string& to, mychat_content_type type, const std::string& bytes,
                              std::string* id) {
  mychat_send_options options = MYCHAT_SEND_OPTIONS_INIT;
  options.content_type = type;
  options.recipient = to.c_str();
  options.data = bytes.data();
  options.size = bytes.size();
  char made[MYCHAT_MESSAGE_ID_SIZE] = "";
  mychat_error failed = MYCHAT_ERROR_INIT;
  const mychat_status status = mychat_client_send(client_, &options, made, &failed);
  error = failed.message;
  *id = made;
  return status;
}

mychat_status Sdk::mark_read(const std::string& peer) {
  return mychat_client_mark_read(client_, peer.c_str(), nullptr, nullptr);
}

Account Sdk::account() {
  mychat_account* in = nullptr;
  EXPECT_EQ(mychat_client_account(client_, &in, nullptr), MYCHAT_OK);
  Account out;
  if (in != nullptr)
    out = {in->logged_in != 0, in->has_identity != 0, in->signs_messages != 0, in->handle,
           in->fingerprint,    in->status_message,    in->avatar_url};
  mychat_account_free(in);
  return out;
}

std::vector<Peer> Sdk::contacts() {
  mychat_contact_list* list = nullptr;
  EXPECT_EQ(mychat_client_contacts(client_, &list, nullptr), MYCHAT_OK);
  std::vector<Peer> out;
  for (std::size_t i = 0; list != nullptr && i < list->count; ++i) out.push_back(copy(*list->items[i]));
  mychat_contact_list_free(list);
  return out;
}

Peer Sdk::contact(const std::string& peer) {
  mychat_contact* in = nullptr;
  Peer out;
  if (mychat_client_contact(client_, peer.c_str(), &in, nullptr) == MYCHAT_OK) out = copy(*in);
  mychat_contact_free(in);
  return out;
}

std::vector<Msg> Sdk::history(const std::string& peer, std::int64_t before, std::uint32_t limit,
                              std::int64_t* next) {
  mychat_message_list* list = nullptr;
  EXPECT_EQ(mychat_client_history(client_, peer.c_str(), before, limit, &list, nullptr), MYCHAT_OK);
  std::vector<Msg> out;
  for (std::size_t i = 0; list != nullptr && i < list->count; ++i) out.push_back(copy(*list->items[i]));
  if (next != nullptr) *next = list != nullptr && list->has_more != 0 ? list->next_before : 0;
  mychat_message_list_free(list);
  return out;
}

std::vector<Msg> Sdk::whole_history(const std::string& peer) {
  std::vector<Msg> out;
  std::int64_t next = 0;
  do {
    const std::vector<Msg> page = history(peer, next, 500, &next);
    out.insert(out.end(), page.begin(), page.end());
  } while (next != 0);
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<Msg> Sdk::search(const std::string& query) {
  mychat_message_list* list = nullptr;
  EXPECT_EQ(mychat_client_search(client_, query.c_str(), nullptr, 0, 100, &list, nullptr), MYCHAT_OK);
  std::vector<Msg> out;
  for (std::size_t i = 0; list != nullptr && i < list->count; ++i) out.push_back(copy(*list->items[i]));
  mychat_message_list_free(list);
  return out;
}

Msg Sdk::message(const std::string& id) {
  mychat_message* in = nullptr;
  Msg out;
  if (mychat_client_message(client_, id.c_str(), &in, nullptr) == MYCHAT_OK) out = copy(*in);
  mychat_message_free(in);
  return out;
}

Explained Sdk::explain(const std::string& id) {
  mychat_explanation* in = nullptr;
  EXPECT_EQ(mychat_client_explain(client_, id.c_str(), &in, nullptr), MYCHAT_OK);
  Explained out;
  if (in != nullptr) out = {in->cause, in->repair, in->attempts, in->description};
  mychat_explanation_free(in);
  return out;
}

std::string Sdk::safety_number(const std::string& peer) {
  char* text = nullptr;
  mychat_error failed = MYCHAT_ERROR_INIT;
  EXPECT_EQ(mychat_client_safety_number(client_, peer.c_str(), &text, &failed), MYCHAT_OK) << failed.message;
  std::string out = text == nullptr ? "" : text;
  mychat_string_free(text);
  return out;
}

std::uint32_t Sdk::unread(const std::string& peer) {
  mychat_conversation_list* list = nullptr;
  EXPECT_EQ(mychat_client_conversations(client_, &list, nullptr), MYCHAT_OK);
  std::uint32_t out = 0;
  for (std::size_t i = 0; list != nullptr && i < list->count; ++i)
    if (list->items[i]->peer == peer) out = list->items[i]->unread;
  mychat_conversation_list_free(list);
  return out;
}

std::vector<std::string> Sdk::store_problems() {
  mychat_store_report* report = nullptr;
  EXPECT_EQ(mychat_client_check_store(client_, &report, nullptr), MYCHAT_OK);
  std::vector<std::string> out;
  for (std::size_t i = 0; report != nullptr && i < report->problem_count; ++i)
    out.emplace_back(report->problems[i]);
  mychat_store_report_free(report);
  return out;
}

void Sdk::note(const mychat_event& event) {
  Seen seen;
  seen.type = event.type;
  seen.seq = event.seq;
  switch (event.type) {
    case MYCHAT_EVENT_COMPLETION:
      seen.request = event.data.completion->request;
      seen.operation = event.data.completion->operation;
      seen.error = event.data.completion->error.status;
      break;
    case MYCHAT_EVENT_CONNECTION:
    case MYCHAT_EVENT_SESSION_ENDED:
      seen.state = event.data.connection->state;
      seen.error = event.data.connection->error.status;
      seen.error_text = event.data.connection->error.message;
      break;
    case MYCHAT_EVENT_PROGRESS:
      seen.request = event.data.progress->request;
      seen.operation = event.data.progress->operation;
      seen.primes = event.data.progress->primes_found;
      seen.candidates = event.data.progress->candidates;
      break;
    case MYCHAT_EVENT_MESSAGE:
    case MYCHAT_EVENT_MESSAGE_STATUS:
      seen.message = copy(*event.data.message);
      break;
    case MYCHAT_EVENT_TYPING:
      seen.peer = event.data.typing->peer;
      seen.is_typing = event.data.typing->is_typing != 0;
      break;
    case MYCHAT_EVENT_PRESENCE:
      seen.peer = event.data.presence->peer;
      seen.presence = event.data.presence->status;
      break;
    case MYCHAT_EVENT_CONTACT:
    case MYCHAT_EVENT_KEY_CHANGED:
      seen.contact = copy(*event.data.contact);
      break;
    default:
      ADD_FAILURE() << "an event of type " << event.type;
  }
  seen_.push_back(std::move(seen));
}

bool Sdk::pump(int timeout_ms) {
  mychat_event* event = nullptr;
  mychat_error failed = MYCHAT_ERROR_INIT;
  const mychat_status status = mychat_client_poll(client_, timeout_ms, &event, &failed);
  if (status == MYCHAT_E_TIMEOUT) return false;
  if (status != MYCHAT_OK) throw std::runtime_error(std::string("poll: ") + failed.message);
  note(*event);
  const std::uint64_t seq = event->seq;
  mychat_event_free(event);
  if (options_.ack && seq != 0) {
    EXPECT_EQ(mychat_client_ack(client_, seq, &failed), MYCHAT_OK) << failed.message;
  }
  return true;
}

void Sdk::pump_for(int ms) {
  const auto deadline = Steady::now() + std::chrono::milliseconds(ms);
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now()).count();
    if (left <= 0) return;
    pump(static_cast<int>(left));
  }
}

Seen Sdk::wait(const std::function<bool(const Seen&)>& wanted, const std::string& what, int timeout_ms) {
  const auto deadline = Steady::now() + std::chrono::milliseconds(timeout_ms);
  std::size_t next = 0;
  while (true) {
    for (; next < seen_.size(); ++next) {
      if (seen_[next].taken || !wanted(seen_[next])) continue;
      seen_[next].taken = true;
      return seen_[next];
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now()).count();
    if (left <= 0) throw std::runtime_error("waited in vain for " + what);
    pump(static_cast<int>(left));
  }
}

Seen Sdk::wait_state(mychat_connection_state state) {
  return wait([&](const Seen& seen) { return seen.type == MYCHAT_EVENT_CONNECTION && seen.state == state; },
              "connection state " + std::to_string(state));
}

Msg Sdk::wait_message(const std::string& data) {
  return wait(
             [&](const Seen& seen) { return seen.type == MYCHAT_EVENT_MESSAGE && seen.message.data == data; },
             "the message \"" + data.substr(0, 40) + "\"")
      .message;
}

Msg Sdk::wait_status(const std::string& id, mychat_message_status status) {
  // An event shows the message as it is when it is read: a recipient that is quick makes it delivered by
  // then.
  const bool further = status == MYCHAT_MESSAGE_PENDING || status == MYCHAT_MESSAGE_DELIVERED;
  return wait(
             [&](const Seen& seen) {
               const mychat_message_status now = seen.message.status;
               return seen.type == MYCHAT_EVENT_MESSAGE_STATUS && seen.message.id == id &&
                      (now == status || (further && now > status && now != MYCHAT_MESSAGE_FAILED));
             },
             "status " + std::to_string(status) + " of " + id)
      .message;
}

void Sdk::until(const std::function<bool()>& holds, const std::string& what, int timeout_ms) {
  const auto deadline = Steady::now() + std::chrono::milliseconds(timeout_ms);
  while (!holds()) {
    if (Steady::now() > deadline) throw std::runtime_error("waited in vain until " + what);
    pump(20);
  }
}

std::vector<mychat_message_status> Sdk::statuses_of(const std::string& id) const {
  std::vector<mychat_message_status> out;
  for (const Seen& seen : seen_)
    if (seen.type == MYCHAT_EVENT_MESSAGE_STATUS && seen.message.id == id) out.push_back(seen.message.status);
  return out;
}

int Sdk::times_received(const std::string& id) const {
  return static_cast<int>(std::count_if(seen_.begin(), seen_.end(), [&](const Seen& seen) {
    return seen.type == MYCHAT_EVENT_MESSAGE && seen.message.id == id;
  }));
}

}  // namespace mychat::e2e
