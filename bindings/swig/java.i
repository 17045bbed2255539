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

%ignore items;
%ignore mychat_store_report::problems;
%ignore mychat_backup_report::losses;
%ignore MYCHAT_VERSION_STRING;  // A constant cannot go through the typemaps of texts; mychat_version_string() can.

%include "mls_java.i"
