/* The C ABI of MyChat for SWIG (4.2 or newer): the Node-API layer of bindings/node, Java, and whatever else SWIG writes.
 *
 *   swig -c++ -javascript -napi | -java -package mychat | -csharp | -go   -Iinclude bindings/swig/mychat.i
 *
 * What holds in every language:
 * - A function that returns a mychat_status returns nothing, or throws; its `mychat_error*` is not seen.
 * - Structs that go in (..._options) own copies of their strings, which are wiped when they are replaced or freed.
 * - Structs that come out are read-only, and freed by the language's collector or, before that, by their _free function.
 * - What the union of an event holds, and the items of a list, are reached by functions that check the type and the index.
 * Typemaps of JavaScript and Java follow below; a language without (C#, Go) sees `T**` and `mychat_error*` as SWIG
 * shows them, with helpers to make such pointers.
 */
%module mychat

%{
#include <stdlib.h>
#include <string.h>

#include "mychat/mls.h"
#include "mychat/mychat.h"
%}

%include <stdint.i>

// Warnings that do not apply: a member of type const char* leaks nothing with the typemap below (451); the initialiser
// macros of the headers are for C (305).
%warnfilter(451) mychat_client_options;
#pragma SWIG nowarn=451,305,312

#define MYCHAT_API
#define __attribute__(x)

/* ---- Structs that go in: they own what they point to ---- */

%header %{
namespace {
// Secrets go through here: what is replaced or freed is wiped, in a way that no compiler leaves out.
void mychat_swig_wipe(const void* data, size_t size) {
  volatile unsigned char* byte = static_cast<volatile unsigned char*>(const_cast<void*>(data));
  while (size-- > 0) *byte++ = 0;
}
void mychat_swig_drop(const char* text) {
  if (text == nullptr) return;
  mychat_swig_wipe(text, strlen(text));
  free(const_cast<char*>(text));
}
void mychat_swig_set(const char** field, const char* text) {
  char* const copy = text == nullptr ? nullptr : strdup(text);
  mychat_swig_drop(*field);
  *field = copy;
}
// A member of bytes takes a copy. False: no memory, and the member stays what it was.
bool mychat_swig_set_bytes(const void** field, size_t* field_size, const void* data, size_t size) {
  void* const copy = size == 0 ? nullptr : malloc(size);
  if (size != 0 && copy == nullptr) return false;
  if (size != 0) memcpy(copy, data, size);
  if (*field != nullptr) mychat_swig_wipe(*field, *field_size);
  free(const_cast<void*>(*field));
  *field = copy;
  *field_size = size;
  return true;
}
int32_t mychat_swig_store_key(uint8_t* out_key, void* context) {
  if (context == nullptr) return 1;
  memcpy(out_key, context, MYCHAT_STORE_KEY_SIZE);
  return 0;
}
}  // namespace
%}

