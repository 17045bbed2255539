// MLS: keys, key packages, groups and commits. Structs become dicts, of which mychat.mls makes its classes.
// The interpreter's lock is kept: a group asks Python while it works.
#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "binding.h"

namespace mychat_python {

namespace {

py::bytes to_bytes(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

template <class Call>
void mls_run(const char* operation, Call&& call) {
  mychat_error error = MYCHAT_ERROR_INIT;
  if (call(&error) != MYCHAT_OK) raise(error, operation);
}

using GivesBytes = std::function<mychat_status(mychat_bytes**, mychat_error*)>;

py::bytes mls_bytes(const char* operation, const GivesBytes& call) {
  Owned<mychat_bytes> result(mychat_bytes_free);
  mls_run(operation, [&](mychat_error* error) { return call(result.out(), error); });
  return to_bytes(result.get()->data, result.get()->size);
}

// A bytearray, which its receiver wipes.
py::object mls_secret(const char* operation, const GivesBytes& call) {
  Owned<mychat_bytes> result(mychat_bytes_free);
  mls_run(operation, [&](mychat_error* error) { return call(result.out(), error); });
  auto made = py::reinterpret_steal<py::object>(PyByteArray_FromStringAndSize(
      reinterpret_cast<const char*>(result.get()->data), static_cast<Py_ssize_t>(result.get()->size)));
  if (!made) throw py::error_already_set();
  return made;
}

// ---- Structs

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

py::list to_list(const mychat_mls_proposal_list& value) {
  py::list made;
  for (std::size_t i = 0; i < value.count; ++i) made.append(to_dict(value.items[i]));
  return made;
}

py::list leaves(const std::uint32_t* items, std::size_t count) {
  py::list made;
  for (std::size_t i = 0; i < count; ++i) made.append(items[i]);
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
  made["proposals"] = to_list(*value->proposals);
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

py::object to_dict(const mychat_mls_proposal_list* value) { return to_list(*value); }

// Pairs of id and content; None: erased.
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

template <class T, class Call>
py::object mls_take(const char* operation, void (*free)(T*), Call&& call) {
  Owned<T> result(free);
  mls_run(operation, [&](mychat_error* error) { return call(result.out(), error); });
  return to_dict(const_cast<const T*>(result.get()));
}

// ---- What a group asks

// Whom C asks: a Python object with `accept`, `is_successor`, `psk` and `accept_commit`, for the time of one
// call, so that nothing of Python's is kept here.
class Host {
 public:
  mychat_mls_options options = MYCHAT_MLS_OPTIONS_INIT;

  Host(std::uint32_t flags, std::int32_t past_epochs, std::int32_t resumption_epochs,
       std::int32_t max_waiting_proposals, std::int32_t max_messages_ahead, std::int64_t max_lifetime) {
    options.flags = flags;
    if ((flags & MYCHAT_MLS_ACCEPT_ALL) == 0) {
      options.accept = accept;
      options.is_successor = is_successor;
    }
    options.psk = psk;
    options.accept_commit = accept_commit;
    options.context = this;
    options.past_epochs = past_epochs;
    options.resumption_epochs = resumption_epochs;
    options.max_waiting_proposals = max_waiting_proposals;
    options.max_messages_ahead = max_messages_ahead;
    options.max_lifetime = max_lifetime;
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // What Python raised comes out of the call, instead of what C made of it.
  template <class Call>
  void ask(const char* operation, py::handle whom, Call&& call) {
    const py::handle before = std::exchange(whom_, whom);
    mychat_error error = MYCHAT_ERROR_INIT;
    const mychat_status status = call(&error);
    whom_ = before;
    if (std::exception_ptr raised = std::exchange(raised_, nullptr)) std::rethrow_exception(raised);
    if (status != MYCHAT_OK) raise(error, operation);
  }

 private:
  template <class Call>
  static std::int32_t answer(void* context, Call&& call) noexcept {
    auto* const self = static_cast<Host*>(context);
    if (self->raised_ || !self->whom_) return 0;
    try {
      return call(self->whom_);
    } catch (...) {
      self->raised_ = std::current_exception();
      return 0;
    }
  }
  static std::int32_t accept(const mychat_mls_credential* credential, const std::uint8_t* signature_key,
                             std::size_t signature_key_size, const std::uint8_t* group_id,
                             std::size_t group_id_size, void* context) {
    return answer(context, [&](py::handle whom) {
      return whom.attr("accept")(to_dict(credential), to_bytes(signature_key, signature_key_size),
                                 to_bytes(group_id, group_id_size))
                     .cast<bool>()
                 ? 1
                 : 0;
    });
  }
  static std::int32_t is_successor(const mychat_mls_credential* before, const mychat_mls_credential* after,
                                   void* context) {
    return answer(context, [&](py::handle whom) {
      return whom.attr("is_successor")(to_dict(before), to_dict(after)).cast<bool>() ? 1 : 0;
    });
  }
  static std::int32_t psk(const mychat_mls_psk_id* id, std::uint8_t* out_secret, void* context) {
    return answer(context, [&](py::handle whom) -> std::int32_t {
      const py::object found = whom.attr("psk")(to_dict(id));
      if (found.is_none()) return 0;
      const Bytes secret(found);
      if (secret.size() == 0 || secret.size() > MYCHAT_MLS_PSK_MAX_SIZE)
        raise_argument("A pre-shared key has 1 to 1024 bytes.");
      const auto* const first = static_cast<const std::uint8_t*>(secret.data());
      std::copy(first, first + secret.size(), out_secret);
      return static_cast<std::int32_t>(secret.size());
    });
  }
  static std::int32_t accept_commit(const mychat_mls_summary* summary, void* context) {
    return answer(context, [&](py::handle whom) {
      return whom.attr("accept_commit")(to_dict(summary)).cast<bool>() ? 1 : 0;
    });
  }

  py::handle whom_;
  std::exception_ptr raised_;
};

// How one appears: (credential, private_key, flags, extensions, extension_types, proposal_types, lifetime).
class Leaf {
 public:
  explicit Leaf(const py::tuple& given)
      : credential_(given[0]),
        key_(given[1]),
        extensions_(given[3]),
        extension_types_(given[4].cast<std::string>()),
        proposal_types_(given[5].cast<std::string>()) {
    options_.flags = number<std::uint32_t>(given[2], "flags");
    options_.credential = credential_.data();
    options_.credential_size = credential_.size();
    options_.private_key = key_.data();
    options_.private_key_size = key_.size();
    options_.extensions = extensions_.data();
    options_.extensions_size = extensions_.size();
    options_.extension_types = extension_types_.c_str();
    options_.proposal_types = proposal_types_.c_str();
    options_.lifetime = number<std::int64_t>(given[6], "lifetime");
  }
  Leaf(const Leaf&) = delete;
  Leaf& operator=(const Leaf&) = delete;
  const mychat_mls_leaf_options* get() const { return &options_; }

 private:
  Bytes credential_, key_, extensions_;
  std::string extension_types_, proposal_types_;
  mychat_mls_leaf_options options_ = MYCHAT_MLS_LEAF_OPTIONS_INIT;
};

std::unique_ptr<Leaf> optional_leaf(const py::object& given) {
  return given.is_none() ? nullptr : std::make_unique<Leaf>(given.cast<py::tuple>());
}

// ---- Handles

class KeyPackage {
 public:
  explicit KeyPackage(mychat_mls_key_package* handle) : handle_(handle, mychat_mls_key_package_free) {}
  mychat_mls_key_package* get() const { return handle_.get(); }

 private:
  std::shared_ptr<mychat_mls_key_package> handle_;
};

class Commit;

class Group {
 public:
  Group(std::shared_ptr<Host> host, mychat_mls_group* handle)
      : host_(std::move(host)), handle_(handle, mychat_mls_group_free) {}
  mychat_mls_group* get() const { return handle_.get(); }
  Host& host() const { return *host_; }
  const std::shared_ptr<Host>& shared_host() const { return host_; }

 private:
  std::shared_ptr<Host> host_;  // It outlives the handle.
  std::shared_ptr<mychat_mls_group> handle_;
};

class Commit {
 public:
  Commit(std::shared_ptr<Host> host, mychat_mls_commit* handle)
      : host_(std::move(host)), handle_(handle, mychat_mls_commit_free) {}
  mychat_mls_commit* get() const { return handle_.get(); }
  const std::shared_ptr<Host>& shared_host() const { return host_; }

 private:
  std::shared_ptr<Host> host_;
  std::shared_ptr<mychat_mls_commit> handle_;
};

Group group_create(std::shared_ptr<Host> host, py::object whom, Whole<std::uint16_t> suite, py::tuple leaf,
                   py::object group_id, py::object extensions) {
  const Leaf as(leaf);
  const Bytes id(group_id), with(extensions);
  mychat_mls_group_options options = MYCHAT_MLS_GROUP_OPTIONS_INIT;
  options.group_id = id.data();
  options.group_id_size = id.size();
  options.extensions = with.data();
  options.extensions_size = with.size();
  mychat_mls_group* made = nullptr;
  host->ask("mls_group_create", whom, [&](mychat_error* error) {
    return mychat_mls_group_create(&host->options, suite, as.get(), &options, &made, error);
  });
  return {std::move(host), made};
}

py::tuple group_join(std::shared_ptr<Host> host, py::object whom, py::object welcome, py::list packages,
                     py::object tree, Group* predecessor) {
  const Bytes message(welcome), nodes(tree);
  std::vector<mychat_mls_key_package*> own;
  for (const py::handle package : packages) own.push_back(package.cast<KeyPackage&>().get());
  mychat_mls_group* made = nullptr;
  std::size_t used = 0;
  host->ask("mls_group_join", whom, [&](mychat_error* error) {
    return mychat_mls_group_join(&host->options, message.data(), message.size(), own.data(), own.size(),
                                 nodes.data(), nodes.size(),
                                 predecessor == nullptr ? nullptr : predecessor->get(), &used, &made, error);
  });
  return py::make_tuple(Group(std::move(host), made), used);
}

Commit group_join_external(std::shared_ptr<Host> host, py::object whom, py::object group_info, py::tuple leaf,
                           Whole<std::uint32_t> replaces, py::object tree, py::object proposals,
                           py::object aad) {
  const Bytes info(group_info), nodes(tree), psks(proposals), with(aad);
  const Leaf as(leaf);
  mychat_mls_external_options options = MYCHAT_MLS_EXTERNAL_OPTIONS_INIT;
  options.replaces = replaces;
  options.tree = nodes.data();
  options.tree_size = nodes.size();
  options.proposals = psks.data();
  options.proposals_size = psks.size();
  options.aad = with.data();
  options.aad_size = with.size();
  mychat_mls_commit* made = nullptr;
  host->ask("mls_group_join_external", whom, [&](mychat_error* error) {
    return mychat_mls_group_join_external(&host->options, info.data(), info.size(), as.get(), &options, &made,
                                          error);
  });
  return {std::move(host), made};
}

Group group_load(std::shared_ptr<Host> host, py::dict records) {
  std::vector<std::string> ids;
  std::vector<std::unique_ptr<Bytes>> contents;
  for (const auto& [id, content] : records) {
    ids.push_back(id.cast<std::string>());
    contents.push_back(std::make_unique<Bytes>(content));
  }
  std::vector<mychat_mls_record> items(ids.size());
  std::vector<const mychat_mls_record*> list;
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i] = {sizeof(mychat_mls_record), 0, ids[i].c_str(),
                static_cast<const std::uint8_t*>(contents[i]->data()), contents[i]->size()};
    list.push_back(&items[i]);
  }
  mychat_mls_group* made = nullptr;
  mls_run("mls_group_load", [&](mychat_error* error) {
    return mychat_mls_group_load(&host->options, list.data(), list.size(), &made, error);
  });
  return {std::move(host), made};
}

Commit group_commit(Group& self, py::object whom, Whole<std::uint32_t> flags, py::object proposals,
                    py::object aad, py::object leaf) {
  const Bytes wanted(proposals), with(aad);
  const std::unique_ptr<Leaf> as = optional_leaf(leaf);
  mychat_mls_commit_options options = MYCHAT_MLS_COMMIT_OPTIONS_INIT;
  options.flags = flags;
  options.proposals = wanted.data();
  options.proposals_size = wanted.size();
  options.aad = with.data();
  options.aad_size = with.size();
  options.leaf = as ? as->get() : nullptr;
  mychat_mls_commit* made = nullptr;
  self.host().ask("mls_group_commit", whom, [&](mychat_error* error) {
    return mychat_mls_group_commit(self.get(), &options, &made, error);
  });
  return {self.shared_host(), made};
}

Commit group_reinitialise(Group& self, std::shared_ptr<Host> host, py::object whom, py::tuple leaf,
                          py::object key_packages) {
  const Leaf as(leaf);
  const Bytes packages(key_packages);
  mychat_mls_commit* made = nullptr;
  host->ask("mls_group_reinitialise", whom, [&](mychat_error* error) {
    return mychat_mls_group_reinitialise(&host->options, self.get(), as.get(), packages.data(),
                                         packages.size(), &made, error);
  });
  return {std::move(host), made};
}

Commit group_branch(Group& self, std::shared_ptr<Host> host, py::object whom, py::tuple leaf,
                    py::object group_id, py::object extensions, py::object key_packages) {
  const Leaf as(leaf);
  const Bytes packages(key_packages), id(group_id), with(extensions);
  mychat_mls_group_options options = MYCHAT_MLS_GROUP_OPTIONS_INIT;
  options.group_id = id.data();
  options.group_id_size = id.size();
  options.extensions = with.data();
  options.extensions_size = with.size();
  mychat_mls_commit* made = nullptr;
  host->ask("mls_group_branch", whom, [&](mychat_error* error) {
    return mychat_mls_group_branch(&host->options, self.get(), as.get(), &options, packages.data(),
                                   packages.size(), &made, error);
  });
  return {std::move(host), made};
}

py::bytes group_propose(Group& self, py::object whom, py::object proposal, py::object aad,
                        Whole<std::uint32_t> flags) {
  const Bytes wanted(proposal), with(aad);
  Owned<mychat_bytes> out(mychat_bytes_free);
  self.host().ask("mls_group_propose", whom, [&](mychat_error* error) {
    return mychat_mls_group_propose(self.get(), wanted.data(), wanted.size(), with.data(), with.size(), flags,
                                    out.out(), error);
  });
  return to_bytes(out.get()->data, out.get()->size);
}

py::bytes group_propose_update(Group& self, py::object whom, py::object leaf, py::object aad,
                               Whole<std::uint32_t> flags) {
  const std::unique_ptr<Leaf> as = optional_leaf(leaf);
  const Bytes with(aad);
  Owned<mychat_bytes> out(mychat_bytes_free);
  self.host().ask("mls_group_propose_update", whom, [&](mychat_error* error) {
    return mychat_mls_group_propose_update(self.get(), as ? as->get() : nullptr, with.data(), with.size(),
                                           flags, out.out(), error);
  });
  return to_bytes(out.get()->data, out.get()->size);
}

py::object group_process(Group& self, py::object whom, py::object message) {
  const Bytes bytes(message);
  Owned<mychat_mls_received> out(mychat_mls_received_free);
  self.host().ask("mls_group_process", whom, [&](mychat_error* error) {
    return mychat_mls_group_process(self.get(), bytes.data(), bytes.size(), out.out(), error);
  });
  return to_dict(const_cast<const mychat_mls_received*>(out.get()));
}

void bind_group(py::module_& module) {
  py::class_<Group>(module, "MlsGroup")
      .def("commit", &group_commit)
      .def("reinitialise", &group_reinitialise)
      .def("branch", &group_branch)
      .def("propose", &group_propose)
      .def("propose_update", &group_propose_update)
      .def("process", &group_process)
      .def("apply",
           [](Group& self, Commit& commit) {
             mls_run("mls_group_apply", [&](mychat_error* error) {
               return mychat_mls_group_apply(self.get(), commit.get(), error);
             });
           })
      .def("protect",
           [](Group& self, py::object data, py::object aad, Whole<std::uint32_t> padding) {
             const Bytes plain(data), with(aad);
             return mls_bytes("mls_group_protect", [&](auto** out, auto* error) {
               return mychat_mls_group_protect(self.get(), plain.data(), plain.size(), with.data(),
                                               with.size(), padding, out, error);
             });
           })
      .def("describe",
           [](Group& self) {
             return mls_take<mychat_mls_group_state>(
                 "mls_group_describe", mychat_mls_group_state_free,
                 [&](auto** out, auto* error) { return mychat_mls_group_describe(self.get(), out, error); });
           })
      .def("members",
           [](Group& self) {
             return mls_take<mychat_mls_member_list>(
                 "mls_group_members", mychat_mls_member_list_free,
                 [&](auto** out, auto* error) { return mychat_mls_group_members(self.get(), out, error); });
           })
      .def("waiting",
           [](Group& self) {
             return mls_take<mychat_mls_proposal_list>(
                 "mls_group_waiting", mychat_mls_proposal_list_free,
                 [&](auto** out, auto* error) { return mychat_mls_group_waiting(self.get(), out, error); });
           })
      .def("drop_waiting",
           [](Group& self) {
             mls_run("mls_group_drop_waiting",
                     [&](mychat_error* error) { return mychat_mls_group_drop_waiting(self.get(), error); });
           })
      .def("epoch_authenticator",
           [](Group& self) {
             return mls_secret("mls_group_epoch_authenticator", [&](auto** out, auto* error) {
               return mychat_mls_group_epoch_authenticator(self.get(), out, error);
             });
           })
      .def("export_secret",
           [](Group& self, py::object label, py::object context, Whole<std::size_t> size) {
             const Text name(label, "label");
             const Bytes with(context);
             return mls_secret("mls_group_export_secret", [&](auto** out, auto* error) {
               return mychat_mls_group_export_secret(self.get(), name.get(), with.data(), with.size(), size,
                                                     out, error);
             });
           })
      .def("resumption_psk",
           [](Group& self, Whole<std::uint64_t> epoch) {
             return mls_secret("mls_group_resumption_psk", [&](auto** out, auto* error) {
               return mychat_mls_group_resumption_psk(self.get(), epoch, out, error);
             });
           })
      .def("export_info",
           [](Group& self, Whole<std::uint32_t> flags) {
             return mls_bytes("mls_group_export_info", [&](auto** out, auto* error) {
               return mychat_mls_group_export_info(self.get(), flags, out, error);
             });
           })
      .def("compare",
           [](Group& self, py::object group_info) {
             const Bytes info(group_info);
             mychat_mls_relation relation = 0;
             mls_run("mls_group_compare", [&](mychat_error* error) {
               return mychat_mls_group_compare(self.get(), info.data(), info.size(), &relation, error);
             });
             return relation;
           })
      .def("export_tree",
           [](Group& self) {
             return mls_bytes("mls_group_export_tree", [&](auto** out, auto* error) {
               return mychat_mls_group_export_tree(self.get(), out, error);
             });
           })
      .def("save",
           [](Group& self) {
             return mls_take<mychat_mls_record_list>(
                 "mls_group_save", mychat_mls_record_list_free,
                 [&](auto** out, auto* error) { return mychat_mls_group_save(self.get(), out, error); });
           })
      .def("take_changes", [](Group& self) {
        return mls_take<mychat_mls_record_list>(
            "mls_group_take_changes", mychat_mls_record_list_free,
            [&](auto** out, auto* error) { return mychat_mls_group_take_changes(self.get(), out, error); });
      });
}

void bind_commit(py::module_& module) {
  py::class_<Commit>(module, "MlsCommit")
      .def("message",
           [](Commit& self) {
             return mls_bytes("mls_commit_message", [&](auto** out, auto* error) {
               return mychat_mls_commit_message(self.get(), out, error);
             });
           })
      .def("welcome",
           [](Commit& self) {
             return mls_bytes("mls_commit_welcome", [&](auto** out, auto* error) {
               return mychat_mls_commit_welcome(self.get(), out, error);
             });
           })
      .def("summary",
           [](Commit& self) {
             return mls_take<mychat_mls_summary>(
                 "mls_commit_summary", mychat_mls_summary_free,
                 [&](auto** out, auto* error) { return mychat_mls_commit_summary(self.get(), out, error); });
           })
      .def("save",
           [](Commit& self) {
             return mls_take<mychat_mls_record_list>(
                 "mls_commit_save", mychat_mls_record_list_free,
                 [&](auto** out, auto* error) { return mychat_mls_commit_save(self.get(), out, error); });
           })
      .def("group", [](Commit& self) {
        mychat_mls_group* made = nullptr;
        mls_run("mls_commit_group",
                [&](mychat_error* error) { return mychat_mls_commit_group(self.get(), &made, error); });
        return Group(self.shared_host(), made);
      });
}

void bind_key_package(py::module_& module) {
  py::class_<KeyPackage>(module, "MlsKeyPackage")
      .def("message",
           [](KeyPackage& self) {
             return mls_bytes("mls_key_package_message", [&](auto** out, auto* error) {
               return mychat_mls_key_package_message(self.get(), out, error);
             });
           })
      .def("ref",
           [](KeyPackage& self) {
             return mls_bytes("mls_key_package_ref", [&](auto** out, auto* error) {
               return mychat_mls_key_package_ref(self.get(), out, error);
             });
           })
      .def("save",
           [](KeyPackage& self) {
             return mls_secret("mls_key_package_save", [&](auto** out, auto* error) {
               return mychat_mls_key_package_save(self.get(), out, error);
             });
           })
      .def("is_last_resort",
           [](KeyPackage& self) { return mychat_mls_key_package_is_last_resort(self.get()) != 0; });
  module.def("mls_key_package_create", [](Whole<std::uint16_t> suite, py::tuple leaf) {
    const Leaf as(leaf);
    mychat_mls_key_package* made = nullptr;
    mls_run("mls_key_package_create", [&](mychat_error* error) {
      return mychat_mls_key_package_create(suite, as.get(), &made, error);
    });
    return KeyPackage(made);
  });
  module.def("mls_key_package_load", [](py::object secret) {
    const Bytes bytes(secret);
    mychat_mls_key_package* made = nullptr;
    mls_run("mls_key_package_load", [&](mychat_error* error) {
      return mychat_mls_key_package_load(bytes.data(), bytes.size(), &made, error);
    });
    return KeyPackage(made);
  });
}

void bind_proposals(py::module_& module) {
  module.def("mls_propose_add", [](py::object key_package) {
    const Bytes bytes(key_package);
    return mls_bytes("mls_propose_add", [&](auto** out, auto* error) {
      return mychat_mls_propose_add(bytes.data(), bytes.size(), out, error);
    });
  });
  module.def("mls_propose_remove", [](Whole<std::uint32_t> leaf_index) {
    return mls_bytes("mls_propose_remove", [&](auto** out, auto* error) {
      return mychat_mls_propose_remove(leaf_index, out, error);
    });
  });
  module.def("mls_propose_psk", [](Whole<std::uint16_t> suite, py::object id) {
    const Bytes bytes(id);
    return mls_bytes("mls_propose_psk", [&](auto** out, auto* error) {
      return mychat_mls_propose_psk(suite, bytes.data(), bytes.size(), out, error);
    });
  });
  module.def("mls_propose_resumption_psk", [](Whole<std::uint16_t> suite, py::object group_id,
                                              Whole<std::uint64_t> epoch) {
    const Bytes bytes(group_id);
    return mls_bytes("mls_propose_resumption_psk", [&](auto** out, auto* error) {
      return mychat_mls_propose_resumption_psk(suite, bytes.data(), bytes.size(), epoch, out, error);
    });
  });
  module.def(
      "mls_propose_reinit", [](py::object group_id, Whole<std::uint16_t> suite, py::object extensions) {
        const Bytes id(group_id), with(extensions);
        return mls_bytes("mls_propose_reinit", [&](auto** out, auto* error) {
          return mychat_mls_propose_reinit(id.data(), id.size(), suite, with.data(), with.size(), out, error);
        });
      });
  module.def("mls_propose_extensions", [](py::object extensions) {
    const Bytes with(extensions);
    return mls_bytes("mls_propose_extensions", [&](auto** out, auto* error) {
      return mychat_mls_propose_extensions(with.data(), with.size(), out, error);
    });
  });
  module.def("mls_propose_self_remove", [] {
    return mls_bytes("mls_propose_self_remove",
                     [&](auto** out, auto* error) { return mychat_mls_propose_self_remove(out, error); });
  });
  module.def("mls_read_proposal", [](py::object proposal) {
    const Bytes bytes(proposal);
    return mls_take<mychat_mls_proposal>(
        "mls_read_proposal", mychat_mls_proposal_free, [&](auto** out, auto* error) {
          return mychat_mls_read_proposal(bytes.data(), bytes.size(), out, error);
        });
  });
}

void bind_names(py::module_& module) {
  module.def("mls_rule_text",
             [](Whole<std::int32_t> rule) { return text_to_python(mychat_mls_rule_text(rule)); });
  module.def("mls_rule_section",
             [](Whole<std::int32_t> rule) { return text_to_python(mychat_mls_rule_section(rule)); });
  module.def("mls_supported_suite",
             [](Whole<std::size_t> index) { return mychat_mls_supported_suite(index); });
  module.def("mls_new_signature_key", [](Whole<std::uint16_t> suite) {
    return mls_secret("mls_new_signature_key", [&](auto** out, auto* error) {
      return mychat_mls_new_signature_key(suite, out, error);
    });
  });
  module.def("mls_signature_public_key", [](Whole<std::uint16_t> suite, py::object private_key) {
    const Bytes key(private_key);
    return mls_bytes("mls_signature_public_key", [&](auto** out, auto* error) {
      return mychat_mls_signature_public_key(suite, key.data(), key.size(), out, error);
    });
  });
  module.def("mls_basic_credential", [](py::object identity) {
    const Bytes bytes(identity);
    return mls_bytes("mls_basic_credential", [&](auto** out, auto* error) {
      return mychat_mls_basic_credential(bytes.data(), bytes.size(), out, error);
    });
  });
  module.def("mls_account_credential",
             [](py::object handle, py::object device_id, py::object account_key, py::object signature_key) {
               const Text user(handle, "handle"), device(device_id, "device_id");
               const Bytes key(account_key), leaf(signature_key);
               return mls_bytes("mls_account_credential", [&](auto** out, auto* error) {
                 return mychat_mls_account_credential(user.get(), device.get(), key.data(), key.size(),
                                                      leaf.data(), leaf.size(), out, error);
               });
             });
  module.def("mls_verify_account",
             [](py::object credential, py::object signature_key, py::object account_public_key) {
               const Bytes named(credential), leaf(signature_key), key(account_public_key);
               mls_run("mls_verify_account", [&](mychat_error* error) {
                 return mychat_mls_verify_account(named.data(), named.size(), leaf.data(), leaf.size(),
                                                  key.data(), key.size(), error);
               });
             });
  module.def("mls_read_credential", [](py::object credential) {
    const Bytes bytes(credential);
    return mls_take<mychat_mls_credential>(
        "mls_read_credential", mychat_mls_credential_free, [&](auto** out, auto* error) {
          return mychat_mls_read_credential(bytes.data(), bytes.size(), out, error);
        });
  });
  module.def("mls_extension", [](Whole<std::uint16_t> type, py::object data) {
    const Bytes bytes(data);
    return mls_bytes("mls_extension", [&](auto** out, auto* error) {
      return mychat_mls_extension(type, bytes.data(), bytes.size(), out, error);
    });
  });
  module.def("mls_required_capabilities", [](py::object extension_types, py::object proposal_types,
                                             py::object credential_types) {
    const Text extensions(extension_types, "extension_types"), proposals(proposal_types, "proposal_types"),
        credentials(credential_types, "credential_types");
    return mls_bytes("mls_required_capabilities", [&](auto** out, auto* error) {
      return mychat_mls_required_capabilities(extensions.get(), proposals.get(), credentials.get(), out,
                                              error);
    });
  });
  module.def("mls_read_message", [](py::object message) {
    const Bytes bytes(message);
    return mls_take<mychat_mls_message>(
        "mls_read_message", mychat_mls_message_free, [&](auto** out, auto* error) {
          return mychat_mls_read_message(bytes.data(), bytes.size(), out, error);
        });
  });
}

}  // namespace

void bind_mls(py::module_& module) {
  py::class_<Host, std::shared_ptr<Host>>(module, "MlsHost")
      .def(py::init([](Whole<std::uint32_t> flags, Whole<std::int32_t> past_epochs,
                       Whole<std::int32_t> resumption_epochs, Whole<std::int32_t> max_waiting_proposals,
                       Whole<std::int32_t> max_messages_ahead, Whole<std::int64_t> max_lifetime) {
        return std::make_shared<Host>(flags, past_epochs, resumption_epochs, max_waiting_proposals,
                                      max_messages_ahead, max_lifetime);
      }));
  bind_key_package(module);
  bind_commit(module);
  bind_group(module);
  bind_proposals(module);
  bind_names(module);
  module.def("mls_group_create", &group_create);
  module.def("mls_group_join", &group_join, py::arg(), py::arg(), py::arg(), py::arg(), py::arg(),
             py::arg().none(true));
  module.def("mls_group_join_external", &group_join_external);
  module.def("mls_group_load", &group_load);
}

}  // namespace mychat_python
