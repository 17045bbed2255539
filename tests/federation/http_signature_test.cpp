#include "federation/http_signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "federation/content_digest.h"
#include "federation/node_document.h"
#include "support/expect_error.h"

namespace mychat::federation {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;
const std::string kTarget = "https://beta.example/api/federation/transactions";
const std::string kBody = R"({"stream":"x"})";

const Ed25519PrivateKey& alpha_key() {
  static const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  return key;
}
const Ed25519PrivateKey& beta_key() {
  static const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  return key;
}

// A request that can be changed on its way.
struct Request {
  std::string method = "POST";
  std::string target = kTarget;
  std::vector<HeaderField> headers =
      sign_request(alpha_key(), "alpha.example", "beta.example", "POST", kTarget, kBody, kNow);
  std::string body = kBody;

  RequestView view() const { return {method, target, headers, body}; }
  std::string& operator[](std::string_view name) {
    return std::find_if(headers.begin(), headers.end(),
                        [&](const auto& field) { return field.first == name; })
        ->second;
  }
  void replace(std::string_view name, const std::string& part, const std::string& other) {
    std::string& value = (*this)[name];
    const std::size_t at = value.find(part);
    ASSERT_NE(at, std::string::npos) << value;
    value.replace(at, part.size(), other);
  }
  SignedMessage verified() const {
    SignedMessage message = parse_signed(view());
    message.verify(alpha_key().public_key());
    return message;
  }
};

struct Response {
  int status = 200;
  std::string body = "{}";
  std::vector<HeaderField> headers;