// Only these structs may be written to.
%immutable;
%typemap(memberin) const char* { mychat_swig_set(&$1, $input); }
%define MYCHAT_OPTIONS(STRUCT)
%ignore STRUCT::struct_size;
%ignore STRUCT##_init;
%enddef
MYCHAT_OPTIONS(mychat_client_options)
MYCHAT_OPTIONS(mychat_register_options)
MYCHAT_OPTIONS(mychat_login_options)
MYCHAT_OPTIONS(mychat_send_options)
MYCHAT_OPTIONS(mychat_federation_options)
MYCHAT_OPTIONS(mychat_federation_document_options)
%ignore mychat_federation_document_options::flags;
%feature("immutable", "0") mychat_client_options::flags;
%feature("immutable", "0") mychat_client_options::store_path;
%feature("immutable", "0") mychat_client_options::passphrase;
%feature("immutable", "0") mychat_client_options::node_url;
%feature("immutable", "0") mychat_client_options::ca_file;
%feature("immutable", "0") mychat_client_options::tls_pins;
%feature("immutable", "0") mychat_client_options::connect_timeout_ms;
%feature("immutable", "0") mychat_client_options::request_timeout_ms;
%feature("immutable", "0") mychat_client_options::log_level;
%feature("immutable", "0") mychat_client_options::max_queued_events;
%feature("immutable", "0") mychat_register_options::username;
%feature("immutable", "0") mychat_register_options::password;
%feature("immutable", "0") mychat_register_options::email;
%feature("immutable", "0") mychat_register_options::invite;
%feature("immutable", "0") mychat_register_options::device_name;
%feature("immutable", "0") mychat_login_options::username;
%feature("immutable", "0") mychat_login_options::password;
%feature("immutable", "0") mychat_login_options::device_name;
%feature("immutable", "0") mychat_send_options::content_type;
%feature("immutable", "0") mychat_send_options::recipient;
%feature("immutable", "0") mychat_send_options::message_id;
%feature("immutable", "0") mychat_federation_options::flags;
%feature("immutable", "0") mychat_federation_options::domain;
%feature("immutable", "0") mychat_federation_options::api_url;
%feature("immutable", "0") mychat_federation_options::capabilities;
%feature("immutable", "0") mychat_federation_options::ca_file;
%feature("immutable", "0") mychat_federation_options::began_at;
%feature("immutable", "0") mychat_federation_options::max_message_size;
%feature("immutable", "0") mychat_federation_options::max_transaction_items;
%feature("immutable", "0") mychat_federation_options::max_transaction_bytes;
%feature("immutable", "0") mychat_federation_document_options::sequence;
%feature("immutable", "0") mychat_federation_document_options::issued_at;
%feature("immutable", "0") mychat_federation_document_options::valid_until;
%feature("immutable", "0") mychat_federation_document_options::next_key;
%feature("immutable", "0") mychat_federation_document_options::previous;
%ignore mychat_client_options::store_key;
%ignore mychat_client_options::store_key_context;
%ignore mychat_client_options::log;
%ignore mychat_client_options::log_context;
%ignore mychat_send_options::data;
%ignore mychat_send_options::size;

/* ---- Structs that come out ---- */

%define MYCHAT_VIEW(T)  // A part of another object.
%ignore T::struct_size;
%nodefaultctor T;
%nodefaultdtor T;
%enddef

%define MYCHAT_LIST(T, ITEM)
%extend T {
  /** Item number `index`, NULL beyond the end. */
  const ITEM* item(size_t index) const { return index < $self->count ? $self->items[index] : nullptr; }
}
%enddef

%ignore mychat_error::struct_size;
MYCHAT_VIEW(mychat_session)
MYCHAT_VIEW(mychat_session_list)
MYCHAT_VIEW(mychat_node_info)
MYCHAT_VIEW(mychat_conversation)
MYCHAT_VIEW(mychat_completion)
MYCHAT_VIEW(mychat_connection)
MYCHAT_VIEW(mychat_progress)
MYCHAT_VIEW(mychat_typing)
MYCHAT_VIEW(mychat_presence)
MYCHAT_LIST(mychat_session_list, mychat_session)
MYCHAT_LIST(mychat_contact_list, mychat_contact)
MYCHAT_LIST(mychat_conversation_list, mychat_conversation)
MYCHAT_LIST(mychat_message_list, mychat_message)

%extend mychat_store_report {
  /** Sentence number `index`, NULL beyond the end. */
  const char* problem(size_t index) const { return index < $self->problem_count ? $self->problems[index] : nullptr; }
}
%extend mychat_backup_report {
  /** Sentence number `index`, NULL beyond the end. */
  const char* loss(size_t index) const { return index < $self->loss_count ? $self->losses[index] : nullptr; }
}

// Hosts of a collected language have no use for these: what their bindings do instead is in their parity tests.
%ignore mychat_set_allocator;
%ignore mychat_allocator;
%ignore mychat_error_init;
%ignore mychat_bytes;
%ignore mychat_bytes_free;
%ignore mychat_string_free;

%ignore mychat_event::data;
%extend mychat_event {
  const mychat_completion* completion;
  const mychat_connection* connection;
  const mychat_progress* progress;
  const mychat_message* message;
  const mychat_typing* typing;
  const mychat_presence* presence;
  const mychat_contact* contact;
}
%header %{
namespace {
const mychat_completion* mychat_event_completion_get(const mychat_event* event) {
  return event->type == MYCHAT_EVENT_COMPLETION ? event->data.completion : nullptr;
}
const mychat_connection* mychat_event_connection_get(const mychat_event* event) {
  const bool has = event->type == MYCHAT_EVENT_CONNECTION || event->type == MYCHAT_EVENT_SESSION_ENDED;
  return has ? event->data.connection : nullptr;
}
const mychat_progress* mychat_event_progress_get(const mychat_event* event) {
  return event->type == MYCHAT_EVENT_PROGRESS ? event->data.progress : nullptr;
}
const mychat_message* mychat_event_message_get(const mychat_event* event) {
  const bool has = event->type == MYCHAT_EVENT_MESSAGE || event->type == MYCHAT_EVENT_MESSAGE_STATUS;
  return has ? event->data.message : nullptr;
}
const mychat_typing* mychat_event_typing_get(const mychat_event* event) {
  return event->type == MYCHAT_EVENT_TYPING ? event->data.typing : nullptr;
}
const mychat_presence* mychat_event_presence_get(const mychat_event* event) {
  return event->type == MYCHAT_EVENT_PRESENCE ? event->data.presence : nullptr;
}
const mychat_contact* mychat_event_contact_get(const mychat_event* event) {
  const bool has = event->type == MYCHAT_EVENT_CONTACT || event->type == MYCHAT_EVENT_KEY_CHANGED;
  return has ? event->data.contact : nullptr;
}
}  // namespace
%}

