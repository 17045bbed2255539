// MLS: structs on their way to Python.
#include "mls.h"

namespace mychat_python::mls {

namespace {

py::list leaves(const std::uint32_t* items, std::size_t count) {
  py::list made;
  for (std::size_t i = 0; i < count; ++i) made.append(items[i]);
  return made;
}

}  // namespace

py::bytes to_bytes(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

py::object to_secret(const mychat_bytes* value) {
  auto made = py::reinterpret_steal<py::object>(PyByteArray_FromStringAndSize(
      reinterpret_cast<const char*>(value->data), static_cast<Py_ssize_t>(value->size)));
  if (!made) throw py::error_already_set();
  return made;
}

py::object to_dict(const mychat_mls_credential* value) {
  if (value == nullptr) return py::none();
  py::dict made;
  made["type"] = value->type;
  made["encoded"] = to_bytes(value->encoded, value->encoded_size);
  made["identity"] = to_bytes(value->identity, value->identity_size);
  made["handle"] = text_to_python(value->handle);
  made["device_id"] = text_to_python(value->device_id);
  return made;
}

py::object to_dict(const mychat_mls_psk_id* value) {
  if (value == nullptr) return py::none();
  py::dict made;
  made["type"] = value->type;
  made["usage"] = value->usage;
  made["id"] = to_bytes(value->id, value->id_size);
  made["group_id"] = to_bytes(value->group_id, value->group_id_size);
  made["epoch"] = value->epoch;
  return made;
}

py::object to_dict(const mychat_mls_proposal* value) {
  if (value == nullptr) return py::none();
  py::dict made;
  made["type"] = value->type;
  made["sender_type"] = value->sender_type;
  made["sender"] = value->sender;
  made["leaf_index"] = value->leaf_index;
  made["suite"] = value->suite;
  made["encoded"] = to_bytes(value->encoded, value->encoded_size);
  made["reference"] = to_bytes(value->reference, value->reference_size);
  made["credential"] = to_dict(value->credential);
  made["signature_key"] = to_bytes(value->signature_key, value->signature_key_size);
  made["psk"] = to_dict(value->psk);
  made["group_id"] = to_bytes(value->group_id, value->group_id_size);
  made["extensions"] = to_bytes(value->extensions, value->extensions_size);
  return made;
}

py::object to_dict(const mychat_mls_summary* value) {
  if (value == nullptr) return py::none();
  py::dict made;
  made["removes_us"] = value->removes_us != 0;
  made["has_path"] = value->has_path != 0;
  made["committer_type"] = value->committer_type;
  made["committer"] = value->committer;
  made["epoch"] = value->epoch;
  made["proposals"] = to_dict(value->proposals);
  made["added"] = leaves(value->added, value->added_count);
  made["updated"] = leaves(value->updated, value->updated_count);
  made["removed"] = leaves(value->removed, value->removed_count);
  return made;
}

py::object to_dict(const mychat_mls_message* value) {
  py::dict made;
  made["format"] = value->format;
  made["content"] = value->content;
  made["suite"] = value->suite;
  made["epoch"] = value->epoch;
  made["group_id"] = to_bytes(value->group_id, value->group_id_size);
  py::list references;
  for (std::size_t at = 0; at + value->reference_size <= value->references_size && value->reference_size != 0;
       at += value->reference_size)
    references.append(to_bytes(value->references + at, value->reference_size));
  made["references"] = references;
  made["credential"] = to_dict(value->credential);
  made["signature_key"] = to_bytes(value->signature_key, value->signature_key_size);
  return made;
}

py::object to_dict(const mychat_mls_group_state* value) {
  py::dict made;
  made["suite"] = value->suite;
  made["is_active"] = value->is_active != 0;
  made["was_removed"] = value->was_removed != 0;
  made["own_leaf"] = value->own_leaf;
  made["member_count"] = value->member_count;
  made["epoch"] = value->epoch;
  made["group_id"] = to_bytes(value->group_id, value->group_id_size);
  made["extensions"] = to_bytes(value->extensions, value->extensions_size);
  made["reinit"] = to_dict(value->reinit);
  return made;
}

py::object to_dict(const mychat_mls_received* value) {
  py::dict made;
  made["content"] = value->content;
  made["sender_type"] = value->sender_type;
  made["sender"] = value->sender;
  made["epoch"] = value->epoch;
  made["credential"] = to_dict(value->credential);
  made["data"] = to_bytes(value->data, value->data_size);
  made["aad"] = to_bytes(value->aad, value->aad_size);
  made["proposal"] = to_dict(value->proposal);
  made["commit"] = to_dict(value->commit);
  return made;
}

py::object to_dict(const mychat_mls_member_list* value) {
  py::list made;
  for (std::size_t i = 0; i < value->count; ++i) {
    const mychat_mls_member& item = *value->items[i];
    py::dict member;
    member["leaf_index"] = item.leaf_index;
    member["credential"] = to_dict(item.credential);
    member["signature_key"] = to_bytes(item.signature_key, item.signature_key_size);
    made.append(member);
  }
  return made;
}

py::object to_dict(const mychat_mls_proposal_list* value) {
  py::list made;
  for (std::size_t i = 0; i < value->count; ++i) made.append(to_dict(value->items[i]));
  return made;
}

py::object to_dict(const mychat_mls_record_list* value) {
  py::list made;
  for (std::size_t i = 0; i < value->count; ++i) {
    const mychat_mls_record& item = *value->items[i];
    made.append(py::make_tuple(text_to_python(item.id),
                               item.is_erased != 0 ? py::object(py::none())
                                                   : py::object(to_bytes(item.content, item.content_size))));
  }
  return made;
}

}  // namespace mychat_python::mls
