/* The structs of mychat/mls.h: those that go in own what they point to. Included by mychat.i. */

/* ---- Structs that go in ---- */
MYCHAT_OPTIONS(mychat_mls_options)
MYCHAT_OPTIONS(mychat_mls_leaf_options)
MYCHAT_OPTIONS(mychat_mls_group_options)
MYCHAT_OPTIONS(mychat_mls_external_options)
MYCHAT_OPTIONS(mychat_mls_commit_options)
%feature("immutable", "0") mychat_mls_options::flags;
%feature("immutable", "0") mychat_mls_options::past_epochs;
%feature("immutable", "0") mychat_mls_options::resumption_epochs;
%feature("immutable", "0") mychat_mls_options::max_waiting_proposals;
%feature("immutable", "0") mychat_mls_options::max_messages_ahead;
%feature("immutable", "0") mychat_mls_options::max_lifetime;
%feature("immutable", "0") mychat_mls_leaf_options::flags;
%feature("immutable", "0") mychat_mls_leaf_options::extension_types;
%feature("immutable", "0") mychat_mls_leaf_options::proposal_types;
%feature("immutable", "0") mychat_mls_leaf_options::lifetime;
%feature("immutable", "0") mychat_mls_external_options::replaces;
%feature("immutable", "0") mychat_mls_commit_options::flags;
%ignore mychat_mls_group_options::flags;
%ignore mychat_mls_commit_options::leaf;
// What a group asks: see the language's part.
%ignore mychat_mls_options::accept;
%ignore mychat_mls_options::is_successor;
%ignore mychat_mls_options::psk;
%ignore mychat_mls_options::accept_commit;
%ignore mychat_mls_options::context;

// A member of bytes is written by a function: it takes a copy. False: no memory.
%define MYCHAT_MLS_BYTES(T, FIELD)
%ignore T::FIELD;
%ignore T::FIELD##_size;
%extend T {
  bool set_##FIELD(const void* data, size_t size) {
    return mychat_swig_set_bytes(&$self->FIELD, &$self->FIELD##_size, data, size);
  }
}
%enddef
MYCHAT_MLS_BYTES(mychat_mls_leaf_options, credential)
MYCHAT_MLS_BYTES(mychat_mls_leaf_options, private_key)
MYCHAT_MLS_BYTES(mychat_mls_leaf_options, extensions)
MYCHAT_MLS_BYTES(mychat_mls_group_options, group_id)
MYCHAT_MLS_BYTES(mychat_mls_group_options, extensions)
MYCHAT_MLS_BYTES(mychat_mls_external_options, tree)
MYCHAT_MLS_BYTES(mychat_mls_external_options, proposals)
MYCHAT_MLS_BYTES(mychat_mls_external_options, aad)
MYCHAT_MLS_BYTES(mychat_mls_commit_options, proposals)
MYCHAT_MLS_BYTES(mychat_mls_commit_options, aad)

%header %{
namespace {
void mychat_swig_drop_leaf(mychat_mls_leaf_options* leaf) {
  if (leaf == nullptr) return;
  mychat_swig_set_bytes(&leaf->credential, &leaf->credential_size, nullptr, 0);
  mychat_swig_set_bytes(&leaf->private_key, &leaf->private_key_size, nullptr, 0);
  mychat_swig_set_bytes(&leaf->extensions, &leaf->extensions_size, nullptr, 0);
  mychat_swig_drop(leaf->extension_types);
  mychat_swig_drop(leaf->proposal_types);
  free(leaf);
}
mychat_mls_leaf_options* mychat_swig_new_leaf() {
  void* const made = calloc(1, sizeof(mychat_mls_leaf_options));
  mychat_mls_leaf_options_init(static_cast<mychat_mls_leaf_options*>(made));
  return static_cast<mychat_mls_leaf_options*>(made);
}
// NULL: no memory.
mychat_mls_leaf_options* mychat_swig_copy_leaf(const mychat_mls_leaf_options& leaf) {
  mychat_mls_leaf_options* const made = mychat_swig_new_leaf();
  if (made == nullptr) return nullptr;
  made->flags = leaf.flags;
  made->lifetime = leaf.lifetime;
  mychat_swig_set(&made->extension_types, leaf.extension_types);
  mychat_swig_set(&made->proposal_types, leaf.proposal_types);
  const bool whole = (leaf.extension_types == nullptr) == (made->extension_types == nullptr) &&
                     (leaf.proposal_types == nullptr) == (made->proposal_types == nullptr) &&
                     mychat_swig_set_bytes(&made->credential, &made->credential_size, leaf.credential, leaf.credential_size) &&
                     mychat_swig_set_bytes(&made->private_key, &made->private_key_size, leaf.private_key, leaf.private_key_size) &&
                     mychat_swig_set_bytes(&made->extensions, &made->extensions_size, leaf.extensions, leaf.extensions_size);
  if (whole) return made;
  mychat_swig_drop_leaf(made);
  return nullptr;
}
}  // namespace
%}

