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

// MLS: what grows with a group, what signs and encrypts, and what waits for such a call on the same group.
MYCHAT_OFF_LOOP(mychat_mls_group_load)
MYCHAT_OFF_LOOP(mychat_mls_group_describe)
MYCHAT_OFF_LOOP(mychat_mls_group_members)
MYCHAT_OFF_LOOP(mychat_mls_group_epoch_authenticator)
MYCHAT_OFF_LOOP(mychat_mls_group_export_secret)
MYCHAT_OFF_LOOP(mychat_mls_group_resumption_psk)
MYCHAT_OFF_LOOP(mychat_mls_group_export_info)
MYCHAT_OFF_LOOP(mychat_mls_group_compare)
MYCHAT_OFF_LOOP(mychat_mls_group_export_tree)
MYCHAT_OFF_LOOP(mychat_mls_group_protect)
MYCHAT_OFF_LOOP(mychat_mls_group_waiting)
MYCHAT_OFF_LOOP(mychat_mls_group_drop_waiting)
MYCHAT_OFF_LOOP(mychat_mls_group_apply)
MYCHAT_OFF_LOOP(mychat_mls_group_save)
MYCHAT_OFF_LOOP(mychat_mls_group_take_changes)
MYCHAT_OFF_LOOP(mychat_mls_commit_message)
MYCHAT_OFF_LOOP(mychat_mls_commit_welcome)
MYCHAT_OFF_LOOP(mychat_mls_commit_summary)
MYCHAT_OFF_LOOP(mychat_mls_commit_save)
MYCHAT_OFF_LOOP(mychat_mls_commit_group)
// And what asks the program besides.
%define MYCHAT_ASKING(NAME)
%exception NAME %{
  mychat_js::AskingJob::begin(info, [=]() mutable -> mychat_status { $action return result; });
%}
%enddef
MYCHAT_ASKING(mychat_mls_group_create)
MYCHAT_ASKING(mychat_mls_group_join)
MYCHAT_ASKING(mychat_mls_group_join_external)
MYCHAT_ASKING(mychat_mls_group_process)
MYCHAT_ASKING(mychat_mls_group_propose)
MYCHAT_ASKING(mychat_mls_group_propose_update)
MYCHAT_ASKING(mychat_mls_group_commit)
MYCHAT_ASKING(mychat_mls_group_reinitialise)
MYCHAT_ASKING(mychat_mls_group_branch)

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
MYCHAT_OUT_NUMBER(mychat_mls_relation, out_relation)

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
MYCHAT_JS_KEPT(mychat_mls_key_package, package)
MYCHAT_JS_KEPT(mychat_mls_group, group)
MYCHAT_JS_KEPT(mychat_mls_group, predecessor)
MYCHAT_JS_KEPT(mychat_mls_group, before)
MYCHAT_JS_KEPT(mychat_mls_commit, commit)
%ignore mychat_mls_key_package_free;
%ignore mychat_mls_group_free;
%ignore mychat_mls_commit_free;
%header %{
static void mychat_js_free_key_package(mychat_mls_key_package* freed) { mychat_mls_key_package_free(freed); }
static void mychat_js_free_group(mychat_mls_group* freed) { mychat_mls_group_free(freed); }
static void mychat_js_free_commit(mychat_mls_commit* freed) { mychat_mls_commit_free(freed); }
static void mychat_js_free_node(mychat_federation_node* freed) { mychat_federation_node_free(freed); }
static void mychat_js_free_handshake(mychat_federation_handshake* freed) { mychat_federation_handshake_free(freed); }
%}

