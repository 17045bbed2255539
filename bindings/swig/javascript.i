/* JavaScript (Node-API). Included by mychat.i; the C++ it calls is bindings/node/native/call.h.
 *
 * - Texts and bytes are taken as a string or a Uint8Array (a Buffer is one), copied, and wiped after the call.
 * - What a `T** out_...` gives is the function's value.
 * - Functions named by MYCHAT_OFF_LOOP run on libuv's thread pool and give a Promise; the rest answer at once.
 * - Numbers are JavaScript's: request ids and `seq` count up from 1, times are milliseconds, so all of them stay far
 *   below 2^53, and BigInt would only make them awkward.
 */
%header %{
#include "asking.h"
#include "call.h"
#include "log_sink.h"
#include "watcher.h"
#define MYCHAT_CLIENT_FREE(client) mychat_js::free_client(client)
#define MYCHAT_LOG_DROP(options) mychat_js::LogSink::forget(options)
%}

%init %{
  mychat_js::Watcher::define(env, exports);
%}

/* ---- Calls that must not hold the event loop up ---- */
%define MYCHAT_OFF_LOOP(NAME)
%exception NAME %{
  mychat_js::Job::begin(info, [=]() mutable -> mychat_status { $action return result; });
%}
%enddef
// Argon2id, scratch stores, joining threads, checks of the whole store: tenths of a second.
MYCHAT_OFF_LOOP(mychat_client_create)
MYCHAT_OFF_LOOP(mychat_client_close)
MYCHAT_OFF_LOOP(mychat_client_stop)
MYCHAT_OFF_LOOP(mychat_client_change_passphrase)
MYCHAT_OFF_LOOP(mychat_client_export_backup)
MYCHAT_OFF_LOOP(mychat_client_import_backup)
MYCHAT_OFF_LOOP(mychat_verify_backup)
MYCHAT_OFF_LOOP(mychat_backup_change_password)
MYCHAT_OFF_LOOP(mychat_client_check_store)
MYCHAT_OFF_LOOP(mychat_client_backup_store)
MYCHAT_OFF_LOOP(mychat_client_import_private_key)
MYCHAT_OFF_LOOP(mychat_federation_discover)
// Reads that grow with the history.
MYCHAT_OFF_LOOP(mychat_client_history)
MYCHAT_OFF_LOOP(mychat_client_search)
MYCHAT_OFF_LOOP(mychat_client_contacts)
MYCHAT_OFF_LOOP(mychat_client_conversations)
// Networked calls begin at once, but they too need the client's mutex, which is held while another thread commits.
MYCHAT_OFF_LOOP(mychat_client_register)
MYCHAT_OFF_LOOP(mychat_client_login)
MYCHAT_OFF_LOOP(mychat_client_logout)
MYCHAT_OFF_LOOP(mychat_client_delete_account)
MYCHAT_OFF_LOOP(mychat_client_change_password)
MYCHAT_OFF_LOOP(mychat_client_set_profile)
MYCHAT_OFF_LOOP(mychat_client_sessions)
MYCHAT_OFF_LOOP(mychat_client_revoke_session)
MYCHAT_OFF_LOOP(mychat_client_node_info)
MYCHAT_OFF_LOOP(mychat_client_add_contact)
MYCHAT_OFF_LOOP(mychat_client_remove_contact)
MYCHAT_OFF_LOOP(mychat_client_lookup)
MYCHAT_OFF_LOOP(mychat_client_rotate_identity)
MYCHAT_OFF_LOOP(mychat_client_set_typing)
MYCHAT_OFF_LOOP(mychat_client_rewind)
MYCHAT_OFF_LOOP(mychat_js_take)
// Commits: they wait for the disk, or for the store's mutex while another thread commits.
MYCHAT_OFF_LOOP(mychat_client_ack)
MYCHAT_OFF_LOOP(mychat_client_send)
MYCHAT_OFF_LOOP(mychat_client_send_text)
MYCHAT_OFF_LOOP(mychat_client_retry)
MYCHAT_OFF_LOOP(mychat_client_mark_read)
MYCHAT_OFF_LOOP(mychat_client_set_policy)
MYCHAT_OFF_LOOP(mychat_client_set_verified)
MYCHAT_OFF_LOOP(mychat_client_accept_key)
MYCHAT_OFF_LOOP(mychat_client_account)
MYCHAT_OFF_LOOP(mychat_client_contact)
MYCHAT_OFF_LOOP(mychat_client_message)
MYCHAT_OFF_LOOP(mychat_client_explain)
MYCHAT_OFF_LOOP(mychat_client_policy)
MYCHAT_OFF_LOOP(mychat_client_public_key)
MYCHAT_OFF_LOOP(mychat_client_export_private_key)
MYCHAT_OFF_LOOP(mychat_client_safety_number)
MYCHAT_OFF_LOOP(mychat_client_safety_qr)
MYCHAT_OFF_LOOP(mychat_client_compare_safety_qr)

