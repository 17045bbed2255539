/* The structs of mychat/mls.h that go in: they own what they point to. Included by mychat.i. */

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