/* ---- The languages ---- */

#if defined(SWIGJAVASCRIPT)
%include "javascript.i"
#elif defined(SWIGJAVA)
%include "java.i"
#else
%include "other.i"
#endif

#if defined(SWIGJAVASCRIPT) || defined(SWIGJAVA)
%apply (const void* data, size_t size) {
  (const void* private_key, size_t private_key_size), (const void* body, size_t body_size),
  (const void* previous_private_key, size_t previous_private_key_size), (const void* identity, size_t identity_size),
  (const void* account_key, size_t account_key_size), (const void* signature_key, size_t signature_key_size),
  (const void* senders, size_t senders_size),
  (const void* credential, size_t credential_size), (const void* account_public_key, size_t account_public_key_size),
  (const void* data, size_t data_size), (const void* key_package, size_t key_package_size), (const void* id, size_t id_size),
  (const void* group_id, size_t group_id_size), (const void* extensions, size_t extensions_size),
  (const void* proposal, size_t proposal_size), (const void* secret, size_t secret_size),
  (const void* message, size_t message_size), (const void* welcome, size_t welcome_size), (const void* tree, size_t tree_size),
  (const void* group_info, size_t group_info_size), (const void* key_packages, size_t key_packages_size),
  (const void* context, size_t context_size), (const void* aad, size_t aad_size)
};
#endif

// The caller's own structs: freed with their proxy, or before by their _free function, which the proxy survives empty.
%define MYCHAT_OWNED(T, FREE)
%ignore T::struct_size;
%nodefaultctor T;
%extend T { ~T() { FREE($self); } }
MYCHAT_OUT(T, FREE)
%enddef
MYCHAT_OWNED(mychat_account, mychat_account_free)
MYCHAT_OWNED(mychat_backup, mychat_backup_free)
MYCHAT_OWNED(mychat_backup_report, mychat_backup_report_free)
MYCHAT_OWNED(mychat_contact, mychat_contact_free)
MYCHAT_OWNED(mychat_contact_list, mychat_contact_list_free)
MYCHAT_OWNED(mychat_conversation_list, mychat_conversation_list_free)
MYCHAT_OWNED(mychat_event, mychat_event_free)
MYCHAT_OWNED(mychat_explanation, mychat_explanation_free)
MYCHAT_OWNED(mychat_message, mychat_message_free)
MYCHAT_OWNED(mychat_message_list, mychat_message_list_free)
MYCHAT_OWNED(mychat_store_report, mychat_store_report_free)
MYCHAT_OWNED(mychat_federation_document, mychat_federation_document_free)
MYCHAT_OWNED(mychat_federation_agreement, mychat_federation_agreement_free)
// These are opaque: proxies of empty structs with a destructor.
MYCHAT_OWNED(mychat_client, MYCHAT_CLIENT_FREE)
MYCHAT_OWNED(mychat_federation_node, mychat_federation_node_free)
MYCHAT_OWNED(mychat_federation_handshake, mychat_federation_handshake_free)
struct mychat_client {};
struct mychat_federation_node {};
struct mychat_federation_handshake {};

#if defined(SWIGJAVASCRIPT)
// Frees what a proxy has before the collector does; no call on it may be under way. By their parameters' name these get the
// typemap that empties the proxy, which calls on it do not.
void mychat_js_free_node(mychat_federation_node* freed);
void mychat_js_free_handshake(mychat_federation_handshake* freed);
#endif