  explicit Response(const Request& request)
      : headers(sign_response(beta_key(), "beta.example", request.view(), 200, "{}", kNow)) {}
  SignedMessage verified(const Request& request) const {
    SignedMessage message = parse_signed(ResponseView{status, headers, body}, request.view());
    message.verify(beta_key().public_key());
    return message;
  }
};

TEST(HttpSignature, OfARequestHolds) {
  Request request;
  const SignedMessage message = request.verified();
  EXPECT_EQ(message.origin, "alpha.example");
  EXPECT_EQ(message.destination, "beta.example");
  EXPECT_EQ(message.version, "2");
  EXPECT_EQ(message.key_id, node_key_id(alpha_key().public_key()));
  EXPECT_EQ(message.created, kNow);
  EXPECT_EQ(message.expires, kNow + 60);
  EXPECT_EQ(message.nonce.size(), 22U);
  EXPECT_NE(message.nonce, Request().verified().nonce);
}

// The base by hand, from the text of RFC 9421 section 2.5.
TEST(HttpSignature, CoversTheLinesThatTheStandardSays) {
  Request request;
  std::string input = request["signature-input"];
  ASSERT_TRUE(input.starts_with("mychat=("));
  input.erase(0, std::string("mychat=").size());
  const std::string expected =
      "\"@method\": POST\n\"@authority\": beta.example\n\"@target-uri\": " + kTarget +
      "\n\"content-digest\": " + content_digest(kBody) +
      "\n\"x-origin-node\": alpha.example\n\"mychat-destination\": beta.example\n\"mychat-federation\": 2\n"
      "\"@signature-params\": " +
      input;
  EXPECT_EQ(request.verified().base, expected);
  EXPECT_NE(input.find(";created=1800000000;expires=1800000060;nonce=\""), std::string::npos);
  EXPECT_NE(input.find(";alg=\"ed25519\";tag=\"mychat-federation\""), std::string::npos);
}

TEST(HttpSignature, TheAuthorityIsNormalised) {
  const auto authority_line = [](const std::string& target) {
    const auto headers = sign_request(alpha_key(), "alpha.example", "beta.example", "GET", target, "", kNow);
    const std::string method = "GET";
    const std::string body;
    const std::string base = parse_signed(RequestView{method, target, headers, body}).base;
    const std::size_t at = base.find("\"@authority\": ");
    return base.substr(at + 14, base.find('\n', at) - at - 14);
  };
  EXPECT_EQ(authority_line("https://Beta.Example:443/x"), "beta.example");
  EXPECT_EQ(authority_line("https://beta.example:8448/x?y=1"), "beta.example:8448");
  EXPECT_EQ(authority_line("http://127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(authority_line("http://127.0.0.1:443/"), "127.0.0.1:443");
  for (const char* bad : {"/x", "ftp://x/", "https://", "https:///x", "https://a@b/", "https",
                          "https://:443/", "https://a/#b"}) {
    EXPECT_ERROR(sign_request(alpha_key(), "a.example", "b.example", "GET", bad, "", kNow),
                 MYCHAT_E_INVALID_ARGUMENT, "address")
        << bad;
  }
}

TEST(HttpSignature, TheTargetIsNormalisedAsTheAuthorityIs) {
  // However the address is written on either side, it is the same one.
  Request request;
  for (const char* same : {"HTTPS://Beta.Example:443/api/federation/transactions",
                           "https://BETA.example/api/federation/transactions"}) {
    request.target = same;
    EXPECT_NO_THROW(request.verified()) << same;
    request.headers = sign_request(alpha_key(), "alpha.example", "beta.example", "POST", same, kBody, kNow);
    request.target = kTarget;
    EXPECT_NO_THROW(request.verified()) << same;
    EXPECT_NE(request.verified().base.find("\"@target-uri\": " + kTarget + "\n"), std::string::npos) << same;
    const Response response(request);
    request.target = same;
    EXPECT_NO_THROW(response.verified(request)) << same;
  }
  // The path's case, and another port, are not the same.
  request.target = "https://beta.example/API/federation/transactions";
  EXPECT_ERROR(request.verified(), MYCHAT_E_SIGNATURE, "verify");
  request.target = "https://beta.example:80/api/federation/transactions";
  EXPECT_ERROR(request.verified(), MYCHAT_E_SIGNATURE, "verify");
  // Without a path it is the root's.
  request.headers = sign_request(alpha_key(), "alpha.example", "beta.example", "POST",
                                 "https://beta.example?a=B", kBody, kNow);
  request.target = "https://beta.example/?a=B";
  EXPECT_NO_THROW(request.verified());
}

TEST(HttpSignature, AMethodOrTargetThatWouldBeLinesOfItsOwnIsRefused) {
  using namespace std::string_literals;
  for (const std::string& bad : {"POST\n\"@authority\": gamma.example"s, "PO\rST"s, "POST "s, "PO\0ST"s, ""s,
                                 "P\xc3\xb6ST"s, "POST:"s, "PO\x7fST"s}) {
    EXPECT_ERROR(sign_request(alpha_key(), "alpha.example", "beta.example", bad, kTarget, kBody, kNow),
                 MYCHAT_E_INVALID_ARGUMENT, "method");
    Request request;
    request.method = bad;
    EXPECT_ERROR(parse_signed(request.view()), MYCHAT_E_INVALID_ARGUMENT, "method");
    EXPECT_ERROR(sign_response(beta_key(), "beta.example", request.view(), 200, "{}", kNow),
                 MYCHAT_E_INVALID_ARGUMENT, "method");
  }
  for (const std::string& bad :
       {kTarget + "\n\"x-origin-node\": gamma.example", kTarget + "\r", kTarget + " x", kTarget + "\0x"s,
        kTarget + "\x7f", "https://beta.example\n/x"s, kTarget + "\xff"}) {
    EXPECT_ERROR(sign_request(alpha_key(), "alpha.example", "beta.example", "POST", bad, kBody, kNow),
                 MYCHAT_E_INVALID_ARGUMENT, "address");
    Request request;
    request.target = bad;
    EXPECT_ERROR(parse_signed(request.view()), MYCHAT_E_INVALID_ARGUMENT, "address");
    EXPECT_ERROR(sign_response(beta_key(), "beta.example", request.view(), 200, "{}", kNow),
                 MYCHAT_E_INVALID_ARGUMENT, "address");
  }
}

TEST(HttpSignature, AnyOtherMessageThanTheSignedOneIsRefused) {
  struct Case {
    const char* what;
    std::function<void(Request&)> change;
  };
  for (const Case& bad : std::vector<Case>{
           {"another method", [](Request& r) { r.method = "PUT"; }},
           {"another path", [](Request& r) { r.target = "https://beta.example/api/federation/handshake"; }},
           {"another query", [](Request& r) { r.target += "?x=1"; }},
           {"another node",
            [](Request& r) { r.target = "https://gamma.example/api/federation/transactions"; }},
           {"another scheme",
            [](Request& r) { r.target = "http://beta.example/api/federation/transactions"; }},
           {"another body", [](Request& r) { r.body += ' '; }},
           {"another body with its digest",
            [](Request& r) {
              r.body += ' ';
              r["content-digest"] = content_digest(r.body);
            }},
           {"another origin", [](Request& r) { r["x-origin-node"] = "gamma.example"; }},
           {"another destination", [](Request& r) { r["mychat-destination"] = "gamma.example"; }},
           {"another version", [](Request& r) { r["mychat-federation"] = "3"; }},
           {"a later time",
            [](Request& r) { r.replace("signature-input", "expires=1800000060", "expires=1800000059"); }},
           {"another nonce", [](Request& r) { r.replace("signature-input", "nonce=\"", "nonce=\"A"); }},
           {"another key", [](Request& r) { r.replace("signature-input", "keyid=\"", "keyid=\"A"); }},
           {"no signature", [](Request& r) { r["signature"] = "mychat=::"; }},
       }) {
    Request request;
    bad.change(request);
    EXPECT_ERROR(request.verified(), MYCHAT_E_SIGNATURE, "") << bad.what;
  }
}

TEST(HttpSignature, EveryBitOfItCounts) {
  Request request;
  const std::string text = request["signature"];
  Bytes bytes = *base64_decode(text.substr(8, text.size() - 9));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    request["signature"] = "mychat=:" + base64_encode(bytes) + ":";
    EXPECT_ERROR(request.verified(), MYCHAT_E_SIGNATURE, "verify") << bit;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
}

TEST(HttpSignature, ThatLeavesOutWhatMustBeCoveredIsRefused) {
  for (const char* part : {"\"@method\" ", "\"@authority\" ", "\"@target-uri\" ", "\"content-digest\" ",
                           "\"x-origin-node\" ", "\"mychat-destination\" ", " \"mychat-federation\""}) {
    Request request;
    request.replace("signature-input", part, "");
    EXPECT_ERROR(parse_signed(request.view()), MYCHAT_E_SIGNATURE, "cover") << part;
  }
  Request more;
  more.replace("signature-input", "\"@method\"", "\"@method\";req");
  EXPECT_ERROR(parse_signed(more.view()), MYCHAT_E_SIGNATURE, "cover");
  Request other_name;
  other_name.replace("signature-input", "mychat=", "other=");
  EXPECT_ERROR(parse_signed(other_name.view()), MYCHAT_E_SIGNATURE, "named mychat");
}

TEST(HttpSignature, OfAnotherAlgorithmOrUseIsRefused) {
  for (const char* algorithm : {"rsa-v1_5-sha256", "hmac-sha256", "ecdsa-p256-sha256", "ED25519", "none"}) {
    Request request;
    request.replace("signature-input", "alg=\"ed25519\"", std::string("alg=\"") + algorithm + "\"");
    EXPECT_ERROR(parse_signed(request.view()), MYCHAT_E_UNSUPPORTED, "ed25519") << algorithm;
  }
  Request no_algorithm;
  no_algorithm.replace("signature-input", ";alg=\"ed25519\"", "");
  EXPECT_ERROR(parse_signed(no_algorithm.view()), MYCHAT_E_SIGNATURE, "alg");
  Request response_tag;
  response_tag.replace("signature-input", "tag=\"mychat-federation\"", "tag=\"mychat-federation-response\"");
  EXPECT_ERROR(parse_signed(response_tag.view()), MYCHAT_E_SIGNATURE, "another use");
}

TEST(HttpSignature, NeedsEachHeaderOnce) {
  for (const char* name : {"content-digest", "x-origin-node", "mychat-destination", "mychat-federation",
                           "signature-input", "signature"}) {
    Request twice;
    twice.headers.emplace_back(name, twice[name]);
    EXPECT_ERROR(parse_signed(twice.view()), MYCHAT_E_SIGNATURE, "twice") << name;
    Request never;
    std::erase_if(never.headers, [&](const auto& field) { return field.first == name; });
    EXPECT_ERROR(parse_signed(never.view()), MYCHAT_E_SIGNATURE, "missing") << name;
  }
  Request line_break;
  line_break["x-origin-node"] = "alpha.example\n\"@method\": GET";
  EXPECT_ERROR(parse_signed(line_break.view()), MYCHAT_E_MALFORMED, "printable");
}

TEST(HttpSignature, LivesForAMinute) {
  const SignedMessage message = Request().verified();
  EXPECT_NO_THROW(message.check_time(kNow));
  EXPECT_NO_THROW(message.check_time(kNow - kSignatureSkewSeconds));
  EXPECT_ERROR(message.check_time(kNow - kSignatureSkewSeconds - 1), MYCHAT_E_STALE, "31 s in the future");
  EXPECT_NO_THROW(message.check_time(kNow + 60 + kSignatureSkewSeconds));
  EXPECT_ERROR(message.check_time(kNow + 61 + kSignatureSkewSeconds), MYCHAT_E_STALE, "ended 31 s ago");
  for (const char* bad :
       {"expires=1800000061", "expires=1800000000", "expires=1", "expires=\"x\"", "expired=1800000060"}) {
    Request request;
    request.replace("signature-input", "expires=1800000060", bad);
    EXPECT_ERROR(parse_signed(request.view()), MYCHAT_E_SIGNATURE, "") << bad;
  }
}

TEST(HttpSignature, ADigestMustBeOfTheBody) {
  EXPECT_NO_THROW(check_content_digest(content_digest("x"), "x"));
  EXPECT_NO_THROW(check_content_digest(content_digest("x") + ", md5=:AAAA:", "x"));
  EXPECT_ERROR(check_content_digest(content_digest("x"), "y"), MYCHAT_E_SIGNATURE, "body");
  EXPECT_ERROR(check_content_digest(content_digest("x") + ", sha-512=:AAAA:", "x"), MYCHAT_E_SIGNATURE,
               "body");
  EXPECT_ERROR(check_content_digest("sha-512=:AAAA:", "x"), MYCHAT_E_MALFORMED, "sha-256");
  EXPECT_ERROR(check_content_digest("sha-256=abc", "x"), MYCHAT_E_MALFORMED, "sha-256");
  EXPECT_ERROR(check_content_digest("", "x"), MYCHAT_E_MALFORMED, "sha-256");
}

TEST(HttpSignature, OfAResponseHoldsForItsRequestOnly) {
  const Request request;
  const Response response(request);
  EXPECT_EQ(response.verified(request).origin, "beta.example");
  Response other_status(request);
  other_status.status = 202;
  EXPECT_ERROR(other_status.verified(request), MYCHAT_E_SIGNATURE, "verify");
  Response other_body(request);
  other_body.body = "[]";
  EXPECT_ERROR(other_body.verified(request), MYCHAT_E_SIGNATURE, "body");
  // The same request once more has another nonce, so another signature.
  EXPECT_ERROR(response.verified(Request()), MYCHAT_E_SIGNATURE, "verify");
  Request other_target = request;
  other_target.target += "x";
  EXPECT_ERROR(response.verified(other_target), MYCHAT_E_SIGNATURE, "verify");
}

TEST(HttpSignature, ARequestIsNoResponseAndTheOtherWayRound) {
  const Request request;
  const Response response(request);
  EXPECT_THROW(parse_signed(RequestView{request.method, request.target, response.headers, response.body}),
               Error);
  EXPECT_THROW(parse_signed(ResponseView{200, request.headers, request.body}, request.view()), Error);
}

}  // namespace
}  // namespace mychat::federation
