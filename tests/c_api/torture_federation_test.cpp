// As torture_test.cpp: nodes, their documents, handshakes and requests.
#include <string>

#include "c_api/torture.h"

namespace mychat::c_api_test {
namespace {

constexpr std::int64_t kNow = 1'800'000'000'000;
constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1000;
constexpr const char* kUri = "https://b.example/f/keys/alice?x=1";

std::string text_and_free(char* text) {
  std::string out = text == nullptr ? "" : text;
  mychat_string_free(text);
  return out;
}

// A node and what others know of it.
struct One {
  explicit One(const std::string& domain) {
    mychat_federation_options options = MYCHAT_FEDERATION_OPTIONS_INIT;
    const std::string url = "https://" + domain + "/f";
    options.domain = domain.c_str();
    options.api_url = url.c_str();
    options.capabilities = "messages receipts";
    EXPECT_EQ(mychat_federation_new_key(&key, nullptr), MYCHAT_OK);
    EXPECT_EQ(mychat_federation_node_create(&options, key->data, key->size, &node, nullptr), MYCHAT_OK);
    mychat_federation_document_options document = MYCHAT_FEDERATION_DOCUMENT_OPTIONS_INIT;
    document.sequence = 1;
    document.issued_at = kNow;
    document.valid_until = kNow + kDay;
    char* signed_json = nullptr;
    EXPECT_EQ(mychat_federation_sign_document(node, &document, nullptr, 0, &signed_json, nullptr), MYCHAT_OK);
    json = text_and_free(signed_json);
    mychat_federation_document* verified = nullptr;
    EXPECT_EQ(
        mychat_federation_verify_document(json.c_str(), domain.c_str(), nullptr, 0, kNow, &verified, nullptr),
        MYCHAT_OK);
    known = verified->known;
    mychat_federation_document_free(verified);
  }
  ~One() {
    mychat_federation_node_free(node);
    mychat_bytes_free(key);
  }
  One(const One&) = delete;
  One& operator=(const One&) = delete;

  mychat_bytes* key = nullptr;
  mychat_federation_node* node = nullptr;
  std::string json;
  std::string known;
};

class Nodes : public Torture {
 protected:
  void SetUp() override {
    Torture::SetUp();
    for (const char* function : {"mychat_federation_node_free", "mychat_federation_document_free",
                                 "mychat_federation_agreement_free", "mychat_federation_handshake_free",
                                 "mychat_federation_handshake_id", "mychat_federation_handshake_message",
                                 "mychat_federation_options_init", "mychat_federation_document_options_init"})
      note_covered(function);  // They ask for no memory.
  }

  // A call that gives something: all of it, or nothing and no memory.
  template <class T>
  void torture_making(const char* function, void (*release)(T*),
                      const std::function<mychat_status(T**)>& call) {
    torture(function, [&] {
      T* out = nullptr;
      const mychat_status status = call(&out);
      const test::Spared spared;
      EXPECT_EQ(out != nullptr, status == MYCHAT_OK) << function;
      release(out);
      return status;
    });
  }