/* ---- Members ---- */
%define MYCHAT_JS_BYTES(FIELD, SIZE)
%typemap(out) const uint8_t* FIELD { $result = mychat_js::to_buffer(env, $1, arg1->SIZE); }
%enddef
MYCHAT_JS_BYTES(data, size)
MYCHAT_JS_BYTES(mychat_mls_received::data, data_size)
MYCHAT_JS_BYTES(encoded, encoded_size)
MYCHAT_JS_BYTES(identity, identity_size)
MYCHAT_JS_BYTES(id, id_size)
MYCHAT_JS_BYTES(group_id, group_id_size)
MYCHAT_JS_BYTES(reference, reference_size)
MYCHAT_JS_BYTES(references, references_size)
MYCHAT_JS_BYTES(signature_key, signature_key_size)
MYCHAT_JS_BYTES(extensions, extensions_size)
MYCHAT_JS_BYTES(aad, aad_size)
MYCHAT_JS_BYTES(content, content_size)
%define MYCHAT_JS_LEAVES(FIELD, COUNT)
%typemap(out) const uint32_t* FIELD {
  Napi::Array all = Napi::Array::New(env, arg1->COUNT);
  for (size_t i = 0; i < arg1->COUNT; ++i) all.Set(static_cast<uint32_t>(i), Napi::Number::New(env, $1[i]));
  $result = all;
}
%enddef
MYCHAT_JS_LEAVES(added, added_count)
MYCHAT_JS_LEAVES(updated, updated_count)
MYCHAT_JS_LEAVES(removed, removed_count)
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
MYCHAT_JS_ITEMS(mychat_mls_proposal)
MYCHAT_JS_ITEMS(mychat_mls_member)
MYCHAT_JS_ITEMS(mychat_mls_record)
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

/* ---- MLS ---- */
%typemap(in) (mychat_mls_key_package* const* packages, size_t package_count)
    (mychat_js::Out<std::vector<mychat_mls_key_package*>> list) {
  if (!$input.IsArray()) throw Napi::TypeError::New(env, "$symname: an array of key packages is wanted");
  const Napi::Array given = $input.As<Napi::Array>();
  std::vector<mychat_mls_key_package*>& all = *list.get();
  for (uint32_t i = 0; i < given.Length(); ++i) {
    void* pointer = nullptr;
    const Napi::Value item = given.Get(i);
    const int got = SWIG_ConvertPtr(item, &pointer, $descriptor(mychat_mls_key_package*), 0);
    if (!SWIG_IsOK(got)) throw Napi::TypeError::New(env, "$symname: not a key package");
    all.push_back(static_cast<mychat_mls_key_package*>(pointer));
  }
  $1 = all.data();
  $2 = all.size();
}
%typemap(argout) (mychat_mls_key_package* const* packages, size_t package_count) ""
%typemap(in) (const mychat_mls_record* const* records, size_t record_count) (mychat_js::Records list) {
  $1 = ($1_ltype)list.read($input);
  $2 = list.count();
}
// What joining gives: [which of the key packages, the group].
%typemap(in, numinputs=0) (size_t* out_used, mychat_mls_group** out_group)
    (mychat_js::Out<size_t> used, mychat_js::Out<mychat_mls_group*> group) {
  $1 = used.get();
  $2 = group.get(mychat_mls_group_free);
}
%typemap(argout) (size_t* out_used, mychat_mls_group** out_group) {
  $result = mychat_js::deliver(env, $result, group$argnum,
                               [used = used$argnum.cell()](Napi::Env env, mychat_mls_group*& group) -> Napi::Value {
    Napi::Array both = Napi::Array::New(env, 2);
    both.Set(uint32_t{0}, Napi::Number::New(env, static_cast<double>(*used)));
    both.Set(uint32_t{1}, SWIG_NewPointerObj(group, $descriptor(mychat_mls_group*), SWIG_POINTER_OWN));
    group = nullptr;
    return both;
  });
}

