// Nodes: identity, documents, handshakes, signed requests, rules. Structs become dicts, of which
// mychat.federation makes its classes.
#include <functional>
#include <memory>
#include <utility>

#include "binding.h"

namespace mychat_python {

namespace {

py::object take_text(const char* operation, const std::function<mychat_status(char**, mychat_error*)>& call) {
  Owned<char> result(mychat_string_free);
  run(operation, [&](mychat_error* error) { return call(result.out(), error); });
  return text_to_python(result.get());
}

py::dict to_dict(const mychat_federation_document& value) {
  py::dict made;
  made["continuity"] = value.continuity;
  for (const auto& [name, text] : {std::pair{"domain", value.domain},
                                   {"api_url", value.api_url},
                                   {"key", value.key},
                                   {"key_id", value.key_id},
                                   {"next_key", value.next_key},
                                   {"capabilities", value.capabilities},
                                   {"json", value.json},
                                   {"known", value.known}})
    made[name] = text_to_python(text);
  made["protocol"] = value.protocol;
  made["rotations"] = value.rotations;
  made["sequence"] = value.sequence;
  made["issued_at"] = time_to_python(value.issued_at);
  made["valid_until"] = time_to_python(value.valid_until);
  made["max_message_size"] = value.max_message_size;
  made["max_transaction_items"] = value.max_transaction_items;
  made["max_transaction_bytes"] = value.max_transaction_bytes;
  made["clock_ahead"] = value.clock_ahead;
  return made;
}

py::dict to_dict(const mychat_federation_agreement& value) {
  py::dict made;
  for (const auto& [name, text] : {std::pair{"peer", value.peer},
                                   {"capabilities", value.capabilities},
                                   {"confirm", value.confirm},
                                   {"known", value.known}})
    made[name] = text_to_python(text);
  made["protocol"] = value.protocol;
  made["clock_ahead"] = value.clock_ahead;
  made["max_message_size"] = value.max_message_size;
  made["max_transaction_items"] = value.max_transaction_items;
  made["max_transaction_bytes"] = value.max_transaction_bytes;
  return made;
}

template <class T>
py::dict take(const char* operation, void (*free)(T*),
              const std::function<mychat_status(T**, mychat_error*)>& call) {
  Owned<T> result(free);
  run(operation, [&](mychat_error* error) { return call(result.out(), error); });
  return to_dict(*result.get());
}

// One side of a handshake.
class Handshake {
 public:
  explicit Handshake(mychat_federation_handshake* handle) {
    handle_.set(handle, mychat_federation_handshake_free);
  }

  void close() { handle_.close(); }
  py::object id() const {
    return text_to_python(mychat_federation_handshake_id(live("federation_handshake_id").get()));
  }
  py::object message() const {
    return text_to_python(mychat_federation_handshake_message(live("federation_handshake_message").get()));
  }

  py::dict finish(py::object welcome, py::object document, py::object known, std::int64_t now) {
    const Text said(welcome, "welcome"), shown(document, "peer_document"), kept(known, "known");
    const auto side = live("federation_handshake_finish");
    return take<mychat_federation_agreement>("federation_handshake_finish", mychat_federation_agreement_free,
                                             [&](mychat_federation_agreement** out, mychat_error* error) {
                                               return mychat_federation_handshake_finish(
                                                   side.get(), said.get(), shown.get(), kept.get(), now, out,
                                                   error);
                                             });
  }
  py::dict confirm(py::object confirm, py::object known, std::int64_t now) {
    const Text said(confirm, "confirm"), kept(known, "known");
    const auto side = live("federation_handshake_confirm");
    return take<mychat_federation_agreement>("federation_handshake_confirm", mychat_federation_agreement_free,
                                             [&](mychat_federation_agreement** out, mychat_error* error) {
                                               return mychat_federation_handshake_confirm(
                                                   side.get(), said.get(), kept.get(), now, out, error);
                                             });
  }

 private:
  std::shared_ptr<mychat_federation_handshake> live(const char* operation) const {
    return handle_.live("The handshake is closed.", operation);
  }

  Handle<mychat_federation_handshake> handle_;
};

// A node; its methods may run in several threads.
class Node {
 public:
  Node(py::object domain, py::object api_url, py::object private_key, py::object capabilities,
       py::object flags, py::object ca_file, py::object began_at, py::object max_message_size,
       py::object max_transaction_items, py::object max_transaction_bytes) {
    const Text name(domain, "domain"), url(api_url, "api_url"), offered(capabilities, "capabilities");
    const Path authorities(ca_file, "ca_file", kAllowed);
    const Bytes key(private_key);
    mychat_federation_options options = MYCHAT_FEDERATION_OPTIONS_INIT;
    options.flags = number<std::uint32_t>(flags, "flags");
    options.domain = name.get();
    options.api_url = url.get();
    options.capabilities = offered.get();
    options.ca_file = authorities.get();
    options.began_at = number<std::int64_t>(began_at, "began_at");
    options.max_message_size = number<std::int64_t>(max_message_size, "max_message_size");
    options.max_transaction_items = number<std::int64_t>(max_transaction_items, "max_transaction_items");
    options.max_transaction_bytes = number<std::int64_t>(max_transaction_bytes, "max_transaction_bytes");
    mychat_federation_node* made = nullptr;
    run("federation_node_create", [&](mychat_error* error) {
      return mychat_federation_node_create(&options, key.data(), key.size(), &made, error);
    });
    handle_.set(made, mychat_federation_node_free);
  }

