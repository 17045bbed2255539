/* Nodes through the C functions: requests and answers, and what somebody in between may try. */
#include "nodes.h"

#define URI "https://b.example/api/federation/transactions"
#define BODY "{\"items\":[]}"

static void a_signed_request_is_taken_once(void** state) {
  const pair* p = *state;
  const char *of_a = p->a.document->known, *of_b = p->b.document->known;
  char *headers = NULL, *text = NULL, *answer = NULL;
  const size_t size = strlen(BODY);
  OK(mychat_federation_sign_request(p->a.node, "b.example", "POST", URI, BODY, size, NOW, &headers, &error));
  OK(mychat_federation_request_origin(headers, &text, &error));
  assert_string_equal(text, "a.example");
  mychat_string_free(text);
#define VERIFY(node, method, uri, headers, body, known, now)                                            \
  mychat_federation_verify_request(node, method, uri, headers, body, (body) == NULL ? 0 : strlen(body), \
                                   known, now, &error)
  EXPECT(MYCHAT_E_SIGNATURE, VERIFY(p->b.node, "POST", URI, headers, "{}", of_a, NOW));
  EXPECT(MYCHAT_E_SIGNATURE, VERIFY(p->b.node, "PUT", URI, headers, BODY, of_a, NOW));
  EXPECT(MYCHAT_E_SIGNATURE, VERIFY(p->b.node, "POST", URI "?x", headers, BODY, of_a, NOW));
  EXPECT(MYCHAT_E_SIGNATURE, VERIFY(p->b.node, "POST", URI, "", BODY, of_a, NOW));
  EXPECT(MYCHAT_E_MALFORMED, VERIFY(p->b.node, "POST", URI, "no header", BODY, of_a, NOW));
  EXPECT(MYCHAT_E_KEY_MISMATCH, VERIFY(p->a.node, "POST", URI, headers, BODY, of_a, NOW));
  EXPECT(MYCHAT_E_KEY_MISMATCH, VERIFY(p->b.node, "POST", URI, headers, BODY, of_b, NOW));
  EXPECT(MYCHAT_E_STALE, VERIFY(p->b.node, "POST", URI, headers, BODY, of_a, NOW + 91000));
  EXPECT(MYCHAT_E_STALE, VERIFY(p->b.node, "POST", URI, headers, BODY, of_a, NOW - 31000));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, VERIFY(NULL, "POST", URI, headers, BODY, of_a, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, VERIFY(p->b.node, "post", URI, headers, BODY, of_a, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, VERIFY(p->b.node, "POST", NULL, headers, BODY, of_a, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, VERIFY(p->b.node, "POST", URI, NULL, BODY, of_a, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, VERIFY(p->b.node, "POST", URI, headers, BODY, NULL, NOW));
  OK(VERIFY(p->b.node, "POST", URI, headers, BODY, of_a, NOW + 1000));
  EXPECT(MYCHAT_E_REPLAY, VERIFY(p->b.node, "POST", URI, headers, BODY, of_a, NOW + 1000));
#undef VERIFY
  /* The answer is bound to it. */
  OK(mychat_federation_sign_response(p->b.node, "POST", URI, headers, 200, "{}", 2, NOW, &answer, &error));
#define ANSWERED(status, headers, body, known, now)                                                       \
  mychat_federation_verify_response("POST", URI, headers, status, answer, body, strlen(body), known, now, \
                                    &error)
  OK(ANSWERED(200, headers, "{}", of_b, NOW));
  EXPECT(MYCHAT_E_SIGNATURE, ANSWERED(201, headers, "{}", of_b, NOW));
  EXPECT(MYCHAT_E_SIGNATURE, ANSWERED(200, headers, "[]", of_b, NOW));
  EXPECT(MYCHAT_E_KEY_MISMATCH, ANSWERED(200, headers, "{}", of_a, NOW));
  EXPECT(MYCHAT_E_STALE, ANSWERED(200, headers, "{}", of_b, NOW + 91000));
  char* other = NULL;
  OK(mychat_federation_sign_request(p->a.node, "b.example", "POST", URI, BODY, size, NOW, &other, &error));
  EXPECT(MYCHAT_E_SIGNATURE, ANSWERED(200, other, "{}", of_b, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, ANSWERED(99, headers, "{}", of_b, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, ANSWERED(200, NULL, "{}", of_b, NOW));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, ANSWERED(200, headers, "{}", NULL, NOW));
#undef ANSWERED
  mychat_string_free(other);
  mychat_string_free(answer);
  mychat_string_free(headers);
}

static void what_cannot_be_signed_is_refused(void** state) {
  const pair* p = *state;
  char* out = (char*)(uintptr_t)8;
#define SIGN(destination, method, uri, body, size) \
  mychat_federation_sign_request(p->a.node, destination, method, uri, body, size, NOW, &out, &error)
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, SIGN("no domain", "GET", URI, NULL, 0));
  assert_null(out);
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, SIGN("b.example", "GET /", URI, NULL, 0));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, SIGN("b.example", "GET", "/path", NULL, 0));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, SIGN("b.example", "GET", URI, NULL, 1));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, SIGN(NULL, "GET", URI, NULL, 0));
#undef SIGN
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_request(NULL, "b.example", "GET", URI, NULL, 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_request(p->a.node, "b.example", "GET", URI, NULL, 0, NOW, NULL, &error));
  EXPECT(MYCHAT_E_SIGNATURE,
         mychat_federation_sign_response(p->a.node, "GET", URI, "", 200, "", 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_response(p->a.node, "GET", URI, "", 600, "", 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_sign_response(NULL, "GET", URI, "", 200, "", 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_SIGNATURE, mychat_federation_request_origin("Host: b\r\n", &out, &error));
  EXPECT(MYCHAT_E_MALFORMED, mychat_federation_request_origin("X-Origin-Node: a b\n", &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_request_origin(NULL, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_request_origin("Host: b\n", NULL, &error));
  const size_t much = 70000;
  char* long_headers = malloc(much + 1);
  assert_non_null(long_headers);
  memset(long_headers, 'a', much);
  long_headers[much] = 0;
  EXPECT(MYCHAT_E_TOO_LARGE, mychat_federation_request_origin(long_headers, &out, &error));
  free(long_headers);
}

static void an_earlier_life_is_remembered(void** state) {
  const pair* p = *state;
  mychat_federation_options options = MYCHAT_FEDERATION_OPTIONS_INIT;
  mychat_federation_node* restarted = NULL;
  char* headers = NULL;
  options.domain = "b.example";
  options.api_url = "https://b.example/f";
  options.began_at = NOW;
  OK(mychat_federation_node_create(&options, p->b.key->data, p->b.key->size, &restarted, &error));
  OK(mychat_federation_sign_request(p->a.node, "b.example", "GET", URI, NULL, 0, NOW - 1000, &headers,
                                    &error));
  EXPECT(MYCHAT_E_STALE, mychat_federation_verify_request(restarted, "GET", URI, headers, NULL, 0,
                                                          p->a.document->known, NOW, &error));
  mychat_string_free(headers);
  mychat_federation_node_free(restarted);
}

static void nodes_are_looked_for_where_they_may_be(void** state) {
  const pair* p = *state;
  mychat_federation_document* out = (mychat_federation_document*)(uintptr_t)8;
  /* TLS to an address that is not public is not even tried. */
  EXPECT(MYCHAT_E_POLICY,
         mychat_federation_discover(p->a.node, "127.0.0.1:1", NULL, 5000, NOW, &out, &error));
  assert_null(out);
  mychat_federation_options options = MYCHAT_FEDERATION_OPTIONS_INIT;
  options.domain = "a.example";
  options.api_url = "http://a.example/f";
  options.flags = MYCHAT_FEDERATION_ALLOW_HTTP | MYCHAT_FEDERATION_ALLOW_NON_PUBLIC;
  mychat_federation_node* node = NULL;
  OK(mychat_federation_node_create(&options, p->a.key->data, p->a.key->size, &node, &error));
  EXPECT(MYCHAT_E_NETWORK, mychat_federation_discover(node, "127.0.0.1:1", NULL, 5000, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_discover(node, "127.0.0.1:1", NULL, 0, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT, mychat_federation_discover(node, "a/b", NULL, 1000, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_discover(NULL, "127.0.0.1:1", NULL, 1000, NOW, &out, &error));
  EXPECT(MYCHAT_E_INVALID_ARGUMENT,
         mychat_federation_discover(node, "127.0.0.1:1", NULL, 1000, NOW, NULL, &error));
  mychat_federation_node_free(node);
}

int run_federation_http_tests(void) {
  const struct CMUnitTest tests[] = {
      OF_TWO(a_signed_request_is_taken_once),
      OF_TWO(what_cannot_be_signed_is_refused),
      OF_TWO(an_earlier_life_is_remembered),
      OF_TWO(nodes_are_looked_for_where_they_may_be),
  };
  return cmocka_run_group_tests_name("federation_http", tests, NULL, NULL);
}
