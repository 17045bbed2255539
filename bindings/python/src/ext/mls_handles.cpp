// MLS: key packages, and commits that do not count yet.
#include "mls.h"

namespace mychat_python::mls {

namespace {

template <class T>
auto of_commit(const char* operation, void (*free)(T*),
               mychat_status (*get)(mychat_mls_commit*, T**, mychat_error*)) {
  return [=](const Commit& self) {
    const auto commit = self.live(operation);
    return take<T>(operation, free,
                   [&](T** out, mychat_error* error) { return get(commit.get(), out, error); });
  };
}

auto of_package(const char* operation,
                mychat_status (*get)(mychat_mls_key_package*, mychat_bytes**, mychat_error*)) {
  return [=](const KeyPackage& self) {
    const auto package = self.live(operation);
    return take_locked<mychat_bytes>(
        operation, mychat_bytes_free,
        [&](mychat_bytes** out, mychat_error* error) { return get(package.get(), out, error); });
  };
}

Group group_of(const Commit& self) {
  constexpr const char* kOperation = "mls_commit_group";
  const auto commit = self.live(kOperation);
  return make<Group, mychat_mls_group>(kOperation, mychat_mls_group_free, [&](auto** out, auto* error) {
    return mychat_mls_commit_group(commit.get(), out, error);
  });
}

KeyPackage create_package(py::object suite, py::tuple leaf) {
  const auto of = number<std::uint16_t>(suite, "suite");
  const Leaf as(leaf);
  return make<KeyPackage, mychat_mls_key_package>(
      "mls_key_package_create", mychat_mls_key_package_free,
      [&](auto** out, auto* error) { return mychat_mls_key_package_create(of, as.get(), out, error); });
}

KeyPackage load_package(py::object secret) {
  const Bytes bytes(secret, "secret");
  return make<KeyPackage, mychat_mls_key_package>(
      "mls_key_package_load", mychat_mls_key_package_free, [&](auto** out, auto* error) {
        return mychat_mls_key_package_load(bytes.data(), bytes.size(), out, error);
      });
}

}  // namespace

void bind_handles(py::module_& module) {
  py::class_<KeyPackage>(module, "MlsKeyPackage")
      .def("close", &KeyPackage::close)
      .def_property_readonly("closed", &KeyPackage::closed)
      .def("message", of_package("mls_key_package_message", mychat_mls_key_package_message))
      .def("ref", of_package("mls_key_package_ref", mychat_mls_key_package_ref))
      .def("save",
           [](const KeyPackage& self) {
             const auto package = self.live("mls_key_package_save");
             return take_secret("mls_key_package_save", [&](auto** out, auto* error) {
               return mychat_mls_key_package_save(package.get(), out, error);
             });
           })
      .def("join_proposal",
           [](const KeyPackage& self, py::object group_id, py::object epoch, py::object aad) {
             const Bytes group(group_id, "group_id"), with(aad, "aad");
             const auto when = number<std::uint64_t>(epoch, "epoch");
             const auto package = self.live("mls_join_proposal");
             return take_bytes("mls_join_proposal", [&](auto** out, auto* error) {
               return mychat_mls_join_proposal(package.get(), group.data(), group.size(), when, with.data(),
                                               with.size(), out, error);
             });
           })
      .def("is_last_resort", [](const KeyPackage& self) {
        return mychat_mls_key_package_is_last_resort(self.live("mls_key_package_is_last_resort").get()) != 0;
      });
  module.def("mls_key_package_create", &create_package);
  module.def("mls_key_package_load", &load_package);

  py::class_<Commit>(module, "MlsCommit")
      .def("close", &Commit::close)
      .def_property_readonly("closed", &Commit::closed)
      .def("message", of_commit("mls_commit_message", mychat_bytes_free, mychat_mls_commit_message))
      .def("welcome", of_commit("mls_commit_welcome", mychat_bytes_free, mychat_mls_commit_welcome))
      .def("summary", of_commit("mls_commit_summary", mychat_mls_summary_free, mychat_mls_commit_summary))
      .def("save", of_commit("mls_commit_save", mychat_mls_record_list_free, mychat_mls_commit_save))
      .def("group", &group_of);
}

}  // namespace mychat_python::mls
