#include "nodes.h"

mychat_federation_node* node_of(const char* domain, const char* url, const mychat_bytes* key) {
  mychat_federation_options options = MYCHAT_FEDERATION_OPTIONS_INIT;
  mychat_federation_node* node = NULL;
  options.domain = domain;
  options.api_url = url;
  options.capabilities = "messages receipts";
  OK(mychat_federation_node_create(&options, key->data, key->size, &node, &error));
  return node;
}

char* document_of(mychat_federation_node* node, int64_t sequence, const char* previous,
                  const mychat_bytes* previous_key) {
  mychat_federation_document_options options = MYCHAT_FEDERATION_DOCUMENT_OPTIONS_INIT;
  char* json = NULL;
  options.sequence = sequence;
  options.issued_at = NOW;
  options.valid_until = NOW + 7 * DAY;
  options.previous = previous;
  OK(mychat_federation_sign_document(node, &options, previous_key == NULL ? NULL : previous_key->data,
                                     previous_key == NULL ? 0 : previous_key->size, &json, &error));
  return json;
}

static void begin_one(one* self, const char* domain, const char* url) {
  OK(mychat_federation_new_key(&self->key, &error));
  assert_int_equal(self->key->size, MYCHAT_FEDERATION_KEY_SIZE);
  self->node = node_of(domain, url, self->key);
  self->json = document_of(self->node, 1, NULL, NULL);
  OK(mychat_federation_verify_document(self->json, domain, NULL, 0, NOW, &self->document, &error));
}

static void end_one(one* self) {
  mychat_federation_document_free(self->document);
  mychat_string_free(self->json);
  mychat_federation_node_free(self->node);
  mychat_bytes_free(self->key);
}

int new_pair(void** state) {
  pair* made = calloc(1, sizeof *made);
  if (made == NULL) return 1;
  begin_one(&made->a, "a.example", "https://a.example/api/federation");
  begin_one(&made->b, "b.example", "https://chat.b.example:8443/fed");
  *state = made;
  return 0;
}

int end_pair(void** state) {
  pair* made = *state;
  end_one(&made->a);
  end_one(&made->b);
  free(made);
  return 0;
}