/* ---- Arguments ---- */
%typemap(in) const char* (mychat_js::Text text) { $1 = const_cast<char*>(text.read($input, "$symname")); }
%typemap(freearg) const char* ""
%typemap(in) (const void* data, size_t size) (mychat_js::Text bytes) {
  $1 = const_cast<char*>(bytes.read_bytes($input));
  $2 = bytes.size();
}
%typemap(in) int32_t verified, int32_t is_typing {
  if (!$input.IsBoolean()) throw Napi::TypeError::New(env, "$symname: a boolean is wanted");
  $1 = $input.As<Napi::Boolean>().Value() ? 1 : 0;
}

/* ---- Results ---- */
%typemap(out) const char* { $result = $1 == nullptr ? env.Null() : Napi::Value(Napi::String::New(env, $1)); }
%typemap(out) mychat_status {
  if (mychat_js::Job* const job = mychat_js::Job::current()) {
    $result = job->queue("$symname");
  } else {
    if ($1 != MYCHAT_OK) throw mychat_js::to_error(env, "$symname", mychat_js::Failure::current());
    $result = env.Undefined();
  }
}
%typemap(out) mychat_status mychat_client_poll {  // Nothing there is no failure, and an exception would cost a lot.
  if ($1 != MYCHAT_OK && $1 != MYCHAT_E_TIMEOUT && $1 != MYCHAT_E_CANCELLED)
    throw mychat_js::to_error(env, "$symname", mychat_js::Failure::current());
  $result = env.Undefined();
}
// Members, not outcomes of calls.
%typemap(out) mychat_status status, mychat_status failure, mychat_status cause { $result = Napi::Number::New(env, $1); }

%typemap(in, numinputs=0) mychat_error* error (mychat_js::Failure failure) { $1 = failure.get(); }
%typemap(argout) mychat_error* error { mychat_js::Job::end(); }
// An error that is a part of something stays what it is.
%typemap(in) mychat_error* self = SWIGTYPE*;

%typemap(in, numinputs=0) char** out_text (mychat_js::Out<char*> out) { $1 = out.get(mychat_string_free); }
%typemap(argout) char** out_text {
  $result = mychat_js::deliver(env, $result, out$argnum, [](Napi::Env to, char*& text) -> Napi::Value {
    return text == nullptr ? to.Null() : Napi::Value(Napi::String::New(to, text));
  });
}
%typemap(in, numinputs=0) char* out_message_id (mychat_js::Out<mychat_js::MessageId> out) { $1 = out.get()->text; }
%typemap(argout) char* out_message_id {
  $result = mychat_js::deliver(env, $result, out$argnum, [](Napi::Env to, mychat_js::MessageId& id) -> Napi::Value {
    return Napi::String::New(to, id.text);
  });
}
%define MYCHAT_OUT_NUMBER(T, NAME)
%typemap(in, numinputs=0) T* NAME (mychat_js::Out<T> out) { $1 = out.get(); }
%typemap(argout) T* NAME {
  $result = mychat_js::deliver(env, $result, out$argnum, [](Napi::Env to, T& number) -> Napi::Value {
    return Napi::Number::New(to, static_cast<double>(number));
  });
}
%enddef
MYCHAT_OUT_NUMBER(mychat_request_id, out_request)
MYCHAT_OUT_NUMBER(uint32_t, out_flags)
MYCHAT_OUT_NUMBER(mychat_scan_result, out_result)
MYCHAT_OUT_NUMBER(mychat_federation_verdict, out_verdict)

