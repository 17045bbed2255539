/* Java (JNI). Included by mychat.i.
 *
 * - A failing call throws MyChatException, with status, domain, detail, retryable and operation.
 * - What a `T** out_...` gives comes in an array of one: mychat_client[] client = new mychat_client[1].
 * - Texts are String, bytes byte[]. Proxies are freed by delete(), or by SWIG's finalisers; call delete(). What an event, a list
 *   or a completion holds keeps it from being collected; after its delete() nothing of it may be used.
 */
%header %{
#define MYCHAT_CLIENT_FREE(client) mychat_client_free(client)
#define MYCHAT_LOG_DROP(options) static_cast<void>(options)

namespace {
void mychat_java_throw(JNIEnv* env, const char* operation, const mychat_error& error) {
  const jclass type = env->FindClass("mychat/MyChatException");
  if (type == nullptr) return;
  const jmethodID make = env->GetMethodID(type, "<init>", "(IIIZLjava/lang/String;Ljava/lang/String;)V");
  if (make == nullptr) return;
  const jobject made = env->NewObject(type, make, error.status, error.domain, error.detail,
                                      static_cast<jboolean>(error.retryable != 0), env->NewStringUTF(operation),
                                      env->NewStringUTF(error.message));
  if (made != nullptr) env->Throw(static_cast<jthrowable>(made));
}

// Java's own idea of UTF-8 differs beyond the basic plane, so texts cross as bytes of real UTF-8.
class JavaText {
 public:
  JavaText(JNIEnv* env, jbyteArray bytes) {
    if (bytes == nullptr) return;
    size_ = static_cast<size_t>(env->GetArrayLength(bytes));
    data_ = new char[size_ + 1];
    data_[size_] = '\0';
    env->GetByteArrayRegion(bytes, 0, static_cast<jsize>(size_), reinterpret_cast<jbyte*>(data_));
  }
  ~JavaText() {
    if (data_ != nullptr) mychat_swig_wipe(data_, size_);
    delete[] data_;
  }
  JavaText(const JavaText&) = delete;
  JavaText& operator=(const JavaText&) = delete;
  char* text() const { return data_; }
  size_t size() const { return size_; }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
};
}  // namespace
%}

