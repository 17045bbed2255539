// libcurl brings two dozen libraries with it, which take four megabytes of a node's memory at its start,
// although only nodes that federate ask anything of others. So the program is not linked with it: it is
// linked with these functions of libcurl's names, which load it when the first one is called. Without it they
// fail as libcurl does.
#include <curl/curl.h>
#include <dlfcn.h>

#include <cstdarg>

namespace {

void* library() {
  static void* const loaded = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  return loaded;
}

template <class Function>
Function* find(const char* name) {
  void* const from = library();
  return from == nullptr ? nullptr : reinterpret_cast<Function*>(dlsym(from, name));
}

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): the macros' arguments are types and whole lists.
#ifdef __clang__
#pragma clang diagnostic ignored \
    "-Wvarargs"  // libcurl, which is C, begins after an enumeration in the same way.
#endif
extern "C" {

#define MYCHAT_FORWARD(Result, name, parameters, arguments, failure) \
  Result name parameters {                                           \
    static auto* const real = find<Result parameters>(#name);        \
    return real == nullptr ? failure : real arguments;               \
  }

MYCHAT_FORWARD(CURLcode, curl_global_init, (long flags), (flags), CURLE_FAILED_INIT)
MYCHAT_FORWARD(curl_version_info_data*, curl_version_info, (CURLversion age), (age), nullptr)
MYCHAT_FORWARD(time_t, curl_getdate, (const char* text, const time_t* unused), (text, unused), -1)
MYCHAT_FORWARD(CURL*, curl_easy_init, (), (), nullptr)
MYCHAT_FORWARD(void, curl_easy_cleanup, (CURL * easy), (easy), void())
MYCHAT_FORWARD(curl_slist*, curl_slist_append, (curl_slist * list, const char* text), (list, text), nullptr)
MYCHAT_FORWARD(void, curl_slist_free_all, (curl_slist * list), (list), void())
MYCHAT_FORWARD(CURLM*, curl_multi_init, (), (), nullptr)
MYCHAT_FORWARD(CURLMcode, curl_multi_cleanup, (CURLM * multi), (multi), CURLM_INTERNAL_ERROR)
MYCHAT_FORWARD(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL* easy), (multi, easy),
               CURLM_INTERNAL_ERROR)
MYCHAT_FORWARD(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL* easy), (multi, easy),
               CURLM_INTERNAL_ERROR)
MYCHAT_FORWARD(CURLMcode, curl_multi_perform, (CURLM * multi, int* running), (multi, running),
               CURLM_INTERNAL_ERROR)
MYCHAT_FORWARD(CURLMcode, curl_multi_wakeup, (CURLM * multi), (multi), CURLM_INTERNAL_ERROR)
MYCHAT_FORWARD(CURLMcode, curl_multi_poll,
               (CURLM * multi, curl_waitfd* more, unsigned count, int ms, int* ready),
               (multi, more, count, ms, ready), CURLM_INTERNAL_ERROR)
MYCHAT_FORWARD(CURLMsg*, curl_multi_info_read, (CURLM * multi, int* left), (multi, left), nullptr)

// With one more argument, which is a long, a pointer or a curl_off_t: each as wide as a pointer here.
static_assert(sizeof(long) == sizeof(void*) && sizeof(curl_off_t) == sizeof(void*));

#define MYCHAT_FORWARD_VARIADIC(Result, name, Handle, Option, failure)   \
  Result name(Handle* handle, Option option, ...) {                      \
    static auto* const real = find<Result(Handle*, Option, ...)>(#name); \
    va_list list;                                                        \
    va_start(list, option);                                              \
    void* const value = va_arg(list, void*);                             \
    va_end(list);                                                        \
    return real == nullptr ? failure : real(handle, option, value);      \
  }

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
MYCHAT_FORWARD_VARIADIC(CURLcode, curl_easy_setopt, CURL, CURLoption, CURLE_FAILED_INIT)
MYCHAT_FORWARD_VARIADIC(CURLcode, curl_easy_getinfo, CURL, CURLINFO, CURLE_FAILED_INIT)
MYCHAT_FORWARD_VARIADIC(CURLMcode, curl_multi_setopt, CURLM, CURLMoption, CURLM_INTERNAL_ERROR)

}  // extern "C"
// NOLINTEND(bugprone-macro-parentheses)
