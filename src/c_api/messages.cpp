// Messages, contacts and conversations.
#include <cstring>

#include "c_api/convert.h"

using namespace mychat;
using namespace mychat::c_api;

namespace {

void write_id(char* out, const std::string& id) {
  if (out != nullptr) std::memcpy(out, id.c_str(), id.size() + 1);
}

}  // namespace

extern "C" {

void mychat_send_options_init(mychat_send_options* options) {
  if (options != nullptr) *options = MYCHAT_SEND_OPTIONS_INIT;
}

mychat_status mychat_client_send(mychat_client* client, const mychat_send_options* options,
                                 char* out_message_id, mychat_error* error) {
  return guard(error, [&] {
    if (out_message_id != nullptr) *out_message_id = '\0';
    Client& mine = require(client);
    mychat_send_options in = read_options(options, "options");
    if (in.content_type == 0) in.content_type = MYCHAT_CONTENT_TEXT;
    write_id(out_message_id, mine.send(require_text(in.recipient, "options.recipient"), in.content_type,
                                       require_bytes(in.data, in.size, "options.data"),
                                       nullable_text(in.message_id).value_or("")));
  });
}

mychat_status mychat_client_send_text(mychat_client* client, const char* recipient, const char* text,
                                      char* out_message_id, mychat_error* error) {
  return guard(error, [&] {
    if (out_message_id != nullptr) *out_message_id = '\0';
    Client& mine = require(client);
    write_id(out_message_id, mine.send(require_text(recipient, "recipient"), MYCHAT_CONTENT_TEXT,
                                       view(require_text(text, "text")), ""));
  });
}

mychat_status mychat_client_retry(mychat_client* client, const char* message_id, mychat_error* error) {
  return guard(error, [&] { require(client).retry(require_text(message_id, "message_id")); });
}

mychat_status mychat_client_history(mychat_client* client, const char* peer, int64_t before, uint32_t limit,
                                    mychat_message_list** out_list, mychat_error* error) {
  return guard(error, [&] {
    mychat_message_list*& out = require_out(out_list);
    out = new_message_list(require(client).history(require_text(peer, "peer"), before, limit));
  });
}

mychat_status mychat_client_search(mychat_client* client, const char* query, const char* peer, int64_t before,
                                   uint32_t limit, mychat_message_list** out_list, mychat_error* error) {
  return guard(error, [&] {
    mychat_message_list*& out = require_out(out_list);
    Client& mine = require(client);
    const auto where = nullable_text(peer);
    out = new_message_list(mine.search(require_text(query, "query"), where, before, limit));
  });
}

void mychat_message_list_free(mychat_message_list* list) { free_boxed(list); }

mychat_status mychat_client_message(mychat_client* client, const char* message_id,
                                    mychat_message** out_message, mychat_error* error) {
  return guard(error, [&] {
    mychat_message*& out = require_out(out_message);
    out = new_message(require(client).message(require_text(message_id, "message_id")));
  });
}

void mychat_message_free(mychat_message* message) { free_boxed(message); }

mychat_status mychat_client_mark_read(mychat_client* client, const char* peer, const char* message_id,
                                      mychat_error* error) {
  return guard(error, [&] {
    const auto id = nullable_text(message_id);
    require(client).mark_read(require_text(peer, "peer"), id);
  });
}

mychat_status mychat_client_explain(mychat_client* client, const char* message_id,
                                    mychat_explanation** out_explanation, mychat_error* error) {
  return guard(error, [&] {
    mychat_explanation*& out = require_out(out_explanation);
    out = new_explanation(require(client).explain(require_text(message_id, "message_id")));
  });
}

void mychat_explanation_free(mychat_explanation* explanation) { free_boxed(explanation); }

// ---- Contacts and conversations

mychat_status mychat_client_add_contact(mychat_client* client, const char* handle, const char* nickname,
                                        mychat_request_id* out_request, mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).add_contact(require_text(handle, "handle"), optional_text(nickname));
  });
}

mychat_status mychat_client_remove_contact(mychat_client* client, const char* handle,
                                           mychat_request_id* out_request, mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).remove_contact(require_text(handle, "handle"));
  });
}

mychat_status mychat_client_lookup(mychat_client* client, const char* handle, mychat_request_id* out_request,
                                   mychat_error* error) {
  return guard(error, [&] {
    mychat_request_id& out = require_out_value(out_request);
    out = require(client).lookup(require_text(handle, "handle"));
  });
}

mychat_status mychat_client_contacts(mychat_client* client, mychat_contact_list** out_list,
                                     mychat_error* error) {
  return guard(error, [&] {
    mychat_contact_list*& out = require_out(out_list);
    out = new_contact_list(require(client).contacts());
  });
}

void mychat_contact_list_free(mychat_contact_list* list) { free_boxed(list); }

mychat_status mychat_client_contact(mychat_client* client, const char* handle, mychat_contact** out_contact,
                                    mychat_error* error) {
  return guard(error, [&] {
    mychat_contact*& out = require_out(out_contact);
    out = new_contact(require(client).contact(require_text(handle, "handle")));
  });
}

void mychat_contact_free(mychat_contact* contact) { free_boxed(contact); }

mychat_status mychat_client_conversations(mychat_client* client, mychat_conversation_list** out_list,
                                          mychat_error* error) {
  return guard(error, [&] {
    mychat_conversation_list*& out = require_out(out_list);
    out = new_conversation_list(require(client).conversations());
  });
}

void mychat_conversation_list_free(mychat_conversation_list* list) { free_boxed(list); }

mychat_status mychat_client_set_typing(mychat_client* client, const char* peer, int32_t is_typing,
                                       mychat_error* error) {
  return guard(error, [&] {
    Client& mine = require(client);
    if (is_typing != 0 && is_typing != 1) throw_argument("is_typing is 0 or 1.");
    mine.set_typing(require_text(peer, "peer"), is_typing == 1);
  });
}

mychat_status mychat_client_set_presence(mychat_client* client, mychat_presence_status status,
                                         mychat_error* error) {
  return guard(error, [&] { require(client).set_presence(status); });
}

}  // extern "C"
