/* What Java needs for mychat/mls.h. Included by java.i. */

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

/* ---- Members ---- */
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
MYCHAT_JAVA_PART(mychat_mls_credential)
MYCHAT_JAVA_PART(mychat_mls_member)
MYCHAT_JAVA_PART(mychat_mls_proposal)
MYCHAT_JAVA_PART(mychat_mls_proposal_list)
MYCHAT_JAVA_PART(mychat_mls_psk_id)
MYCHAT_JAVA_PART(mychat_mls_record)
MYCHAT_JAVA_PART(mychat_mls_summary)
%apply int *OUTPUT { mychat_mls_relation* out_relation };
%apply unsigned long *OUTPUT { size_t* out_used };

/* ---- Arguments ---- */
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