  void close() { handle_.close(); }

  py::object sign_document(py::object sequence, py::object issued_at, py::object valid_until,
                           py::object next_key, py::object previous, py::object previous_private_key) {
    const Text next(next_key, "next_key", kAllowed), before(previous, "previous", kAllowed);
    const Bytes key(previous_private_key.is_none() ? py::object(py::bytes()) : previous_private_key);
    mychat_federation_document_options options = MYCHAT_FEDERATION_DOCUMENT_OPTIONS_INIT;
    options.sequence = number<std::int64_t>(sequence, "sequence");
    options.issued_at = number<std::int64_t>(issued_at, "issued_at");
    options.valid_until = number<std::int64_t>(valid_until, "valid_until");
    options.next_key = next.get();
    options.previous = before.get();
    const auto node = live("federation_sign_document");
    return take_text("federation_sign_document", [&](char** out, mychat_error* error) {
      return mychat_federation_sign_document(node.get(), &options, key.size() == 0 ? nullptr : key.data(),
                                             key.size(), out, error);
    });
  }
  py::dict discover(py::object domain, py::object known, std::int32_t timeout_ms, std::int64_t now) {
    const Text name(domain, "domain"), kept(known, "known", kAllowed);
    const auto node = live("federation_discover");
    return take<mychat_federation_document>(
        "federation_discover", mychat_federation_document_free,
        [&](mychat_federation_document** out, mychat_error* error) {
          return mychat_federation_discover(node.get(), name.get(), kept.get(), timeout_ms, now, out, error);
        });
  }
  Handshake begin(py::object peer, std::int64_t now) {
    const Text name(peer, "peer");
    mychat_federation_handshake* made = nullptr;
    const auto node = live("federation_handshake_begin");
    run("federation_handshake_begin", [&](mychat_error* error) {
      return mychat_federation_handshake_begin(node.get(), name.get(), now, &made, error);
    });
    return Handshake(made);
  }
  py::object hello_origin(py::object hello) {
    const Text said(hello, "hello");
    const auto node = live("federation_hello_origin");
    return take_text("federation_hello_origin", [&](char** out, mychat_error* error) {
      return mychat_federation_hello_origin(node.get(), said.get(), out, error);
    });
  }
  Handshake answer(py::object hello, py::object document, py::object known, std::int64_t now) {
    const Text said(hello, "hello"), shown(document, "peer_document"), kept(known, "known");
    mychat_federation_handshake* made = nullptr;
    const auto node = live("federation_handshake_answer");
    run("federation_handshake_answer", [&](mychat_error* error) {
      return mychat_federation_handshake_answer(node.get(), said.get(), shown.get(), kept.get(), now, &made,
                                                error);
    });
    return Handshake(made);
  }
  py::object sign_request(py::object destination, py::object method, py::object target_uri, py::object body,
                          std::int64_t now) {
    const Text to(destination, "destination"), verb(method, "method"), uri(target_uri, "target_uri");
    const Bytes sent(body);
    const auto node = live("federation_sign_request");
    return take_text("federation_sign_request", [&](char** out, mychat_error* error) {
      return mychat_federation_sign_request(node.get(), to.get(), verb.get(), uri.get(), sent.data(),
                                            sent.size(), now, out, error);
    });
  }
  void verify_request(py::object method, py::object target_uri, py::object headers, py::object body,
                      py::object known, std::int64_t now) {
    const Text verb(method, "method"), uri(target_uri, "target_uri"), lines(headers, "headers"),
        kept(known, "known");
    const Bytes received(body);
    const auto node = live("federation_verify_request");
    run("federation_verify_request", [&](mychat_error* error) {
      return mychat_federation_verify_request(node.get(), verb.get(), uri.get(), lines.get(), received.data(),
                                              received.size(), kept.get(), now, error);
    });
  }
  py::object sign_response(py::object method, py::object target_uri, py::object request_headers,
                           py::object status, py::object body, std::int64_t now) {
    const Text verb(method, "method"), uri(target_uri, "target_uri"),
        lines(request_headers, "request_headers");
    const auto code = number<std::int32_t>(status, "status");
    const Bytes sent(body);
    const auto node = live("federation_sign_response");
    return take_text("federation_sign_response", [&](char** out, mychat_error* error) {
      return mychat_federation_sign_response(node.get(), verb.get(), uri.get(), lines.get(), code,
                                             sent.data(), sent.size(), now, out, error);
    });
  }

