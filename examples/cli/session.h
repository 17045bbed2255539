// One open client, and what all commands do with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api.h"
#include "globals.h"

namespace cli {

enum class Store { kMustExist, kMayCreate };

class Session {
 public:
  Session(const Globals& globals, Store store);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  mychat_client* client() const noexcept { return client_.get(); }
  const Globals& globals() const noexcept { return globals_; }
  const std::string& store_path() const noexcept { return path_; }

  Owned<mychat_account> account() const { return fetch<mychat_account>(mychat_client_account, client()); }
  // "bob" is a user of the account's own node.
  std::string handle(const std::string& given) const;
  void require_login() const;
  // The node said, when it was last connected, that it has another key for the account: nothing is sent.
  bool key_is_replaced() const noexcept { return key_is_replaced_; }
  // A store that this very command made, and that holds neither account nor key, is removed again: after a
  // log-in that failed, its passphrase would only be in the way. The session is over then.
  void discard_if_empty() noexcept;

  using Handler = std::function<void(const mychat_event&)>;
  // Takes events until `done` says so or the time is over; false then. A warning is printed when a contact's
  // key changed.
  bool run_until(std::chrono::milliseconds limit, const std::function<bool(const mychat_event&)>& done);
  // The completion of a request; throws what it failed with.
  Owned<mychat_event> complete(mychat_request_id request);
  // Starts, and waits until the node answers; throws why it does not.
  void go_online(std::chrono::milliseconds limit);
  // Takes what comes until nothing has come for a while.
  void settle(std::chrono::milliseconds quiet, std::chrono::milliseconds limit);

  // complete(request(mychat_client_logout)).
  template <class... Parameters, class... Arguments>
  Owned<mychat_event> request(mychat_status (*function)(Parameters...), Arguments&&... arguments) {
    mychat_request_id id = 0;
    call(function, client(), std::forward<Arguments>(arguments)..., &id);
    return complete(id);
  }

 private:
  Owned<mychat_event> next(std::chrono::milliseconds limit);
  void note(const mychat_event& event);
  void show_progress(const mychat_progress& progress);
  void end_progress();

  const Globals& globals_;
  std::string path_;
  bool created_ = false;
  Owned<mychat_client> client_;
  bool progress_shown_ = false;
  bool key_is_replaced_ = false;
  // Journal events that nobody needs to see are acknowledged, up to the first that `listen` will show.
  std::uint64_t acknowledgeable_ = 0;
  bool must_be_shown_ = false;
};

// Whether `listen` shows an event of the journal even when nobody asked for details.
bool is_news(const mychat_event& event);

// ---- What is printed. Results go to standard output; notes and warnings to standard error.
void print_result(const std::string& line);                           // Throws when it cannot be written.
void print_note(const Globals& globals, const std::string& text);     // Not with --quiet or --json.
void print_warning(const Globals& globals, const std::string& text);  // With --json: {"warning": text}.
void print_key_change(const Globals& globals, const mychat_contact& contact);
int print_error(const Globals& globals, const ApiError& error);  // Returns the exit code.

}  // namespace cli