%header %{
namespace {
// The library's questions: each is a static method of MlsAsked, which finds the object by its number. They come on the thread of
// a call out of Java.
class JavaAsked {
 public:
  static int32_t accept(const mychat_mls_credential* credential, const uint8_t* signature_key, size_t signature_key_size,
                        const uint8_t* group_id, size_t group_id_size, void* context) {
    return yes("accept", "(JJ[B[B)Z", [&](JNIEnv* env, jclass type, jmethodID method) {
      return env->CallStaticBooleanMethod(type, method, number(context), address(credential),
                                          bytes(env, signature_key, signature_key_size), bytes(env, group_id, group_id_size));
    });
  }
  static int32_t is_successor(const mychat_mls_credential* before, const mychat_mls_credential* after, void* context) {
    return yes("isSuccessor", "(JJJ)Z", [&](JNIEnv* env, jclass type, jmethodID method) {
      return env->CallStaticBooleanMethod(type, method, number(context), address(before), address(after));
    });
  }
  static int32_t psk(const mychat_mls_psk_id* id, uint8_t* out_secret, void* context) {
    return ask("psk", "(JJ)[B", [&](JNIEnv* env, jclass type, jmethodID method) -> int32_t {
      const auto key = static_cast<jbyteArray>(env->CallStaticObjectMethod(type, method, number(context), address(id)));
      if (env->ExceptionCheck() || key == nullptr) return 0;
      const jsize size = env->GetArrayLength(key);
      if (size > MYCHAT_MLS_PSK_MAX_SIZE) return 0;
      env->GetByteArrayRegion(key, 0, size, reinterpret_cast<jbyte*>(out_secret));
      return static_cast<int32_t>(size);
    });
  }
  static int32_t accept_commit(const mychat_mls_summary* summary, void* context) {
    return yes("acceptCommit", "(JJ)Z", [&](JNIEnv* env, jclass type, jmethodID method) {
      return env->CallStaticBooleanMethod(type, method, number(context), address(summary));
    });
  }
  /* At the end of a call: throws what was thrown within it. */
  static bool rethrow(JNIEnv* env) {
    const jthrowable thrown = thrown_;
    if (thrown == nullptr) return false;
    thrown_ = nullptr;
    env->Throw(static_cast<jthrowable>(env->NewLocalRef(thrown)));
    env->DeleteGlobalRef(thrown);
    return true;
  }
  static void know(JavaVM* machine) { machine_ = machine; }

 private:
  static jlong number(void* context) { return static_cast<jlong>(reinterpret_cast<intptr_t>(context)); }
  static jlong address(const void* part) {
    jlong made = 0;
    *reinterpret_cast<const void**>(&made) = part;
    return made;
  }
  static jbyteArray bytes(JNIEnv* env, const uint8_t* data, size_t size) {
    const jbyteArray made = env->NewByteArray(static_cast<jsize>(size));
    if (made != nullptr && size > 0)
      env->SetByteArrayRegion(made, 0, static_cast<jsize>(size), reinterpret_cast<const jbyte*>(data));
    return made;
  }
  // What was thrown is kept: nothing of Java may be called while it is pending. The questions after it are answered with no.
  template <class Call>
  static int32_t ask(const char* name, const char* signature, Call call) {
    JNIEnv* env = nullptr;
    if (thrown_ != nullptr || machine_->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_1_6) != JNI_OK) return 0;
    if (env->PushLocalFrame(16) != 0) return 0;
    const jclass type = env->FindClass("mychat/MlsAsked");
    const jmethodID method = type == nullptr ? nullptr : env->GetStaticMethodID(type, name, signature);
    int32_t answer = method == nullptr ? 0 : call(env, type, method);
    if (const jthrowable thrown = env->ExceptionOccurred()) {
      env->ExceptionClear();
      thrown_ = static_cast<jthrowable>(env->NewGlobalRef(thrown));
      answer = 0;
    }
    env->PopLocalFrame(nullptr);
    return answer;
  }
  template <class Call>
  static int32_t yes(const char* name, const char* signature, Call call) {
    return ask(name, signature, [&](JNIEnv* env, jclass type, jmethodID method) -> int32_t {
      return call(env, type, method) == JNI_TRUE ? 1 : 0;
    });
  }

  static inline JavaVM* machine_ = nullptr;
  static inline thread_local jthrowable thrown_ = nullptr;
};
}  // namespace

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* machine, void*) {
  JavaAsked::know(machine);
  return JNI_VERSION_1_6;
}
%}

%pragma(java) jniclasscode=%{
  static byte[] utf8(String text) { return text == null ? null : text.getBytes(java.nio.charset.StandardCharsets.UTF_8); }
%}

%typemap(jni) const char* "jbyteArray"
%typemap(jtype) const char* "byte[]"
%typemap(jstype) const char* "String"
%typemap(javain) const char* "mychatJNI.utf8($javainput)"
%typemap(in) const char* (std::unique_ptr<JavaText> held) {
  held.reset(new JavaText(jenv, $input));
  $1 = held->text();
}
%typemap(freearg) const char* ""
%typemap(out) const char* { $result = nullptr; if ($1 != nullptr) {
    const jsize size = static_cast<jsize>(strlen($1));
    $result = jenv->NewByteArray(size);
    if ($result != nullptr) jenv->SetByteArrayRegion($result, 0, size, reinterpret_cast<const jbyte*>($1));
  } }
%typemap(javaout) const char* {
    byte[] text = $jnicall;
    return text == null ? null : new String(text, java.nio.charset.StandardCharsets.UTF_8);
  }
%header %{
#include <memory>
%}

