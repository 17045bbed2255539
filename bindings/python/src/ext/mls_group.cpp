// MLS: groups.
#include <string>
#include <vector>

#include "mls.h"

namespace mychat_python::mls {

namespace {

// ---- Coming in

Group create(const Host& host, py::object whom, py::object suite, py::tuple leaf, py::object group_id,
             py::object extensions) {
  const auto of = number<std::uint16_t>(suite, "suite");
  const Leaf as(leaf);
  const Bytes id(group_id, "group_id"), with(extensions, "extensions");
  const mychat_mls_group_options options = group_options(id, with);
  return make<Group, mychat_mls_group>(
      "mls_group_create", mychat_mls_group_free,
      [&](auto** out, auto* error) {
        return mychat_mls_group_create(&host.options, of, as.get(), &options, out, error);
      },
      whom);
}

py::tuple join(const Host& host, py::object whom, py::object welcome, py::list packages, py::object tree,
               const Group* predecessor) {
  constexpr const char* kOperation = "mls_group_join";
  const Bytes message(welcome, "welcome"), nodes(tree, "tree");
  std::vector<std::shared_ptr<mychat_mls_key_package>> held;
  std::vector<mychat_mls_key_package*> own;
  for (const py::handle package : packages) {
    held.push_back(package.cast<const KeyPackage&>().live(kOperation));
    own.push_back(held.back().get());
  }
  const auto before = predecessor == nullptr ? nullptr : predecessor->live(kOperation);
  std::size_t used = 0;
  auto made = make<Group, mychat_mls_group>(
      kOperation, mychat_mls_group_free,
      [&](auto** out, auto* error) {
        return mychat_mls_group_join(&host.options, message.data(), message.size(), own.data(), own.size(),
                                     nodes.data(), nodes.size(), before.get(), &used, out, error);
      },
      whom);
  return py::make_tuple(std::move(made), used);
}

Commit join_external(const Host& host, py::object whom, py::object group_info, py::tuple leaf,
                     py::object replaces, py::object tree, py::object proposals, py::object aad) {
  const Bytes info(group_info, "group_info"), nodes(tree, "tree"), psks(proposals, "psks"), with(aad, "aad");
  const Leaf as(leaf);
  mychat_mls_external_options options = MYCHAT_MLS_EXTERNAL_OPTIONS_INIT;
  options.replaces = number<std::uint32_t>(replaces, "replaces");
  options.tree = nodes.data();
  options.tree_size = nodes.size();
  options.proposals = psks.data();
  options.proposals_size = psks.size();
  options.aad = with.data();
  options.aad_size = with.size();
  return make<Commit, mychat_mls_commit>(
      "mls_group_join_external", mychat_mls_commit_free,
      [&](auto** out, auto* error) {
        return mychat_mls_group_join_external(&host.options, info.data(), info.size(), as.get(), &options,
                                              out, error);
      },
      whom);
}

Group load(const Host& host, py::dict records) {
  std::vector<std::string> ids;
  std::vector<std::unique_ptr<Bytes>> contents;
  for (const auto& [id, content] : records) {
    ids.emplace_back(Text(id, "An id of records").get());
    contents.push_back(std::make_unique<Bytes>(content, "A content of records"));
  }
  std::vector<mychat_mls_record> items(ids.size());
  std::vector<const mychat_mls_record*> list(ids.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i] = {sizeof(mychat_mls_record), 0, ids[i].c_str(),
                static_cast<const std::uint8_t*>(contents[i]->data()), contents[i]->size()};
    list[i] = &items[i];
  }
  return make<Group, mychat_mls_group>("mls_group_load", mychat_mls_group_free, [&](auto** out, auto* error) {
    return mychat_mls_group_load(&host.options, list.data(), list.size(), out, error);
  });
}

// ---- Changes

Commit commit(const Group& self, py::object whom, py::object flags, py::object proposals, py::object aad,
              py::object leaf) {
  constexpr const char* kOperation = "mls_group_commit";
  const Bytes wanted(proposals, "proposals"), with(aad, "aad");
  const std::unique_ptr<Leaf> as = optional_leaf(leaf);
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  options.flags = number<std::uint32_t>(flags, "flags");
  options.proposals = wanted.data();
  options.proposals_size = wanted.size();
  options.aad = with.data();
  options.aad_size = with.size();
  options.leaf = as ? as->get() : nullptr;
  const auto group = self.live(kOperation);
  return make<Commit, mychat_mls_commit>(
      kOperation, mychat_mls_commit_free,
      [&](auto** out, auto* error) { return mychat_mls_group_commit(group.get(), &options, out, error); },
      whom);
}

void apply(const Group& self, const Commit& commit) {
  constexpr const char* kOperation = "mls_group_apply";
  const auto group = self.live(kOperation);
  const auto made = commit.live(kOperation);
  run(kOperation,
      [&](mychat_error* error) { return mychat_mls_group_apply(group.get(), made.get(), error); });
}

Commit reinitialise(const Group& self, const Host& host, py::object whom, py::tuple leaf,
                    py::object key_packages) {
  constexpr const char* kOperation = "mls_group_reinitialise";
  const Leaf as(leaf);
  const Bytes packages(key_packages, "key_packages");
  const auto before = self.live(kOperation);
  return make<Commit, mychat_mls_commit>(
      kOperation, mychat_mls_commit_free,
      [&](auto** out, auto* error) {
        return mychat_mls_group_reinitialise(&host.options, before.get(), as.get(), packages.data(),
                                             packages.size(), out, error);
      },
      whom);
}

Commit branch(const Group& self, const Host& host, py::object whom, py::tuple leaf, py::object group_id,
              py::object extensions, py::object key_packages) {
  constexpr const char* kOperation = "mls_group_branch";
  const Leaf as(leaf);
  const Bytes packages(key_packages, "key_packages"), id(group_id, "group_id"),
      with(extensions, "extensions");
  const mychat_mls_group_options options = group_options(id, with);
  const auto before = self.live(kOperation);
  return make<Commit, mychat_mls_commit>(
      kOperation, mychat_mls_commit_free,
      [&](auto** out, auto* error) {
        return mychat_mls_group_branch(&host.options, before.get(), as.get(), &options, packages.data(),
                                       packages.size(), out, error);
      },
      whom);
}

py::object propose(const Group& self, py::object whom, py::object proposal, py::object aad,
                   py::object flags) {
  constexpr const char* kOperation = "mls_group_propose";
  const Bytes wanted(proposal, "proposal"), with(aad, "aad");
  const auto how = number<std::uint32_t>(flags, "flags");
  const auto group = self.live(kOperation);
  return take_bytes(
      kOperation,
      [&](auto** out, auto* error) {
        return mychat_mls_group_propose(group.get(), wanted.data(), wanted.size(), with.data(), with.size(),
                                        how, out, error);
      },
      whom);
}

py::object propose_update(const Group& self, py::object whom, py::object leaf, py::object aad,
                          py::object flags) {
  constexpr const char* kOperation = "mls_group_propose_update";
  const std::unique_ptr<Leaf> as = optional_leaf(leaf);
  const Bytes with(aad, "aad");
  const auto how = number<std::uint32_t>(flags, "flags");
  const auto group = self.live(kOperation);
  return take_bytes(
      kOperation,
      [&](auto** out, auto* error) {
        return mychat_mls_group_propose_update(group.get(), as ? as->get() : nullptr, with.data(),
                                               with.size(), how, out, error);
      },
      whom);
}

// ---- Messages

py::object process(const Group& self, py::object whom, py::object message) {
  constexpr const char* kOperation = "mls_group_process";
  const Bytes bytes(message, "message");
  const auto group = self.live(kOperation);
  return take<mychat_mls_received>(
      kOperation, mychat_mls_received_free,
      [&](auto** out, auto* error) {
        return mychat_mls_group_process(group.get(), bytes.data(), bytes.size(), out, error);
      },
      whom);
}

py::object protect(const Group& self, py::object data, py::object aad, py::object padding) {
  constexpr const char* kOperation = "mls_group_protect";
  const Bytes plain(data, "data"), with(aad, "aad");
  const auto more = number<std::uint32_t>(padding, "padding");
  const auto group = self.live(kOperation);
  return take_bytes(kOperation, [&](auto** out, auto* error) {
    return mychat_mls_group_protect(group.get(), plain.data(), plain.size(), with.data(), with.size(), more,
                                    out, error);
  });
}

// ---- What it gives

py::object export_secret(const Group& self, py::object label, py::object context, py::object size) {
  constexpr const char* kOperation = "mls_group_export_secret";
  const Text name(label, "label");
  const Bytes with(context, "context");
  const auto wanted = number<std::size_t>(size, "size");
  const auto group = self.live(kOperation);
  return take_secret(kOperation, [&](auto** out, auto* error) {
    return mychat_mls_group_export_secret(group.get(), name.get(), with.data(), with.size(), wanted, out,
                                          error);
  });
}

py::object resumption_psk(const Group& self, py::object epoch) {
  constexpr const char* kOperation = "mls_group_resumption_psk";
  const auto of = number<std::uint64_t>(epoch, "epoch");
  const auto group = self.live(kOperation);
  return take_secret(kOperation, [&](auto** out, auto* error) {
    return mychat_mls_group_resumption_psk(group.get(), of, out, error);
  });
}

py::object export_info(const Group& self, py::object flags) {
  constexpr const char* kOperation = "mls_group_export_info";
  const auto how = number<std::uint32_t>(flags, "flags");
  const auto group = self.live(kOperation);
  return take_bytes(kOperation, [&](auto** out, auto* error) {
    return mychat_mls_group_export_info(group.get(), how, out, error);
  });
}

mychat_mls_relation compare(const Group& self, py::object group_info) {
  constexpr const char* kOperation = "mls_group_compare";
  const Bytes info(group_info, "group_info");
  const auto group = self.live(kOperation);
  mychat_mls_relation relation = 0;
  run(kOperation, [&](mychat_error* error) {
    return mychat_mls_group_compare(group.get(), info.data(), info.size(), &relation, error);
  });
  return relation;
}

// A struct of the group alone.
template <class T>
auto giver(const char* operation, void (*free)(T*),
           mychat_status (*get)(mychat_mls_group*, T**, mychat_error*)) {
  return [=](const Group& self) {
    const auto group = self.live(operation);
    return take<T>(operation, free,
                   [&](T** out, mychat_error* error) { return get(group.get(), out, error); });
  };
}

void drop_waiting(const Group& self) {
  constexpr const char* kOperation = "mls_group_drop_waiting";
  const auto group = self.live(kOperation);
  run_locked(kOperation,
             [&](mychat_error* error) { return mychat_mls_group_drop_waiting(group.get(), error); });
}

}  // namespace

