// Sending, history, receipts.
#include "binding.h"

namespace mychat_python {

namespace {

py::object send(Core& self, py::object recipient, py::object data, py::object content_type,
                py::object message_id) {
  const Text handle(recipient, "recipient"), id(message_id, "message_id", kAllowed);
  const Bytes bytes(data);
  mychat_send_options options = MYCHAT_SEND_OPTIONS_INIT;
  options.content_type = number<std::int32_t>(content_type, "content_type");
  options.recipient = handle.get();
  options.data = bytes.data();
  options.size = bytes.size();
  options.message_id = id.get();
  char made[MYCHAT_MESSAGE_ID_SIZE];
  self.local("send", [&](mychat_client* client, mychat_error* error) {
    return mychat_client_send(client, &options, made, error);
  });
  return text_to_python(made);
}

py::object send_text(Core& self, py::object recipient, py::object text, py::object message_id) {
  const Text handle(recipient, "recipient"), words(text, "text"), id(message_id, "message_id", kAllowed);
  char made[MYCHAT_MESSAGE_ID_SIZE];
  self.local("send_text", [&](mychat_client* client, mychat_error* error) {
    if (id.get() == nullptr) return mychat_client_send_text(client, handle.get(), words.get(), made, error);
    mychat_send_options options = MYCHAT_SEND_OPTIONS_INIT;
    options.recipient = handle.get();
    options.data = words.get();
    options.size = std::char_traits<char>::length(words.get());
    options.message_id = id.get();
    return mychat_client_send(client, &options, made, error);
  });
  return text_to_python(made);
}

py::object history(Core& self, py::object peer, py::object before, py::object limit) {
  const Text handle(peer, "peer");
  const auto from = number<std::int64_t>(before, "before");
  const auto most = number<std::uint32_t>(limit, "limit");
  return self.fetch<mychat_message_list>(
      "history", mychat_message_list_free,
      [&](mychat_client* client, mychat_message_list** out, mychat_error* error) {
        return mychat_client_history(client, handle.get(), from, most, out, error);
      });
}

py::object search(Core& self, py::object query, py::object peer, py::object before, py::object limit) {
  const Text words(query, "query"), handle(peer, "peer", kAllowed);
  const auto from = number<std::int64_t>(before, "before");
  const auto most = number<std::uint32_t>(limit, "limit");
  return self.fetch<mychat_message_list>(
      "search", mychat_message_list_free,
      [&](mychat_client* client, mychat_message_list** out, mychat_error* error) {
        return mychat_client_search(client, words.get(), handle.get(), from, most, out, error);
      });
}

}  // namespace

void bind_messages(CoreClass& core) {
  core.def("send", &send);
  core.def("send_text", &send_text);
  core.def("retry", [](Core& self, py::object message_id) {
    const Text id(message_id, "message_id");
    self.local("retry", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_retry(client, id.get(), error);
    });
  });
  core.def("history", &history);
  core.def("search", &search);
  core.def("message", [](Core& self, py::object message_id) {
    const Text id(message_id, "message_id");
    return self.fetch<mychat_message>("message", mychat_message_free,
                                      [&](mychat_client* client, mychat_message** out, mychat_error* error) {
                                        return mychat_client_message(client, id.get(), out, error);
                                      });
  });
  core.def("mark_read", [](Core& self, py::object peer, py::object message_id) {
    const Text handle(peer, "peer"), id(message_id, "message_id", kAllowed);
    self.local("mark_read", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_mark_read(client, handle.get(), id.get(), error);
    });
  });
  core.def("explain", [](Core& self, py::object message_id) {
    const Text id(message_id, "message_id");
    return self.fetch<mychat_explanation>(
        "explain", mychat_explanation_free,
        [&](mychat_client* client, mychat_explanation** out, mychat_error* error) {
          return mychat_client_explain(client, id.get(), out, error);
        });
  });
}

}  // namespace mychat_python