// Bytes.
%typemap(jni) (const void* data, size_t size) "jbyteArray"
%typemap(jtype) (const void* data, size_t size) "byte[]"
%typemap(jstype) (const void* data, size_t size) "byte[]"
%typemap(javain) (const void* data, size_t size) "$javainput"
%typemap(in) (const void* data, size_t size) (std::unique_ptr<JavaText> held) {
  held.reset(new JavaText(jenv, $input));
  $1 = held->text();
  $2 = held->size();
}
%typemap(freearg) (const void* data, size_t size) ""
%define MYCHAT_JAVA_BYTES(FIELD, SIZE)
%typemap(jni) const uint8_t* FIELD "jbyteArray"
%typemap(jtype) const uint8_t* FIELD "byte[]"
%typemap(jstype) const uint8_t* FIELD "byte[]"
%typemap(javaout) const uint8_t* FIELD { return $jnicall; }
%typemap(out) const uint8_t* FIELD {
  $result = jenv->NewByteArray(static_cast<jsize>(arg1->SIZE));
  if ($result != nullptr)
    jenv->SetByteArrayRegion($result, 0, static_cast<jsize>(arg1->SIZE), reinterpret_cast<const jbyte*>($1));
}
%enddef
MYCHAT_JAVA_BYTES(data, size)
MYCHAT_JAVA_BYTES(mychat_mls_received::data, data_size)
MYCHAT_JAVA_BYTES(encoded, encoded_size)
MYCHAT_JAVA_BYTES(identity, identity_size)
MYCHAT_JAVA_BYTES(id, id_size)
MYCHAT_JAVA_BYTES(group_id, group_id_size)
MYCHAT_JAVA_BYTES(reference, reference_size)
MYCHAT_JAVA_BYTES(references, references_size)
MYCHAT_JAVA_BYTES(signature_key, signature_key_size)
MYCHAT_JAVA_BYTES(extensions, extensions_size)
MYCHAT_JAVA_BYTES(aad, aad_size)
MYCHAT_JAVA_BYTES(content, content_size)
%define MYCHAT_JAVA_LEAVES(FIELD, COUNT)
%typemap(jni) const uint32_t* FIELD "jlongArray"
%typemap(jtype) const uint32_t* FIELD "long[]"
%typemap(jstype) const uint32_t* FIELD "long[]"
%typemap(javaout) const uint32_t* FIELD { return $jnicall; }
%typemap(out) const uint32_t* FIELD {
  $result = jenv->NewLongArray(static_cast<jsize>(arg1->COUNT));
  for (size_t i = 0; $result != nullptr && i < arg1->COUNT; ++i) {
    const jlong leaf = static_cast<jlong>($1[i]);
    jenv->SetLongArrayRegion($result, static_cast<jsize>(i), 1, &leaf);
  }
}
%enddef
MYCHAT_JAVA_LEAVES(added, added_count)
MYCHAT_JAVA_LEAVES(updated, updated_count)
MYCHAT_JAVA_LEAVES(removed, removed_count)

// Outcomes: nothing, or an exception. Members of that type stay numbers.
%typemap(jni) mychat_status "void"
%typemap(jtype) mychat_status "void"
%typemap(jstype) mychat_status "void"
%typemap(javaout) mychat_status { $jnicall; }
%typemap(out, null="") mychat_status "static_cast<void>($1);"
%apply int { mychat_status status, mychat_status failure, mychat_status cause };
%typemap(in, numinputs=0) mychat_error* error (mychat_error failure) {
  mychat_error_init(&failure);
  $1 = &failure;
}
%typemap(argout) mychat_error* error {
  if (!JavaAsked::rethrow(jenv) && $1->status != MYCHAT_OK) mychat_java_throw(jenv, "$symname", *$1);
}

// Parts of something: they keep it from being collected, and its finaliser from freeing them.
%define MYCHAT_JAVA_PART(T)
%typemap(javacode) T %{
  Object whole;
%}
%typemap(javaout) const T*, T* {
    long address = $jnicall;
    if (address == 0) return null;
    T part = new T(address, false);
    part.whole = this;
    return part;
  }
%enddef
MYCHAT_JAVA_PART(mychat_account)
MYCHAT_JAVA_PART(mychat_completion)
MYCHAT_JAVA_PART(mychat_connection)
MYCHAT_JAVA_PART(mychat_contact)
MYCHAT_JAVA_PART(mychat_conversation)
MYCHAT_JAVA_PART(mychat_error)
MYCHAT_JAVA_PART(mychat_message)
MYCHAT_JAVA_PART(mychat_mls_credential)
MYCHAT_JAVA_PART(mychat_mls_member)
MYCHAT_JAVA_PART(mychat_mls_proposal)
MYCHAT_JAVA_PART(mychat_mls_proposal_list)
MYCHAT_JAVA_PART(mychat_mls_psk_id)
MYCHAT_JAVA_PART(mychat_mls_record)
MYCHAT_JAVA_PART(mychat_mls_summary)
MYCHAT_JAVA_PART(mychat_node_info)
MYCHAT_JAVA_PART(mychat_presence)
MYCHAT_JAVA_PART(mychat_progress)
MYCHAT_JAVA_PART(mychat_session)
MYCHAT_JAVA_PART(mychat_session_list)
MYCHAT_JAVA_PART(mychat_typing)