 private:
  std::shared_ptr<mychat_federation_node> live(const char* operation) const {
    return handle_.live("The node is closed.", operation);
  }

  Handle<mychat_federation_node> handle_;
};

py::object new_key() {
  Owned<mychat_bytes> key(mychat_bytes_free);
  run("federation_new_key", [&](mychat_error* error) { return mychat_federation_new_key(key.out(), error); });
  auto made = py::reinterpret_steal<py::object>(PyByteArray_FromStringAndSize(
      reinterpret_cast<const char*>(key.get()->data), static_cast<Py_ssize_t>(key.get()->size)));
  if (!made) throw py::error_already_set();
  return made;
}

py::dict verify_document(py::object json, py::object domain, py::object known, std::uint32_t flags,
                         std::int64_t now) {
  const Text shown(json, "json"), name(domain, "domain"), kept(known, "known", kAllowed);
  return take<mychat_federation_document>("federation_verify_document", mychat_federation_document_free,
                                          [&](mychat_federation_document** out, mychat_error* error) {
                                            return mychat_federation_verify_document(
                                                shown.get(), name.get(), kept.get(), flags, now, out, error);
                                          });
}

void verify_response(py::object method, py::object target_uri, py::object request_headers, py::object status,
                     py::object headers, py::object body, py::object known, std::int64_t now) {
  const Text verb(method, "method"), uri(target_uri, "target_uri"), asked(request_headers, "request_headers"),
      lines(headers, "headers"), kept(known, "known");
  const auto code = number<std::int32_t>(status, "status");
  const Bytes received(body);
  run("federation_verify_response", [&](mychat_error* error) {
    return mychat_federation_verify_response(verb.get(), uri.get(), asked.get(), code, lines.get(),
                                             received.data(), received.size(), kept.get(), now, error);
  });
}

std::int32_t judge(std::int32_t mode, py::object allowed, py::object blocked, py::object domain) {
  const Text good(allowed, "allowed"), bad(blocked, "blocked"), name(domain, "domain");
  mychat_federation_verdict verdict = 0;
  run("federation_judge", [&](mychat_error* error) {
    return mychat_federation_judge(mode, good.get(), bad.get(), name.get(), &verdict, error);
  });
  return verdict;
}

}  // namespace

void bind_federation(py::module_& module) {
  py::class_<Handshake>(module, "FederationHandshake")
      .def_property_readonly("id", &Handshake::id)
      .def_property_readonly("message", &Handshake::message)
      .def("close", &Handshake::close)
      .def("finish", &Handshake::finish)
      .def("confirm", &Handshake::confirm);
  py::class_<Node>(module, "FederationNode")
      .def(py::init<py::object, py::object, py::object, py::object, py::object, py::object, py::object,
                    py::object, py::object, py::object>())
      .def("close", &Node::close)
      .def("sign_document", &Node::sign_document)
      .def("discover", &Node::discover)
      .def("begin", &Node::begin)
      .def("hello_origin", &Node::hello_origin)
      .def("answer", &Node::answer)
      .def("sign_request", &Node::sign_request)
      .def("verify_request", &Node::verify_request)
      .def("sign_response", &Node::sign_response);
  module.def("federation_new_key", &new_key);
  module.def("federation_public_key", [](py::object private_key) {
    const Bytes key(private_key);
    return take_text("federation_public_key", [&](char** out, mychat_error* error) {
      return mychat_federation_public_key(key.data(), key.size(), out, error);
    });
  });
  module.def("federation_verify_document", &verify_document);
  module.def("federation_verify_response", &verify_response);
  module.def("federation_request_origin", [](py::object headers) {
    const Text lines(headers, "headers");
    return take_text("federation_request_origin", [&](char** out, mychat_error* error) {
      return mychat_federation_request_origin(lines.get(), out, error);
    });
  });
  module.def("federation_confirm_id", [](py::object confirm) {
    const Text said(confirm, "confirm");
    return take_text("federation_confirm_id", [&](char** out, mychat_error* error) {
      return mychat_federation_confirm_id(said.get(), out, error);
    });
  });
  module.def("federation_judge", &judge);
  module.def("federation_address_kind", [](py::object address) {
    const Text text(address, "address");
    const char* kind = nullptr;
    run("federation_address_kind",
        [&](mychat_error* error) { return mychat_federation_address_kind(text.get(), &kind, error); });
    return text_to_python(kind);
  });
}

}  // namespace mychat_python