// What a group asks: the functions `accept`, `isSuccessor`, `psk` and `acceptCommit` of the object `asked` of a proxy that
// the call is given. The proxies that these get are good until they return; the answer may come later, by `done`.
%header %{
namespace {
using mychat_js::AskingJob;

napi_value mychat_js_part(Napi::Env env, const void* part, swig_type_info* type) {
  return SWIG_NewPointerObj(const_cast<void*>(part), type, 0);
}
int32_t mychat_js_yes(const Napi::Value& answer) { return answer.ToBoolean().Value() ? 1 : 0; }

int32_t mychat_js_accept(const mychat_mls_credential* credential, const uint8_t* signature_key, size_t signature_key_size,
                         const uint8_t* group_id, size_t group_id_size, void*) {
  const auto arguments = [=](Napi::Env env) -> std::vector<napi_value> {
    return {mychat_js_part(env, credential, SWIGTYPE_p_mychat_mls_credential),
            mychat_js::to_buffer(env, signature_key, signature_key_size), mychat_js::to_buffer(env, group_id, group_id_size)};
  };
  return AskingJob::ask("accept", arguments, mychat_js_yes);
}
int32_t mychat_js_is_successor(const mychat_mls_credential* before, const mychat_mls_credential* after, void*) {
  const auto arguments = [=](Napi::Env env) -> std::vector<napi_value> {
    return {mychat_js_part(env, before, SWIGTYPE_p_mychat_mls_credential),
            mychat_js_part(env, after, SWIGTYPE_p_mychat_mls_credential)};
  };
  return AskingJob::ask("isSuccessor", arguments, mychat_js_yes);
}
int32_t mychat_js_psk(const mychat_mls_psk_id* id, uint8_t* out_secret, void*) {
  const auto arguments = [=](Napi::Env env) -> std::vector<napi_value> {
    return {mychat_js_part(env, id, SWIGTYPE_p_mychat_mls_psk_id)};
  };
  const auto take = [=](const Napi::Value& answer) -> int32_t {
    if (!answer.IsTypedArray() || answer.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return 0;
    const auto secret = answer.As<Napi::Uint8Array>();
    if (secret.ByteLength() > MYCHAT_MLS_PSK_MAX_SIZE) return 0;
    memcpy(out_secret, secret.Data(), secret.ByteLength());
    return static_cast<int32_t>(secret.ByteLength());
  };
  return AskingJob::ask("psk", arguments, take);
}
int32_t mychat_js_accept_commit(const mychat_mls_summary* summary, void*) {
  const auto arguments = [=](Napi::Env env) -> std::vector<napi_value> {
    return {mychat_js_part(env, summary, SWIGTYPE_p_mychat_mls_summary)};
  };
  return AskingJob::ask("acceptCommit", arguments, mychat_js_yes);
}
}  // namespace
%}

// Application data ask nothing, and are most of what is processed: they need no thread of their own, which costs more than
// to decrypt them. A message that only looks so is asked about in vain, which refuses it.
%header %{
// Whether it begins as a PrivateMessage of application data does (RFC 9420, sections 6 and 6.3).
static bool mychat_js_is_application(const void* data, size_t size) {
  const unsigned char* const byte = static_cast<const unsigned char*>(data);
  if (size < 5 || byte[0] != 0 || byte[1] != 1 || byte[2] != 0 || byte[3] != MYCHAT_MLS_PRIVATE_MESSAGE) return false;
  const size_t prefix = size_t{1} << (byte[4] >> 6);  // The group's id is a vector: its length in 1, 2 or 4 bytes.
  if (prefix > 4 || size < 4 + prefix) return false;
  size_t length = byte[4] & 0x3f;
  for (size_t i = 1; i < prefix; ++i) length = length << 8 | byte[4 + i];
  const size_t at = 4 + prefix + length + sizeof(uint64_t);  // Behind it the epoch, then the content's type.
  return at < size && byte[at] == MYCHAT_MLS_CONTENT_APPLICATION;
}
static mychat_status mychat_js_process_data(mychat_mls_group* group, const void* message, size_t message_size,
                                            mychat_mls_received** out_received, mychat_error* error) {
  return mychat_mls_group_process(group, message, message_size, out_received, error);
}
%}
MYCHAT_OFF_LOOP(mychat_js_process_data)

%extend mychat_mls_options {
  /** Which questions are asked; the others have the answer that the library gives by itself. */
  void set_asks(bool accept, bool is_successor, bool psk, bool accept_commit) {
    $self->accept = accept ? mychat_js_accept : nullptr;
    $self->is_successor = is_successor ? mychat_js_is_successor : nullptr;
    $self->psk = psk ? mychat_js_psk : nullptr;
    $self->accept_commit = accept_commit ? mychat_js_accept_commit : nullptr;
  }
}