// Out parameters: arrays of one.
%include <typemaps.i>
%apply long long { mychat_request_id, uint64_t };
%apply long long *OUTPUT { mychat_request_id* out_request };
%apply unsigned int *OUTPUT { uint32_t* out_flags };
%apply int *OUTPUT { mychat_scan_result* out_result, mychat_federation_verdict* out_verdict };
%apply int *OUTPUT { mychat_mls_relation* out_relation };
%apply unsigned long *OUTPUT { size_t* out_used };

%define MYCHAT_JAVA_TEXT_OUT(TYPE, LOCAL, POINTER, TEXT, FREE)
%typemap(jni) TYPE "jobjectArray"
%typemap(jtype) TYPE "byte[][]"
%typemap(jstype) TYPE "String[]"
%typemap(javain, pre="    byte[][] text_$javainput = new byte[1][];",
         post="      if ($javainput != null && text_$javainput[0] != null) $javainput[0] = new String(text_$javainput[0], java.nio.charset.StandardCharsets.UTF_8);")
  TYPE "text_$javainput"
%typemap(in) TYPE (LOCAL) { $1 = ($1_ltype)(POINTER); }
%typemap(argout) TYPE {
  const char* const text = TEXT;
  if (text != nullptr) {
    const jsize size = static_cast<jsize>(strlen(text));
    const jbyteArray bytes = jenv->NewByteArray(size);
    if (bytes != nullptr) {
      jenv->SetByteArrayRegion(bytes, 0, size, reinterpret_cast<const jbyte*>(text));
      jenv->SetObjectArrayElement($input, 0, bytes);
    }
  }
  FREE;
}
%typemap(freearg) TYPE ""
%enddef
MYCHAT_JAVA_TEXT_OUT(char** out_text, char* made = nullptr, &made, *$1, mychat_string_free(*$1))
MYCHAT_JAVA_TEXT_OUT(char* out_message_id, char made[MYCHAT_MESSAGE_ID_SIZE] = "", made, $1, static_cast<void>(0))

MYCHAT_JAVA_TEXT_OUT(const char** out_kind, const char* made = nullptr, &made, *$1, static_cast<void>(0))

// Bytes: an array of one byte[].
%typemap(jni) mychat_bytes** "jobjectArray"
%typemap(jtype) mychat_bytes** "byte[][]"
%typemap(jstype) mychat_bytes** "byte[][]"
%typemap(javain) mychat_bytes** "$javainput"
%typemap(in) mychat_bytes** (mychat_bytes* made = nullptr) { $1 = &made; }
%typemap(argout) mychat_bytes** {
  if (*$1 != nullptr) {
    const jsize size = static_cast<jsize>((*$1)->size);
    const jbyteArray bytes = jenv->NewByteArray(size);
    if (bytes != nullptr) {
      jenv->SetByteArrayRegion(bytes, 0, size, reinterpret_cast<const jbyte*>((*$1)->data));
      jenv->SetObjectArrayElement($input, 0, bytes);
    }
    mychat_bytes_free(*$1);
  }
}
%typemap(freearg) mychat_bytes** ""

%define MYCHAT_OUT(T, FREE)
%typemap(jni) T** "jlongArray"
%typemap(jtype) T** "long[]"
%typemap(jstype) T** "T[]"
%typemap(javain, pre="    long[] made_$javainput = new long[1];",
         post="      if (made_$javainput[0] != 0) $javainput[0] = new T(made_$javainput[0], true);") T** "made_$javainput"
%typemap(in) T** (T* made = nullptr) { $1 = &made; }
%typemap(argout) T** {
  jlong address = 0;
  *reinterpret_cast<T**>(&address) = *$1;
  jenv->SetLongArrayRegion($input, 0, 1, &address);
}
%typemap(freearg) T** ""
%ignore FREE;  // delete()
%enddef
%ignore mychat_client_free;