void bind_group(py::module_& module) {
  py::class_<Host>(module, "MlsHost")
      .def(py::init<py::handle, py::handle, py::handle, py::handle, py::handle, py::handle>());
  py::class_<Group>(module, "MlsGroup")
      .def("close", &Group::close)
      .def_property_readonly("closed", &Group::closed)
      .def("commit", &commit)
      .def("apply", &apply)
      .def("reinitialise", &reinitialise)
      .def("branch", &branch)
      .def("propose", &propose)
      .def("propose_update", &propose_update)
      .def("drop_waiting", &drop_waiting)
      .def("process", &process)
      .def("protect", &protect)
      .def("export_secret", &export_secret)
      .def("resumption_psk", &resumption_psk)
      .def("export_info", &export_info)
      .def("compare", &compare)
      .def("describe",
           [](const Group& self) {
             const auto group = self.live("mls_group_describe");
             return take_locked<mychat_mls_group_state>(
                 "mls_group_describe", mychat_mls_group_state_free,
                 [&](auto** out, auto* error) { return mychat_mls_group_describe(group.get(), out, error); });
           })
      .def("members", giver("mls_group_members", mychat_mls_member_list_free, mychat_mls_group_members))
      .def("waiting", giver("mls_group_waiting", mychat_mls_proposal_list_free, mychat_mls_group_waiting))
      .def("epoch_authenticator",
           [](const Group& self) {
             const auto group = self.live("mls_group_epoch_authenticator");
             return take_secret("mls_group_epoch_authenticator", [&](auto** out, auto* error) {
               return mychat_mls_group_epoch_authenticator(group.get(), out, error);
             });
           })
      .def("export_tree", giver("mls_group_export_tree", mychat_bytes_free, mychat_mls_group_export_tree))
      .def("save", giver("mls_group_save", mychat_mls_record_list_free, mychat_mls_group_save))
      .def("take_changes",
           giver("mls_group_take_changes", mychat_mls_record_list_free, mychat_mls_group_take_changes));
  module.def("mls_group_create", &create);
  module.def("mls_group_join", &join, py::arg(), py::arg(), py::arg(), py::arg(), py::arg(),
             py::arg().none(true));
  module.def("mls_group_join_external", &join_external);
  module.def("mls_group_load", &load);
}

}  // namespace mychat_python::mls