%extend mychat_client_options {
  mychat_client_options() {
    mychat_client_options* const made = static_cast<mychat_client_options*>(calloc(1, sizeof(mychat_client_options)));
    mychat_client_options_init(made);
    return made;
  }
  ~mychat_client_options() {
    mychat_swig_drop($self->store_path);
    mychat_swig_drop($self->passphrase);
    mychat_swig_drop($self->node_url);
    mychat_swig_drop($self->ca_file);
    mychat_swig_drop($self->tls_pins);
    if ($self->store_key_context != nullptr) mychat_swig_wipe($self->store_key_context, MYCHAT_STORE_KEY_SIZE);
    free($self->store_key_context);
    MYCHAT_LOG_DROP($self);
    free($self);
  }
  /** Open the store with MYCHAT_STORE_KEY_SIZE bytes instead of a passphrase; they are copied. False: the size is wrong. */
  bool set_store_key(const void* data, size_t size) {
    if (size != MYCHAT_STORE_KEY_SIZE) return false;
    if ($self->store_key_context == nullptr) $self->store_key_context = malloc(MYCHAT_STORE_KEY_SIZE);
    if ($self->store_key_context == nullptr) return false;
    memcpy($self->store_key_context, data, size);
    $self->store_key = mychat_swig_store_key;
    return true;
  }
}
%extend mychat_register_options {
  mychat_register_options() {
    mychat_register_options* const made = static_cast<mychat_register_options*>(calloc(1, sizeof(mychat_register_options)));
    mychat_register_options_init(made);
    return made;
  }
  ~mychat_register_options() {
    mychat_swig_drop($self->username);
    mychat_swig_drop($self->password);
    mychat_swig_drop($self->email);
    mychat_swig_drop($self->invite);
    mychat_swig_drop($self->device_name);
    free($self);
  }
}
%extend mychat_login_options {
  mychat_login_options() {
    mychat_login_options* const made = static_cast<mychat_login_options*>(calloc(1, sizeof(mychat_login_options)));
    mychat_login_options_init(made);
    return made;
  }
  ~mychat_login_options() {
    mychat_swig_drop($self->username);
    mychat_swig_drop($self->password);
    mychat_swig_drop($self->device_name);
    free($self);
  }
}
%extend mychat_federation_options {
  mychat_federation_options() {
    mychat_federation_options* const made = static_cast<mychat_federation_options*>(calloc(1, sizeof(mychat_federation_options)));
    mychat_federation_options_init(made);
    return made;
  }
  ~mychat_federation_options() {
    mychat_swig_drop($self->domain);
    mychat_swig_drop($self->api_url);
    mychat_swig_drop($self->capabilities);
    mychat_swig_drop($self->ca_file);
    free($self);
  }
}
%extend mychat_federation_document_options {
  mychat_federation_document_options() {
    mychat_federation_document_options* const made =
        static_cast<mychat_federation_document_options*>(calloc(1, sizeof(mychat_federation_document_options)));
    mychat_federation_document_options_init(made);
    return made;
  }
  ~mychat_federation_document_options() {
    mychat_swig_drop($self->next_key);
    mychat_swig_drop($self->previous);
    free($self);
  }
}
%extend mychat_send_options {
  mychat_send_options() {
    mychat_send_options* const made = static_cast<mychat_send_options*>(calloc(1, sizeof(mychat_send_options)));
    mychat_send_options_init(made);
    return made;
  }
  ~mychat_send_options() {
    mychat_swig_drop($self->recipient);
    mychat_swig_drop($self->message_id);
    if ($self->data != nullptr) mychat_swig_wipe($self->data, $self->size);
    free(const_cast<void*>($self->data));
    free($self);
  }
  /** The plaintext; it is copied. False: no memory. */
  bool set_data(const void* data, size_t size) {
    void* const copy = malloc(size == 0 ? 1 : size);
    if (copy == nullptr) return false;
    if (size > 0) memcpy(copy, data, size);
    if ($self->data != nullptr) mychat_swig_wipe($self->data, $self->size);
    free(const_cast<void*>($self->data));
    $self->data = copy;
    $self->size = size;
    return true;
  }
}

%include "mls.i"

%include "mychat/version.h"
%include "mychat/error.h"
%include "mychat/memory.h"
%include "mychat/client.h"
%include "mychat/message.h"
%include "mychat/conversation.h"
%include "mychat/keys.h"
%include "mychat/event.h"
%include "mychat/federation.h"
%include "mychat/mls.h"