%typemap(in, numinputs=0) const char** out_kind (mychat_js::Out<const char*> out) { $1 = ($1_ltype)out.get(); }
%typemap(argout) const char** out_kind {
  $result = mychat_js::deliver(env, $result, out$argnum, [](Napi::Env to, const char*& text) -> Napi::Value {
    return text == nullptr ? to.Null() : Napi::Value(Napi::String::New(to, text));
  });
}
%typemap(in, numinputs=0) mychat_bytes** (mychat_js::Out<mychat_bytes*> out) { $1 = out.get(mychat_bytes_free); }
%typemap(argout) mychat_bytes** {
  $result = mychat_js::deliver(env, $result, out$argnum, [](Napi::Env to, mychat_bytes*& bytes) -> Napi::Value {
    if (bytes == nullptr) return to.Null();
    return mychat_js::to_buffer(to, bytes->data, bytes->size);
  });
}

%define MYCHAT_OUT(T, FREE)
%typemap(in, numinputs=0) T** (mychat_js::Out<T*> out) { $1 = out.get([](T* pointer) { FREE(pointer); }); }
%typemap(argout) T** {
  $result = mychat_js::deliver(env, $result, out$argnum, [](Napi::Env env, T*& pointer) -> Napi::Value {
    Napi::Value made = SWIG_NewPointerObj(pointer, $*1_descriptor, SWIG_POINTER_OWN);
    pointer = nullptr;
    return made;
  });
}
// FREE by name: the proxy is empty afterwards, and reading it throws.
%typemap(in) T* {
  void* pointer = nullptr;
  const int got = SWIG_ConvertPtr($input, &pointer, $1_descriptor, SWIG_POINTER_DISOWN | SWIG_POINTER_CLEAR);
  if (!SWIG_IsOK(got)) throw Napi::TypeError::New(env, "$symname: not a " #T);
  $1 = static_cast<T*>(pointer);
}
%typemap(in) T* self = SWIGTYPE*;
%typemap(check) T* self { if ($1 == nullptr) throw Napi::TypeError::New(env, "It was freed"); }
%enddef

// A client is not given away by a call on it.
%typemap(in) mychat_client* client {
  void* pointer = nullptr;
  const int got = SWIG_ConvertPtr($input, &pointer, $1_descriptor, 0);
  if (!SWIG_IsOK(got)) throw Napi::TypeError::New(env, "$symname: not a client");
  $1 = static_cast<mychat_client*>(pointer);
}
%ignore mychat_client_free;  // By the collector only: calls may be under way on other threads.
%define MYCHAT_JS_KEPT(T, NAME)
%typemap(in) T* NAME {
  void* pointer = nullptr;
  const int got = SWIG_ConvertPtr($input, &pointer, $1_descriptor, 0);
  if (!SWIG_IsOK(got)) throw Napi::TypeError::New(env, "$symname: not a " #NAME);
  $1 = static_cast<T*>(pointer);
}
%enddef
MYCHAT_JS_KEPT(mychat_federation_node, node)
MYCHAT_JS_KEPT(mychat_federation_handshake, handshake)
%ignore mychat_federation_node_free;  // See mychat_js_free_node() in mychat.i.
%ignore mychat_federation_handshake_free;
%header %{
static void mychat_js_free_node(mychat_federation_node* freed) { mychat_federation_node_free(freed); }
static void mychat_js_free_handshake(mychat_federation_handshake* freed) { mychat_federation_handshake_free(freed); }
%}

/* ---- Members ---- */
%define MYCHAT_JS_BYTES(FIELD, SIZE)
%typemap(out) const uint8_t* FIELD { $result = mychat_js::to_buffer(env, $1, arg1->SIZE); }
%enddef
MYCHAT_JS_BYTES(data, size)
%define MYCHAT_JS_ITEMS(ITEM)
%typemap(out) const ITEM* const* items {
  Napi::Array all = Napi::Array::New(env, arg1->count);
  for (size_t i = 0; i < arg1->count; ++i)
    all.Set(static_cast<uint32_t>(i), SWIG_NewPointerObj(const_cast<ITEM*>($1[i]), $descriptor(ITEM*), 0));
  $result = all;
}
%enddef
MYCHAT_JS_ITEMS(mychat_session)
MYCHAT_JS_ITEMS(mychat_contact)
MYCHAT_JS_ITEMS(mychat_conversation)
MYCHAT_JS_ITEMS(mychat_message)
%define MYCHAT_JS_SENTENCES(FIELD, COUNT)
%typemap(out) const char* const* FIELD {
  Napi::Array all = Napi::Array::New(env, arg1->COUNT);
  for (size_t i = 0; i < arg1->COUNT; ++i) all.Set(static_cast<uint32_t>(i), Napi::String::New(env, $1[i]));
  $result = all;
}
%enddef
MYCHAT_JS_SENTENCES(problems, problem_count)
MYCHAT_JS_SENTENCES(losses, loss_count)

/* ---- Events, many at a time: those of the journal are read from the store ---- */
%header %{
// Takes what is there, at most `most`.
static mychat_status mychat_js_take(mychat_client* client, uint32_t most, mychat_js::Batch* out_batch, mychat_error* error) {
  mychat_status status = MYCHAT_OK;
  while (out_batch->size() < most) {
    mychat_event* event = nullptr;
    status = mychat_client_poll(client, 0, &event, error);
    if (status != MYCHAT_OK) break;
    out_batch->add(event);
  }
  // A failure comes again with the next call, when nothing is lost with it.
  return out_batch->size() > 0 || status == MYCHAT_E_TIMEOUT || status == MYCHAT_E_CANCELLED ? MYCHAT_OK : status;
}
%}
%typemap(in, numinputs=0) mychat_js::Batch* out_batch (mychat_js::Out<mychat_js::Batch> out) { $1 = out.get(); }
%typemap(argout) mychat_js::Batch* out_batch {
  $result = mychat_js::deliver(env, $result, out$argnum, [](Napi::Env env, mychat_js::Batch& batch) -> Napi::Value {
    Napi::Array all = Napi::Array::New(env, batch.size());
    for (uint32_t i = 0; mychat_event* event = batch.take(); ++i)
      all.Set(i, SWIG_NewPointerObj(event, $descriptor(mychat_event*), SWIG_POINTER_OWN));
    return all;
  });
}
mychat_status mychat_js_take(mychat_client* client, uint32_t most, mychat_js::Batch* out_batch, mychat_error* error);

/* ---- The log ---- */
%typemap(in) Napi::Function log {
  if (!$input.IsFunction()) throw Napi::TypeError::New(env, "$symname: a function is wanted");
  $1 = $input.As<Napi::Function>();
}
%extend mychat_client_options {
  /** Receives (level, component, message) on this thread. */
  void set_log(Napi::Function log) { mychat_js::LogSink::attach($self, log); }
}
// The log goes on as long as the client, which outlives the options.
%typemap(argout) mychat_client** out_client {
  $result = mychat_js::deliver(env, $result, out$argnum, [options = arg1](Napi::Env env, mychat_client*& client) -> Napi::Value {
    mychat_js::LogSink::follow(options, client);
    Napi::Value made = SWIG_NewPointerObj(client, $descriptor(mychat_client*), SWIG_POINTER_OWN);
    client = nullptr;
    return made;
  });
}

%extend mychat_client {
  /** mychat_client_close() on this thread, for the exit of the process. */
  void close_now() { mychat_client_close($self, nullptr); }
}

%include "mls_javascript.i"
