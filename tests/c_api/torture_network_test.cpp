// As torture_test.cpp: the calls that begin a request, for a node that never answers. Memory fails in the
// calling thread alone; for the library's own threads see tests/e2e/memory_test.cpp.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "c_api/torture.h"

namespace mychat::c_api_test {
namespace {

// Takes connections and says nothing.
class SilentNode {
 public:
  SilentNode() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* const address = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(::bind(socket_, address, size), 0);
    EXPECT_EQ(::listen(socket_, 128), 0);
    EXPECT_EQ(::getsockname(socket_, address, &size), 0);
  }
  ~SilentNode() { ::close(socket_); }
  SilentNode(const SilentNode&) = delete;
  SilentNode& operator=(const SilentNode&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

 private:
  int socket_;
  sockaddr_in address_{};
};

class Requests : public Torture {
 protected:
  explicit Requests(Seed seed = Seed::kAliceLoggedIn) : Torture(seed) { node_url_ = node_.url(); }

  // Begun, it completes once, as cancelled; otherwise no request is known.
  template <class Begin>
  void torture_request(const char* function, Begin begin) {
    torture(function, [&] {
      mychat_request_id request = 99;
      const mychat_status status = begin(&request);
      const test::Spared spared;
      if (status != MYCHAT_OK) {
        EXPECT_EQ(request, 0u);
        return status;
      }
      // One that is done by now, as a logout may be, cannot be cancelled.
      mychat_client_cancel(client_, request, nullptr);
      mychat_event* event = nullptr;
      mychat_client_await(client_, request, 20'000, &event, nullptr);
      EXPECT_NE(event, nullptr) << function << " never completes";
      mychat_event_free(event);
      return status;
    });
  }

 private:
  SilentNode node_;
};

TEST_P(Requests, BeginOrDoNot) {
  torture_request("mychat_client_node_info",
                  [&](auto* r) { return mychat_client_node_info(client_, r, nullptr); });
  torture_request("mychat_client_sessions",
                  [&](auto* r) { return mychat_client_sessions(client_, r, nullptr); });
  torture_request("mychat_client_revoke_session",
                  [&](auto* r) { return mychat_client_revoke_session(client_, "id", r, nullptr); });
  torture_request("mychat_client_set_profile",
                  [&](auto* r) { return mychat_client_set_profile(client_, nullptr, "busy", r, nullptr); });
  torture_request("mychat_client_change_password", [&](auto* r) {
    return mychat_client_change_password(client_, "a long password", "a longer password", r, nullptr);
  });
  torture_request("mychat_client_add_contact",
                  [&](auto* r) { return mychat_client_add_contact(client_, SEED_DAVE, "Dave", r, nullptr); });
  torture_request("mychat_client_remove_contact",
                  [&](auto* r) { return mychat_client_remove_contact(client_, SEED_BOB, r, nullptr); });
  torture_request("mychat_client_lookup",
                  [&](auto* r) { return mychat_client_lookup(client_, SEED_DAVE, r, nullptr); });
  torture_request("mychat_client_rotate_identity",
                  [&](auto* r) { return mychat_client_rotate_identity(client_, nullptr, r, nullptr); });
  torture_request("mychat_client_delete_account", [&](auto* r) {
    return mychat_client_delete_account(client_, "a long password", r, nullptr);
  });
  torture_request("mychat_client_logout", [&](auto* r) { return mychat_client_logout(client_, r, nullptr); });
  mychat_login_options login = MYCHAT_LOGIN_OPTIONS_INIT;
  login.username = "alice";
  login.password = "a long password";
  login.device_name = "a device with a name of its own";
  torture_request("mychat_client_login",
                  [&](auto* r) { return mychat_client_login(client_, &login, r, nullptr); });
}

TEST_P(Requests, AreCancelledAndAwaited) {
  mychat_request_id request = 0;
  const auto begin = [&] {
    const test::Spared spared;
    ASSERT_EQ(mychat_client_node_info(client_, &request, nullptr), MYCHAT_OK);
  };
  const auto finish = [&] {
    const test::Spared spared;
    mychat_client_cancel(client_, request, nullptr);
    EXPECT_EQ(mychat_client_await(client_, request, 20'000, nullptr, nullptr), MYCHAT_E_CANCELLED);
  };
  torture("mychat_client_cancel", [&] {
    begin();
    const mychat_status status = mychat_client_cancel(client_, request, nullptr);
    finish();
    return status;
  });
  torture("mychat_client_await", [&] {
    begin();
    {
      const test::Spared spared;
      EXPECT_EQ(mychat_client_cancel(client_, request, nullptr), MYCHAT_OK);
    }
    mychat_event* event = nullptr;
    const mychat_status status = mychat_client_await(client_, request, 20'000, &event, nullptr);
    const test::Spared spared;
    if (event == nullptr) finish();  // It was given back.
    const bool completed = status == MYCHAT_E_CANCELLED;
    EXPECT_EQ(event != nullptr, completed);
    mychat_event_free(event);
    return completed ? mychat_status{MYCHAT_OK} : status;
  });
}

TEST_P(Requests, AreCancelledByTheEnd) {
  mychat_request_id request = 0;
  const auto begin = [&] {
    const test::Spared spared;
    EXPECT_EQ(mychat_client_start(client_, nullptr), MYCHAT_OK);
    EXPECT_EQ(mychat_client_node_info(client_, &request, nullptr), MYCHAT_OK);
  };
  torture("mychat_client_stop", [&] {
    begin();
    const mychat_status status = mychat_client_stop(client_, nullptr);
    const test::Spared spared;
    EXPECT_EQ(mychat_client_await(client_, request, 20'000, nullptr, nullptr), MYCHAT_E_CANCELLED);
    return status;
  });
  torture("mychat_client_close", [&] {
    begin();
    const mychat_status status = mychat_client_close(client_, nullptr);
    const test::Spared spared;
    renew();
    return status;
  });
}

TEST_P(Requests, TheConnectionStarts) {
  torture("mychat_client_start", [&] {
    const mychat_status status = mychat_client_start(client_, nullptr);
    const test::Spared spared;
    EXPECT_EQ(mychat_client_stop(client_, nullptr), MYCHAT_OK);
    return status;
  });
  torture("mychat_client_set_typing",
          [&] { return mychat_client_set_typing(client_, SEED_BOB, 1, nullptr); });
  torture("mychat_client_set_presence",
          [&] { return mychat_client_set_presence(client_, MYCHAT_PRESENCE_AWAY, nullptr); });
}

INSTANTIATE_TEST_SUITE_P(Failing, Requests, ::testing::Bool(), mode_name);

class FirstRequest : public Requests {
 protected:
  FirstRequest() : Requests(Seed::kEmpty) {}
};

TEST_P(FirstRequest, Registers) {
  mychat_register_options options = MYCHAT_REGISTER_OPTIONS_INIT;
  options.username = "alice";
  options.password = "a long password";
  options.email = "alice@a-domain-that-is-long.example.org";
  options.invite = "an invite that is longer than a short string";
  torture_request("mychat_client_register",
                  [&](auto* r) { return mychat_client_register(client_, &options, r, nullptr); });
}

INSTANTIATE_TEST_SUITE_P(Failing, FirstRequest, ::testing::Bool(), mode_name);

}  // namespace
}  // namespace mychat::c_api_test
