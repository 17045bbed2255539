// Contacts, conversations, typing, presence.
#include "binding.h"

namespace mychat_python {

namespace {

using HandleRequest = mychat_status (*)(mychat_client*, const char*, mychat_request_id*, mychat_error*);

template <HandleRequest function>
auto handle_request(const char* operation) {
  return [operation](Core& self, py::object handle) {
    const Text name(handle, "handle");
    return self.request(operation, [&](mychat_client* client, mychat_request_id* out, mychat_error* error) {
      return function(client, name.get(), out, error);
    });
  };
}

}  // namespace

void bind_contacts(CoreClass& core) {
  core.def("add_contact", [](Core& self, py::object handle, py::object nickname) {
    const Text name(handle, "handle"), nick(nickname, "nickname", kAllowed);
    return self.request("add_contact",
                        [&](mychat_client* client, mychat_request_id* out, mychat_error* error) {
                          return mychat_client_add_contact(client, name.get(), nick.get(), out, error);
                        });
  });
  core.def("remove_contact", handle_request<mychat_client_remove_contact>("remove_contact"));
  core.def("lookup", handle_request<mychat_client_lookup>("lookup"));
  core.def("contacts", [](Core& self) {
    return self.fetch<mychat_contact_list>("contacts", mychat_contact_list_free, mychat_client_contacts);
  });
  core.def("contact", [](Core& self, py::object handle) {
    const Text name(handle, "handle");
    return self.fetch<mychat_contact>("contact", mychat_contact_free,
                                      [&](mychat_client* client, mychat_contact** out, mychat_error* error) {
                                        return mychat_client_contact(client, name.get(), out, error);
                                      });
  });
  core.def("conversations", [](Core& self) {
    return self.fetch<mychat_conversation_list>("conversations", mychat_conversation_list_free,
                                                mychat_client_conversations);
  });
  core.def("set_typing", [](Core& self, py::object peer, bool is_typing) {
    const Text name(peer, "peer");
    self.local("set_typing", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_set_typing(client, name.get(), is_typing ? 1 : 0, error);
    });
  });
  core.def("set_presence", [](Core& self, std::int32_t status) {
    self.local("set_presence", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_set_presence(client, status, error);
    });
  });
}

}  // namespace mychat_python
