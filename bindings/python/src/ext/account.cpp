// The account at the node. These return the request's number.
#include "binding.h"

namespace mychat_python {

namespace {

std::uint64_t register_(Core& self, py::object username, py::object password, py::object email,
                        py::object invite, py::object device_name) {
  const Text name(username, "username"), mail(email, "email", kAllowed), token(invite, "invite", kAllowed),
      device(device_name, "device_name", kAllowed);
  const Secret secret(password, "password");
  mychat_register_options options = MYCHAT_REGISTER_OPTIONS_INIT;
  options.username = name.get();
  options.password = secret.get();
  options.email = mail.get();
  options.invite = token.get();
  options.device_name = device.get();
  return self.request("register", [&](mychat_client* client, mychat_request_id* out, mychat_error* error) {
    return mychat_client_register(client, &options, out, error);
  });
}

std::uint64_t login(Core& self, py::object username, py::object password, py::object device_name) {
  const Text name(username, "username"), device(device_name, "device_name", kAllowed);
  const Secret secret(password, "password");
  mychat_login_options options = MYCHAT_LOGIN_OPTIONS_INIT;
  options.username = name.get();
  options.password = secret.get();
  options.device_name = device.get();
  return self.request("login", [&](mychat_client* client, mychat_request_id* out, mychat_error* error) {
    return mychat_client_login(client, &options, out, error);
  });
}

}  // namespace

void bind_account(CoreClass& core) {
  core.def("register", &register_);
  core.def("login", &login);
  core.def("logout", [](Core& self) { return self.request("logout", mychat_client_logout); });
  core.def("delete_account", [](Core& self, py::object password) {
    const Secret secret(password, "password");
    return self.request("delete_account",
                        [&](mychat_client* client, mychat_request_id* out, mychat_error* error) {
                          return mychat_client_delete_account(client, secret.get(), out, error);
                        });
  });
  core.def("change_password", [](Core& self, py::object current_password, py::object new_password) {
    const Secret current(current_password, "current_password"), wanted(new_password, "new_password");
    return self.request(
        "change_password", [&](mychat_client* client, mychat_request_id* out, mychat_error* error) {
          return mychat_client_change_password(client, current.get(), wanted.get(), out, error);
        });
  });
  core.def("account", [](Core& self) {
    return self.fetch<mychat_account>("account", mychat_account_free, mychat_client_account);
  });
  core.def("set_profile", [](Core& self, py::object avatar_url, py::object status_message) {
    const Text avatar(avatar_url, "avatar_url", kAllowed), status(status_message, "status_message", kAllowed);
    return self.request("set_profile",
                        [&](mychat_client* client, mychat_request_id* out, mychat_error* error) {
                          return mychat_client_set_profile(client, avatar.get(), status.get(), out, error);
                        });
  });
  core.def("sessions", [](Core& self) { return self.request("sessions", mychat_client_sessions); });
  core.def("revoke_session", [](Core& self, py::object session_id) {
    const Text id(session_id, "session_id", kAllowed);
    return self.request("revoke_session",
                        [&](mychat_client* client, mychat_request_id* out, mychat_error* error) {
                          return mychat_client_revoke_session(client, id.get(), out, error);
                        });
  });
  core.def("node_info", [](Core& self) { return self.request("node_info", mychat_client_node_info); });
}

}  // namespace mychat_python
