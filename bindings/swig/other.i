/* Languages without typemaps here (C#, Go): SWIG's own view, with one helper for each `T**`: T_slot is a place for a T*,
 * and get() takes what a call put there. Errors are read from a mychat_error that the caller makes. Groups of MLS ask nothing here:
 * MYCHAT_MLS_ACCEPT_ALL, and the program judges members by itself. */
%header %{
#define MYCHAT_CLIENT_FREE(client) mychat_client_free(client)
#define MYCHAT_LOG_DROP(options) static_cast<void>(options)
%}

%extend mychat_error {
  mychat_error() {
    mychat_error* const made = static_cast<mychat_error*>(calloc(1, sizeof(mychat_error)));
    mychat_error_init(made);
    return made;
  }
  ~mychat_error() { free($self); }
}

%define MYCHAT_OUT(T, FREE)
%inline %{
struct T##_slot {
  T* made = nullptr;
  T** place() { return &made; }
  T* get() { return made; }
};
%}
%enddef
%ignore mychat_client_free;
