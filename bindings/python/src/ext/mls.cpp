// MLS: names, keys, credentials, proposals and messages, which belong to no group.
#include "mls.h"

namespace mychat_python {

namespace mls {

namespace {

// Bytes made in a few microseconds.
template <class Work>
py::object encode(const char* operation, Work&& work) {
  return take_locked<mychat_bytes>(operation, mychat_bytes_free, std::forward<Work>(work));
}

// ---- Keys and credentials

py::object new_signature_key(py::object suite) {
  const auto of = number<std::uint16_t>(suite, "suite");
  return take_secret("mls_new_signature_key",
                     [&](auto** out, auto* error) { return mychat_mls_new_signature_key(of, out, error); });
}

py::object signature_public_key(py::object suite, py::object private_key) {
  const auto of = number<std::uint16_t>(suite, "suite");
  const Bytes key(private_key, "private_key");
  return take_bytes("mls_signature_public_key", [&](auto** out, auto* error) {
    return mychat_mls_signature_public_key(of, key.data(), key.size(), out, error);
  });
}

py::object basic_credential(py::object identity) {
  const Bytes bytes(identity, "identity");
  return encode("mls_basic_credential", [&](auto** out, auto* error) {
    return mychat_mls_basic_credential(bytes.data(), bytes.size(), out, error);
  });
}

py::object account_credential(py::object handle, py::object device_id, py::object account_key,
                              py::object signature_key) {
  const Text user(handle, "handle"), device(device_id, "device_id");
  const Bytes key(account_key, "account_key"), leaf(signature_key, "signature_key");
  return take_bytes("mls_account_credential", [&](auto** out, auto* error) {
    return mychat_mls_account_credential(user.get(), device.get(), key.data(), key.size(), leaf.data(),
                                         leaf.size(), out, error);
  });
}

void verify_account(py::object credential, py::object signature_key, py::object account_public_key) {
  const Bytes named(credential, "credential"), leaf(signature_key, "signature_key"),
      key(account_public_key, "account_public_key");
  run("mls_verify_account", [&](mychat_error* error) {
    return mychat_mls_verify_account(named.data(), named.size(), leaf.data(), leaf.size(), key.data(),
                                     key.size(), error);
  });
}

py::object read_credential(py::object credential) {
  const Bytes bytes(credential, "credential");
  return take_locked<mychat_mls_credential>(
      "mls_read_credential", mychat_mls_credential_free, [&](auto** out, auto* error) {
        return mychat_mls_read_credential(bytes.data(), bytes.size(), out, error);
      });
}

// ---- Extensions

py::object extension(py::object type, py::object data) {
  const auto of = number<std::uint16_t>(type, "type");
  const Bytes bytes(data, "data");
  return encode("mls_extension", [&](auto** out, auto* error) {
    return mychat_mls_extension(of, bytes.data(), bytes.size(), out, error);
  });
}

py::object required_capabilities(py::object extension_types, py::object proposal_types,
                                 py::object credential_types) {
  const Text extensions(extension_types, "extension_types"), proposals(proposal_types, "proposal_types"),
      credentials(credential_types, "credential_types");
  return encode("mls_required_capabilities", [&](auto** out, auto* error) {
    return mychat_mls_required_capabilities(extensions.get(), proposals.get(), credentials.get(), out, error);
  });
}

// ---- Proposals

py::object propose_add(py::object key_package) {
  const Bytes bytes(key_package, "key_package");
  return encode("mls_propose_add", [&](auto** out, auto* error) {
    return mychat_mls_propose_add(bytes.data(), bytes.size(), out, error);
  });
}

py::object propose_remove(py::object leaf_index) {
  const auto leaf = number<std::uint32_t>(leaf_index, "leaf_index");
  return encode("mls_propose_remove",
                [&](auto** out, auto* error) { return mychat_mls_propose_remove(leaf, out, error); });
}

py::object propose_psk(py::object suite, py::object id) {
  const auto of = number<std::uint16_t>(suite, "suite");
  const Bytes bytes(id, "id");
  return encode("mls_propose_psk", [&](auto** out, auto* error) {
    return mychat_mls_propose_psk(of, bytes.data(), bytes.size(), out, error);
  });
}

py::object propose_resumption_psk(py::object suite, py::object group_id, py::object epoch) {
  const auto of = number<std::uint16_t>(suite, "suite");
  const Bytes bytes(group_id, "group_id");
  const auto when = number<std::uint64_t>(epoch, "epoch");
  return encode("mls_propose_resumption_psk", [&](auto** out, auto* error) {
    return mychat_mls_propose_resumption_psk(of, bytes.data(), bytes.size(), when, out, error);
  });
}

py::object propose_reinit(py::object group_id, py::object suite, py::object extensions) {
  const auto of = number<std::uint16_t>(suite, "suite");
  const Bytes id(group_id, "group_id"), with(extensions, "extensions");
  return encode("mls_propose_reinit", [&](auto** out, auto* error) {
    return mychat_mls_propose_reinit(id.data(), id.size(), of, with.data(), with.size(), out, error);
  });
}

py::object propose_extensions(py::object extensions) {
  const Bytes with(extensions, "extensions");
  return encode("mls_propose_extensions", [&](auto** out, auto* error) {
    return mychat_mls_propose_extensions(with.data(), with.size(), out, error);
  });
}

// ---- From outside of a group

py::object external_sender(py::object suite, py::object credential, py::object signature_key) {
  const auto of = number<std::uint16_t>(suite, "suite");
  const Bytes who(credential, "credential"), key(signature_key, "signature_key");
  return encode("mls_external_sender", [&](auto** out, auto* error) {
    return mychat_mls_external_sender(of, who.data(), who.size(), key.data(), key.size(), out, error);
  });
}

py::object external_senders(py::object senders) {
  const Bytes all(senders, "senders");
  return encode("mls_external_senders", [&](auto** out, auto* error) {
    return mychat_mls_external_senders(all.data(), all.size(), out, error);
  });
}

py::object external_proposal(py::object suite, py::object group_id, py::object epoch, py::object sender,
                             py::object private_key, py::object proposal, py::object aad) {
  const auto of = number<std::uint16_t>(suite, "suite");
  const auto when = number<std::uint64_t>(epoch, "epoch");
  const auto place = number<std::uint32_t>(sender, "sender");
  const Bytes group(group_id, "group_id"), key(private_key, "private_key"), what(proposal, "proposal"),
      with(aad, "aad");
  return encode("mls_external_proposal", [&](auto** out, auto* error) {
    return mychat_mls_external_proposal(of, group.data(), group.size(), when, place, key.data(), key.size(),
                                        what.data(), what.size(), with.data(), with.size(), out, error);
  });
}

py::object read_proposal(py::object proposal) {
  const Bytes bytes(proposal, "proposal");
  return take_locked<mychat_mls_proposal>(
      "mls_read_proposal", mychat_mls_proposal_free, [&](auto** out, auto* error) {
        return mychat_mls_read_proposal(bytes.data(), bytes.size(), out, error);
      });
}

// ---- What travels

py::object read_message(py::object message) {
  const Bytes bytes(message, "message");
  return take<mychat_mls_message>("mls_read_message", mychat_mls_message_free, [&](auto** out, auto* error) {
    return mychat_mls_read_message(bytes.data(), bytes.size(), out, error);
  });
}

}  // namespace

}  // namespace mls

void bind_mls(py::module_& module) {
  mls::bind_group(module);
  mls::bind_handles(module);
  module.def("mls_rule_text", [](py::object rule) {
    return text_to_python(mychat_mls_rule_text(number<std::int32_t>(rule, "rule")));
  });
  module.def("mls_rule_section", [](py::object rule) {
    return text_to_python(mychat_mls_rule_section(number<std::int32_t>(rule, "rule")));
  });
  module.def("mls_supported_suite", [](std::size_t index) { return mychat_mls_supported_suite(index); });
  module.def("mls_new_signature_key", &mls::new_signature_key);
  module.def("mls_signature_public_key", &mls::signature_public_key);
  module.def("mls_basic_credential", &mls::basic_credential);
  module.def("mls_account_credential", &mls::account_credential);
  module.def("mls_verify_account", &mls::verify_account);
  module.def("mls_read_credential", &mls::read_credential);
  module.def("mls_extension", &mls::extension);
  module.def("mls_required_capabilities", &mls::required_capabilities);
  module.def("mls_propose_add", &mls::propose_add);
  module.def("mls_propose_remove", &mls::propose_remove);
  module.def("mls_propose_psk", &mls::propose_psk);
  module.def("mls_propose_resumption_psk", &mls::propose_resumption_psk);
  module.def("mls_propose_reinit", &mls::propose_reinit);
  module.def("mls_propose_extensions", &mls::propose_extensions);
  module.def("mls_propose_self_remove",
             [] { return mls::encode("mls_propose_self_remove", mychat_mls_propose_self_remove); });
  module.def("mls_external_sender", &mls::external_sender);
  module.def("mls_external_senders", &mls::external_senders);
  module.def("mls_external_proposal", &mls::external_proposal);
  module.def("mls_read_proposal", &mls::read_proposal);
  module.def("mls_read_message", &mls::read_message);
}

}  // namespace mychat_python
