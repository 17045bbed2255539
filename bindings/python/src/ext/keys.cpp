// Keys, trust, backups.
#include <cstring>

#include "binding.h"

namespace mychat_python {

namespace {

// The private key as a bytearray, which its owner can wipe.
py::object export_private_key(Core& self, std::int32_t format) {
  Owned<char> key(mychat_string_free);
  self.local("export_private_key", [&](mychat_client* client, mychat_error* error) {
    return mychat_client_export_private_key(client, format, key.out(), error);
  });
  auto made = py::reinterpret_steal<py::object>(
      PyByteArray_FromStringAndSize(key.get(), static_cast<Py_ssize_t>(std::strlen(key.get()))));
  if (!made) throw py::error_already_set();
  return made;
}

using HandleText = mychat_status (*)(mychat_client*, const char*, char**, mychat_error*);

template <HandleText function>
auto handle_text(const char* operation) {
  return [operation](Core& self, py::object handle) {
    const Text name(handle, "handle");
    return self.fetch_text(operation, [&](mychat_client* client, char** out, mychat_error* error) {
      return function(client, name.get(), out, error);
    });
  };
}

py::object convert(const char* operation, py::object key, std::int32_t form,
                   mychat_status (*function)(const char*, std::int32_t, char**, mychat_error*)) {
  const Text text(key, "key");
  Owned<char> result(mychat_string_free);
  run(operation, [&](mychat_error* error) { return function(text.get(), form, result.out(), error); });
  return text_to_python(result.get());
}

py::object verify_backup(py::object core, py::object data, py::object password) {
  const Bytes bytes(data);
  const Secret secret(password, "password");
  const auto call = [&](mychat_client* client, mychat_backup_report** out, mychat_error* error) {
    return mychat_verify_backup(client, bytes.data(), bytes.size(), secret.get(), out, error);
  };
  if (!core.is_none())
    return core.cast<Core&>().fetch<mychat_backup_report>("verify_backup", mychat_backup_report_free, call);
  Owned<mychat_backup_report> report(mychat_backup_report_free);
  run("verify_backup", [&](mychat_error* error) { return call(nullptr, report.out(), error); });
  return to_python(*report.get());
}

py::object backup_change_password(py::object data, py::object password, py::object new_password) {
  const Bytes bytes(data);
  const Secret old(password, "password"), wanted(new_password, "new_password");
  Owned<mychat_backup> backup(mychat_backup_free);
  run("backup_change_password", [&](mychat_error* error) {
    return mychat_backup_change_password(bytes.data(), bytes.size(), old.get(), wanted.get(), backup.out(),
                                         error);
  });
  return to_python(*backup.get());
}

void bind_trust(CoreClass& core) {
  core.def("safety_number", handle_text<mychat_client_safety_number>("safety_number"));
  core.def("safety_qr", handle_text<mychat_client_safety_qr>("safety_qr"));
  core.def("compare_safety_qr", [](Core& self, py::object handle, py::object scanned) {
    const Text name(handle, "handle"), code(scanned, "scanned");
    mychat_scan_result result = 0;
    self.local("compare_safety_qr", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_compare_safety_qr(client, name.get(), code.get(), &result, error);
    });
    return result;
  });
  core.def("set_verified", [](Core& self, py::object handle, py::object fingerprint, bool verified) {
    const Text name(handle, "handle"), print(fingerprint, "fingerprint");
    self.local("set_verified", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_set_verified(client, name.get(), print.get(), verified ? 1 : 0, error);
    });
  });
  core.def("accept_key", [](Core& self, py::object handle, py::object fingerprint) {
    const Text name(handle, "handle"), print(fingerprint, "fingerprint");
    self.local("accept_key", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_accept_key(client, name.get(), print.get(), error);
    });
  });
}

}  // namespace

void bind_keys(py::module_& module, CoreClass& core) {
  module.def("public_key_convert", [](py::object key, std::int32_t format) {
    return convert("public_key_convert", std::move(key), format, mychat_public_key_convert);
  });
  module.def("fingerprint", [](py::object key, std::int32_t form) {
    return convert("fingerprint", std::move(key), form, mychat_fingerprint);
  });
  module.def("verify_backup", &verify_backup);
  module.def("backup_change_password", &backup_change_password);
  core.def("public_key", [](Core& self, std::int32_t format) {
    return self.fetch_text("public_key", [&](mychat_client* client, char** out, mychat_error* error) {
      return mychat_client_public_key(client, format, out, error);
    });
  });
  core.def("export_private_key", &export_private_key);
  core.def("import_private_key", [](Core& self, py::object key) {
    const Secret secret(key, "key");
    self.local("import_private_key", [&](mychat_client* client, mychat_error* error) {
      return mychat_client_import_private_key(client, secret.get(), error);
    });
  });
  bind_trust(core);
  core.def("export_backup", [](Core& self, py::object password, py::object kind) {
    const Secret secret(password, "password");
    const auto form = number<std::int32_t>(kind, "kind");
    return self.fetch<mychat_backup>("export_backup", mychat_backup_free,
                                     [&](mychat_client* client, mychat_backup** out, mychat_error* error) {
                                       return mychat_client_export_backup(client, secret.get(), form, out,
                                                                          error);
                                     });
  });
  core.def("import_backup", [](Core& self, py::object data, py::object password) {
    const Bytes bytes(data);
    const Secret secret(password, "password");
    return self.fetch<mychat_backup_report>(
        "import_backup", mychat_backup_report_free,
        [&](mychat_client* client, mychat_backup_report** out, mychat_error* error) {
          return mychat_client_import_backup(client, bytes.data(), bytes.size(), secret.get(), out, error);
        });
  });
  core.def("rotate_identity", [](Core& self, py::object password) {
    const Secret secret(password, "password", kAllowed);
    return self.request("rotate_identity",
                        [&](mychat_client* client, mychat_request_id* out, mychat_error* error) {
                          return mychat_client_rotate_identity(client, secret.get(), out, error);
                        });
  });
}

}  // namespace mychat_python
