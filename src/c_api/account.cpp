// The account at the node.
#include "c_api/convert.h"

using namespace mychat;
using namespace mychat::c_api;

extern "C" {

void mychat_register_options_init(mychat_register_options* options) {
  if (options != nullptr) *options = MYCHAT_REGISTER_OPTIONS_INIT;
}

void mychat_login_options_init(mychat_login_options* options) {
  if (options != nullptr) *options = MYCHAT_LOGIN_OPTIONS_INIT;
}

mychat_status mychat_client_register(mychat_client* client, const mychat_register_options* options,
                                     mychat_request_id* out_request, mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    Client& mine = require(client);
    const mychat_register_options in = read_options(options, "options");
    out = mine.register_account(std::string(require_text(in.username, "options.username")),
                                require_secret(in.password, "options.password"), optional_text(in.email),
                                optional_text(in.invite), optional_text(in.device_name));
  });
}

mychat_status mychat_client_login(mychat_client* client, const mychat_login_options* options,
                                  mychat_request_id* out_request, mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    Client& mine = require(client);
    const mychat_login_options in = read_options(options, "options");
    out = mine.login(std::string(require_text(in.username, "options.username")),
                     require_secret(in.password, "options.password"), optional_text(in.device_name));
  });
}

mychat_status mychat_client_logout(mychat_client* client, mychat_request_id* out_request,
                                   mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).logout();
  });
}

mychat_status mychat_client_delete_account(mychat_client* client, const char* password,
                                           mychat_request_id* out_request, mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).delete_account(require_secret(password, "password"));
  });
}

mychat_status mychat_client_change_password(mychat_client* client, const char* current_password,
                                            const char* new_password, mychat_request_id* out_request,
                                            mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).change_password(require_secret(current_password, "current_password"),
                                          require_secret(new_password, "new_password"));
  });
}

mychat_status mychat_client_account(mychat_client* client, mychat_account** out_account,
                                    mychat_error* error) {
  return guard(error, [&] {
    mychat_account*& out = require_out(out_account);
    out = new_account(require(client).account());
  });
}

void mychat_account_free(mychat_account* account) { free_boxed(account); }

mychat_status mychat_client_set_profile(mychat_client* client, const char* avatar_url,
                                        const char* status_message, mychat_request_id* out_request,
                                        mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).set_profile(nullable_text(avatar_url), nullable_text(status_message));
  });
}

mychat_status mychat_client_sessions(mychat_client* client, mychat_request_id* out_request,
                                     mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).sessions();
  });
}

mychat_status mychat_client_revoke_session(mychat_client* client, const char* session_id,
                                           mychat_request_id* out_request, mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).revoke_session(nullable_text(session_id));
  });
}

mychat_status mychat_client_node_info(mychat_client* client, mychat_request_id* out_request,
                                      mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).node_info();
  });
}

}  // extern "C"
