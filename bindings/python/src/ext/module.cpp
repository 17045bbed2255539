// mychat._mychat: the C ABI for the package `mychat`, which gives it types, defaults and descriptions.
#include "binding.h"

PYBIND11_MODULE(_mychat, module) {
  namespace py = pybind11;
  using namespace mychat_python;
  module.def("bind_types", &bind_types);
  module.def("version_number", &mychat_version_number);
  module.def("version_string", &mychat_version_string);
  module.def("build_info", &mychat_build_info);
  module.def("status_name", &mychat_status_name);
  module.def("event_type_name", &mychat_event_type_name);
  // For tests: what times become.
  module.def("time_of", [](std::int64_t millis) { return time_to_python(millis); });
  CoreClass core(module, "Core", py::custom_type_setup([](PyHeapTypeObject* heap_type) {
                   PyTypeObject& type = heap_type->ht_type;
                   type.tp_flags |= Py_TPFLAGS_HAVE_GC;
                   type.tp_traverse = Core::traverse;
                   type.tp_clear = Core::clear;
                 }));
  bind_client(module, core);
  bind_account(core);
  bind_messages(core);
  bind_contacts(core);
  bind_keys(module, core);
  bind_federation(module);
  bind_mls(module);
}
