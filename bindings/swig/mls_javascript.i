/* What JavaScript needs for mychat/mls.h. Included by javascript.i. */

/* ---- Calls on other threads ---- */
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

/* ---- Handles and members ---- */
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
%}
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
MYCHAT_JS_ITEMS(mychat_mls_proposal)
MYCHAT_JS_ITEMS(mychat_mls_member)
MYCHAT_JS_ITEMS(mychat_mls_record)
MYCHAT_OUT_NUMBER(mychat_mls_relation, out_relation)

/* ---- Arguments and results ---- */
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
