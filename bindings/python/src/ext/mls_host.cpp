// MLS: what a group asks of Python, and how one appears in it.
#include <algorithm>

#include "mls.h"

namespace mychat_python::mls {

thread_local Asking* Asking::here_ = nullptr;

namespace {

std::int32_t accept(const mychat_mls_credential* credential, const std::uint8_t* signature_key,
                    std::size_t signature_key_size, const std::uint8_t* group_id, std::size_t group_id_size,
                    void*) {
  return Asking::ask([&](py::handle whom) {
    return whom.attr("accept")(to_dict(credential), to_bytes(signature_key, signature_key_size),
                               to_bytes(group_id, group_id_size))
                   .cast<bool>()
               ? 1
               : 0;
  });
}

std::int32_t is_successor(const mychat_mls_credential* before, const mychat_mls_credential* after, void*) {
  return Asking::ask([&](py::handle whom) {
    return whom.attr("is_successor")(to_dict(before), to_dict(after)).cast<bool>() ? 1 : 0;
  });
}

std::int32_t psk(const mychat_mls_psk_id* id, std::uint8_t* out_secret, void*) {
  return Asking::ask([&](py::handle whom) -> std::int32_t {
    const py::object found = whom.attr("psk")(to_dict(id));
    if (found.is_none()) return 0;
    const Bytes secret(found);
    if (secret.size() == 0 || secret.size() > MYCHAT_MLS_PSK_MAX_SIZE)
      raise_argument("psk must return 1 to 1024 bytes.");
    std::copy_n(static_cast<const std::uint8_t*>(secret.data()), secret.size(), out_secret);
    return static_cast<std::int32_t>(secret.size());
  });
}

std::int32_t accept_commit(const mychat_mls_summary* summary, void*) {
  return Asking::ask(
      [&](py::handle whom) { return whom.attr("accept_commit")(to_dict(summary)).cast<bool>() ? 1 : 0; });
}

}  // namespace

Host::Host(py::handle flags, py::handle past_epochs, py::handle resumption_epochs,
           py::handle max_waiting_proposals, py::handle max_messages_ahead, py::handle max_lifetime) {
  options.flags = number<std::uint32_t>(flags, "flags");
  if ((options.flags & MYCHAT_MLS_ACCEPT_ALL) == 0) {
    options.accept = accept;
    options.is_successor = is_successor;
  }
  options.psk = psk;
  options.accept_commit = accept_commit;
  options.past_epochs = number<std::int32_t>(past_epochs, "past_epochs");
  options.resumption_epochs = number<std::int32_t>(resumption_epochs, "resumption_epochs");
  options.max_waiting_proposals = number<std::int32_t>(max_waiting_proposals, "max_waiting_proposals");
  options.max_messages_ahead = number<std::int32_t>(max_messages_ahead, "max_messages_ahead");
  options.max_lifetime = number<std::int64_t>(max_lifetime, "max_lifetime");
}

Leaf::Leaf(const py::tuple& given)
    : credential_(given[0], "credential"),
      key_(given[1], "private_key"),
      extensions_(given[3], "extensions"),
      extension_types_(given[4], "extension_types"),
      proposal_types_(given[5], "proposal_types") {
  options_.flags = number<std::uint32_t>(given[2], "flags");
  options_.credential = credential_.data();
  options_.credential_size = credential_.size();
  options_.private_key = key_.data();
  options_.private_key_size = key_.size();
  options_.extensions = extensions_.data();
  options_.extensions_size = extensions_.size();
  options_.extension_types = extension_types_.get();
  options_.proposal_types = proposal_types_.get();
  options_.lifetime = number<std::int64_t>(given[6], "lifetime");
}

std::unique_ptr<Leaf> optional_leaf(const py::object& given) {
  return given.is_none() ? nullptr : std::make_unique<Leaf>(given.cast<py::tuple>());
}

mychat_mls_group_options group_options(const Bytes& group_id, const Bytes& extensions) {
  mychat_mls_group_options options = MYCHAT_MLS_GROUP_OPTIONS_INIT;
  options.group_id = group_id.data();
  options.group_id_size = group_id.size();
  options.extensions = extensions.data();
  options.extensions_size = extensions.size();
  return options;
}

}  // namespace mychat_python::mls