  One a_{"a.example"};
  One b_{"b.example"};
};

TEST_P(Nodes, AreMade) {
  mychat_federation_options options = MYCHAT_FEDERATION_OPTIONS_INIT;
  options.domain = "c.example";
  options.api_url = "https://c.example/f";
  options.capabilities = "messages";
  torture_making<mychat_bytes>("mychat_federation_new_key", mychat_bytes_free,
                               [&](auto** out) { return mychat_federation_new_key(out, nullptr); });
  torture_making<char>("mychat_federation_public_key", mychat_string_free, [&](auto** out) {
    return mychat_federation_public_key(a_.key->data, a_.key->size, out, nullptr);
  });
  torture_making<mychat_federation_node>(
      "mychat_federation_node_create", mychat_federation_node_free, [&](auto** out) {
        return mychat_federation_node_create(&options, a_.key->data, a_.key->size, out, nullptr);
      });
}

TEST_P(Nodes, SayWhoTheyAre) {
  mychat_federation_document_options options = MYCHAT_FEDERATION_DOCUMENT_OPTIONS_INIT;
  options.sequence = 2;
  options.issued_at = kNow;
  options.valid_until = kNow + kDay;
  options.previous = a_.json.c_str();
  torture_making<char>("mychat_federation_sign_document", mychat_string_free, [&](auto** out) {
    return mychat_federation_sign_document(a_.node, &options, nullptr, 0, out, nullptr);
  });
  torture_making<mychat_federation_document>(
      "mychat_federation_verify_document", mychat_federation_document_free, [&](auto** out) {
        return mychat_federation_verify_document(a_.json.c_str(), "a.example", a_.known.c_str(), 0, kNow, out,
                                                 nullptr);
      });
}

TEST_P(Nodes, AreLookedFor) {
  torture(
      "mychat_federation_discover",
      [&] {
        mychat_federation_document* out = nullptr;
        const mychat_status status =
            mychat_federation_discover(a_.node, "127.0.0.1:1", nullptr, 5000, kNow, &out, nullptr);
        const test::Spared spared;
        EXPECT_EQ(out, nullptr);
        return status == MYCHAT_E_POLICY ? MYCHAT_OK : status;  // What it comes to when there is memory.
      },
      Tried::kSome);
  torture("mychat_federation_judge", [&] {
    mychat_federation_verdict verdict = 0;
    return mychat_federation_judge(MYCHAT_FEDERATION_ALLOW_LIST, "*.example b.example", "c.example",
                                   "b.example", &verdict, nullptr);
  });
  torture("mychat_federation_address_kind", [&] {
    const char* kind = nullptr;
    return mychat_federation_address_kind("2001:db8::1", &kind, nullptr);
  });
}

TEST_P(Nodes, ShakeHands) {
  mychat_federation_handshake *begun = nullptr, *answered = nullptr;
  torture_making<mychat_federation_handshake>(
      "mychat_federation_handshake_begin", mychat_federation_handshake_free, [&](auto** out) {
        return mychat_federation_handshake_begin(a_.node, "b.example", kNow, out, nullptr);
      });
  ASSERT_EQ(mychat_federation_handshake_begin(a_.node, "b.example", kNow, &begun, nullptr), MYCHAT_OK);
  const std::string hello = mychat_federation_handshake_message(begun);
  torture_making<char>("mychat_federation_hello_origin", mychat_string_free, [&](auto** out) {
    return mychat_federation_hello_origin(b_.node, hello.c_str(), out, nullptr);
  });
  const auto answer = [&](mychat_federation_handshake** out) {
    return mychat_federation_handshake_answer(b_.node, hello.c_str(), a_.json.c_str(), a_.known.c_str(), kNow,
                                              out, nullptr);
  };
  torture_making<mychat_federation_handshake>("mychat_federation_handshake_answer",
                                              mychat_federation_handshake_free, answer);
  ASSERT_EQ(answer(&answered), MYCHAT_OK);
  const auto finish = [&](mychat_federation_agreement** out) {
    return mychat_federation_handshake_finish(begun, mychat_federation_handshake_message(answered),
                                              b_.json.c_str(), b_.known.c_str(), kNow, out, nullptr);
  };
  torture_making<mychat_federation_agreement>("mychat_federation_handshake_finish",
                                              mychat_federation_agreement_free, finish);
  mychat_federation_agreement* agreed = nullptr;
  ASSERT_EQ(finish(&agreed), MYCHAT_OK);
  torture_making<char>("mychat_federation_confirm_id", mychat_string_free, [&](auto** out) {
    return mychat_federation_confirm_id(agreed->confirm, out, nullptr);
  });
  torture_making<mychat_federation_agreement>(
      "mychat_federation_handshake_confirm", mychat_federation_agreement_free, [&](auto** out) {
        return mychat_federation_handshake_confirm(answered, agreed->confirm, a_.known.c_str(), kNow, out,
                                                   nullptr);
      });
  mychat_federation_agreement_free(agreed);
  mychat_federation_handshake_free(answered);
  mychat_federation_handshake_free(begun);
}

TEST_P(Nodes, SignAndVerify) {
  const auto sign = [&](char** out) {
    return mychat_federation_sign_request(a_.node, "b.example", "GET", kUri, "x", 1, kNow, out, nullptr);
  };
  torture_making<char>("mychat_federation_sign_request", mychat_string_free, sign);
  char* signed_lines = nullptr;
  ASSERT_EQ(sign(&signed_lines), MYCHAT_OK);
  const std::string headers = text_and_free(signed_lines);
  torture_making<char>("mychat_federation_request_origin", mychat_string_free, [&](auto** out) {
    return mychat_federation_request_origin(headers.c_str(), out, nullptr);
  });
  const auto verify = [&](const std::string& lines) {
    return mychat_federation_verify_request(b_.node, "GET", kUri, lines.c_str(), "x", 1, a_.known.c_str(),
                                            kNow, nullptr);
  };
  // Without memory it is not taken, and can be taken later, once.
  std::string pending;
  torture("mychat_federation_verify_request", [&] {
    {
      const test::Spared spared;
      if (pending.empty()) {
        char* fresh = nullptr;
        EXPECT_EQ(sign(&fresh), MYCHAT_OK);
        pending = text_and_free(fresh);
      }
    }
    const mychat_status status = verify(pending);
    const test::Spared spared;
    if (status == MYCHAT_OK) {
      EXPECT_EQ(verify(pending), MYCHAT_E_REPLAY);
      pending.clear();
    }
    return status;
  });
  const auto respond = [&](char** out) {
    return mychat_federation_sign_response(b_.node, "GET", kUri, headers.c_str(), 200, "y", 1, kNow, out,
                                           nullptr);
  };
  torture_making<char>("mychat_federation_sign_response", mychat_string_free, respond);
  char* answered = nullptr;
  ASSERT_EQ(respond(&answered), MYCHAT_OK);
  const std::string answer = text_and_free(answered);
  torture("mychat_federation_verify_response", [&] {
    return mychat_federation_verify_response("GET", kUri, headers.c_str(), 200, answer.c_str(), "y", 1,
                                             b_.known.c_str(), kNow, nullptr);
  });
}

INSTANTIATE_TEST_SUITE_P(Failing, Nodes, ::testing::Bool(), mode_name);

}  // namespace
}  // namespace mychat::c_api_test