%extend mychat_mls_options {
  mychat_mls_options() {
    mychat_mls_options* const made = static_cast<mychat_mls_options*>(calloc(1, sizeof(mychat_mls_options)));
    mychat_mls_options_init(made);
    return made;
  }
  ~mychat_mls_options() { free($self); }
}
%extend mychat_mls_leaf_options {
  mychat_mls_leaf_options() { return mychat_swig_new_leaf(); }
  ~mychat_mls_leaf_options() { mychat_swig_drop_leaf($self); }
}
%extend mychat_mls_group_options {
  mychat_mls_group_options() {
    mychat_mls_group_options* const made = static_cast<mychat_mls_group_options*>(calloc(1, sizeof(mychat_mls_group_options)));
    mychat_mls_group_options_init(made);
    return made;
  }
  ~mychat_mls_group_options() {
    mychat_swig_set_bytes(&$self->group_id, &$self->group_id_size, nullptr, 0);
    mychat_swig_set_bytes(&$self->extensions, &$self->extensions_size, nullptr, 0);
    free($self);
  }
}
%extend mychat_mls_external_options {
  mychat_mls_external_options() {
    mychat_mls_external_options* const made =
        static_cast<mychat_mls_external_options*>(calloc(1, sizeof(mychat_mls_external_options)));
    mychat_mls_external_options_init(made);
    return made;
  }
  ~mychat_mls_external_options() {
    mychat_swig_set_bytes(&$self->tree, &$self->tree_size, nullptr, 0);
    mychat_swig_set_bytes(&$self->proposals, &$self->proposals_size, nullptr, 0);
    mychat_swig_set_bytes(&$self->aad, &$self->aad_size, nullptr, 0);
    free($self);
  }
}
%extend mychat_mls_commit_options {
  mychat_mls_commit_options() {
    mychat_mls_commit_options* const made =
        static_cast<mychat_mls_commit_options*>(calloc(1, sizeof(mychat_mls_commit_options)));
    mychat_mls_commit_options_init(made);
    return made;
  }
  ~mychat_mls_commit_options() {
    mychat_swig_set_bytes(&$self->proposals, &$self->proposals_size, nullptr, 0);
    mychat_swig_set_bytes(&$self->aad, &$self->aad_size, nullptr, 0);
    mychat_swig_drop_leaf(const_cast<mychat_mls_leaf_options*>($self->leaf));
    free($self);
  }
  /** How this member appears from then on; it is copied. False: no memory. */
  bool set_leaf(const mychat_mls_leaf_options* leaf) {
    mychat_mls_leaf_options* const copy = leaf == nullptr ? nullptr : mychat_swig_copy_leaf(*leaf);
    if (leaf != nullptr && copy == nullptr) return false;
    mychat_swig_drop_leaf(const_cast<mychat_mls_leaf_options*>($self->leaf));
    $self->leaf = copy;
    return true;
  }
}

/* ---- Structs that come out ---- */
MYCHAT_VIEW(mychat_mls_psk_id)
MYCHAT_VIEW(mychat_mls_member)
MYCHAT_VIEW(mychat_mls_record)
MYCHAT_LIST(mychat_mls_proposal_list, mychat_mls_proposal)
MYCHAT_LIST(mychat_mls_member_list, mychat_mls_member)
MYCHAT_LIST(mychat_mls_record_list, mychat_mls_record)
MYCHAT_OWNED(mychat_mls_credential, mychat_mls_credential_free)
MYCHAT_OWNED(mychat_mls_proposal, mychat_mls_proposal_free)
MYCHAT_OWNED(mychat_mls_proposal_list, mychat_mls_proposal_list_free)
MYCHAT_OWNED(mychat_mls_message, mychat_mls_message_free)
MYCHAT_OWNED(mychat_mls_summary, mychat_mls_summary_free)
MYCHAT_OWNED(mychat_mls_group_state, mychat_mls_group_state_free)
MYCHAT_OWNED(mychat_mls_member_list, mychat_mls_member_list_free)
MYCHAT_OWNED(mychat_mls_received, mychat_mls_received_free)
MYCHAT_OWNED(mychat_mls_record_list, mychat_mls_record_list_free)
// These are opaque: proxies of empty structs with a destructor.
MYCHAT_OWNED(mychat_mls_key_package, mychat_mls_key_package_free)
MYCHAT_OWNED(mychat_mls_group, mychat_mls_group_free)
MYCHAT_OWNED(mychat_mls_commit, mychat_mls_commit_free)
struct mychat_mls_key_package {};
struct mychat_mls_group {};
struct mychat_mls_commit {};

#if defined(SWIGJAVASCRIPT)
void mychat_js_free_key_package(mychat_mls_key_package* freed);
void mychat_js_free_group(mychat_mls_group* freed);
void mychat_js_free_commit(mychat_mls_commit* freed);
bool mychat_js_is_application(const void* data, size_t size);
mychat_status mychat_js_process_data(mychat_mls_group* group, const void* data, size_t size,
                                     mychat_mls_received** out_received, mychat_error* error);
#endif