/* ---- MLS ---- */
// What a group asks are methods of a MlsAsked. Handles are for one thread at a time, and their finaliser is another thread:
// hold what a call uses until it returns.
%typemap(jni) int64_t asked "jlong"
%typemap(jtype) int64_t asked "long"
%typemap(jstype) int64_t asked "MlsAsked"
%typemap(javain) int64_t asked "$javainput.id()"
%typemap(in) int64_t asked { $1 = static_cast<int64_t>($input); }
%extend mychat_mls_options {
  /** Whom groups that are made with these options ask. */
  void set_asked(int64_t asked) {
    $self->accept = JavaAsked::accept;
    $self->is_successor = JavaAsked::is_successor;
    $self->psk = JavaAsked::psk;
    $self->accept_commit = JavaAsked::accept_commit;
    $self->context = reinterpret_cast<void*>(static_cast<intptr_t>(asked));
  }
}
%typemap(jni) (mychat_mls_key_package* const* packages, size_t package_count) "jlongArray"
%typemap(jtype) (mychat_mls_key_package* const* packages, size_t package_count) "long[]"
%typemap(jstype) (mychat_mls_key_package* const* packages, size_t package_count) "mychat_mls_key_package[]"
%typemap(javain, pre="    long[] all_$javainput = new long[$javainput.length];
    for (int i = 0; i < all_$javainput.length; ++i) all_$javainput[i] = mychat_mls_key_package.getCPtr($javainput[i]);")
  (mychat_mls_key_package* const* packages, size_t package_count) "all_$javainput"
%typemap(in) (mychat_mls_key_package* const* packages, size_t package_count) (std::vector<mychat_mls_key_package*> all) {
  all.resize(static_cast<size_t>(jenv->GetArrayLength($input)));
  for (size_t i = 0; i < all.size(); ++i) {
    jlong address = 0;
    jenv->GetLongArrayRegion($input, static_cast<jsize>(i), 1, &address);
    all[i] = *reinterpret_cast<mychat_mls_key_package**>(&address);
  }
  $1 = all.data();
  $2 = all.size();
}
%typemap(argout) (mychat_mls_key_package* const* packages, size_t package_count) ""
%typemap(freearg) (mychat_mls_key_package* const* packages, size_t package_count) ""

// Contents by ids; they cross as ids and contents in turn.
%pragma(java) jniclasscode=%{
  static byte[][] records(java.util.Map<String, byte[]> map) {
    byte[][] all = new byte[2 * map.size()][];
    int next = 0;
    for (java.util.Map.Entry<String, byte[]> record : map.entrySet()) {
      all[next++] = utf8(record.getKey());
      all[next++] = record.getValue();
    }
    return all;
  }
%}
%header %{
#include <deque>
#include <vector>
namespace {
struct JavaRecords {
  std::deque<JavaText> texts;
  std::vector<mychat_mls_record> items;
  std::vector<const mychat_mls_record*> list;
  void read(JNIEnv* env, jobjectArray all) {
    const jsize count = env->GetArrayLength(all);
    for (jsize i = 0; i < count; ++i) {
      const jobject text = env->GetObjectArrayElement(all, i);
      texts.emplace_back(env, static_cast<jbyteArray>(text));
      env->DeleteLocalRef(text);
    }
    for (size_t i = 0; i + 1 < texts.size(); i += 2)
      items.push_back({sizeof(mychat_mls_record), 0, texts[i].text(), reinterpret_cast<const uint8_t*>(texts[i + 1].text()),
                       texts[i + 1].size()});
    for (const mychat_mls_record& item : items) list.push_back(&item);
  }
};
}  // namespace
%}
%typemap(jni) (const mychat_mls_record* const* records, size_t record_count) "jobjectArray"
%typemap(jtype) (const mychat_mls_record* const* records, size_t record_count) "byte[][]"
%typemap(jstype) (const mychat_mls_record* const* records, size_t record_count) "java.util.Map<String, byte[]>"
%typemap(javain) (const mychat_mls_record* const* records, size_t record_count) "mychatJNI.records($javainput)"
%typemap(in) (const mychat_mls_record* const* records, size_t record_count) (JavaRecords all) {
  all.read(jenv, $input);
  $1 = ($1_ltype)all.list.data();
  $2 = all.list.size();
}
%typemap(argout) (const mychat_mls_record* const* records, size_t record_count) ""
%typemap(freearg) (const mychat_mls_record* const* records, size_t record_count) ""

%ignore items;
%ignore mychat_store_report::problems;
%ignore mychat_backup_report::losses;
%ignore MYCHAT_VERSION_STRING;  // A constant cannot go through the typemaps of texts; mychat_version_string() can.
