#include "transport/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <thread>

#include "transport/threads.h"

namespace mychat {

struct NameLookup::State {
  std::mutex mutex;
  std::function<void()> wake;  // Empty once abandoned.
  bool done = false;
  int code = 0;  // EAI_ value.
  std::vector<std::string> addresses;
};

namespace {

std::vector<std::string> look_up(const std::string& host, int& code) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  std::vector<std::string> out;
  if (code != 0) return out;
  for (const addrinfo* entry = list; entry != nullptr && out.size() < NameLookup::kMaxAddresses;
       entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      std::string address = text.data();
      if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(std::move(address));
    }
  }
  freeaddrinfo(list);
  if (out.empty()) code = EAI_NONAME;
  return out;
}

}  // namespace

NameLookup::NameLookup(const Url& url, std::function<void()> wake)
    : host_(url.host), state_(std::make_shared<State>()) {
  if (url.is_ip_address() || url.host == "localhost") {
    // The plaintext rule trusts localhost to be this machine, so its name is not asked of anybody.
    if (url.is_ip_address()) {
      state_->addresses = {url.host};
    } else {
      state_->addresses = {"127.0.0.1", "::1"};
    }
    state_->done = true;
    return;
  }
  state_->wake = std::move(wake);
  start_quiet_thread([state = state_, host = host_] {
    int code = 0;
    std::vector<std::string> addresses;
    try {
      addresses = look_up(host, code);
    } catch (const std::bad_alloc&) {
      code = EAI_MEMORY;
    }
    const std::lock_guard lock(state->mutex);
    state->addresses = std::move(addresses);
    state->code = code;
    state->done = true;
    if (state->wake) state->wake();
  }).detach();
}

NameLookup::~NameLookup() {
  const std::lock_guard lock(state_->mutex);
  state_->wake = nullptr;
}

bool NameLookup::done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->done;
}

std::vector<std::string> NameLookup::addresses() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->code == 0) return state_->addresses;
  throw Error(MYCHAT_E_DNS, MYCHAT_DOMAIN_NETWORK,
              "The host name " + host_ + " does not resolve: " + gai_strerror(state_->code) + ".", 0,
              state_->code != EAI_MEMORY);
}

}  // namespace mychat
