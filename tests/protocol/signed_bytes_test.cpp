#include "protocol/signed_bytes.h"

#include "base/encoding.h"
#include "support.h"

namespace mychat {
namespace {

// str(x) of the specification, written out independently: four bytes of length, then the text.
std::string str(std::string_view x) {
  std::string out(3, '\0');
  out += static_cast<char>(x.size());
  return out.append(x);
}

const Bytes kHashA(32, 0xAA);
const Bytes kHashB(32, 0xBB);
const Bytes kHashC(32, 0xCC);
const Bytes kIv(12, 0x11);

EnvelopeToSign envelope() {
  EnvelopeToSign e;
  e.id = "id";
  e.sender_handle = "a@b";
  e.recipient_handle = "c@d";
  e.algorithm = "alg";
  e.content_type = "text";
  e.sent_at = "now";
  e.content_sha256 = view(kHashA);
  e.encrypted_key_sha256 = view(kHashB);
  e.iv = view(kIv);
  return e;
}

const std::string kEnvelopeStart = str("MyChat envelope v1") + str("id") + str("a@b") + str("c@d") +
                                   str("alg") + str("text") + str("now") + str(std::string(32, '\xAA')) +
                                   str(std::string(32, '\xBB')) + str(std::string(12, '\x11'));

TEST(SignedBytes, OfAnEnvelope) {
  EXPECT_EQ(text(view(bytes_to_sign(envelope()))), kEnvelopeStart + str(""));
  auto e = envelope();
  e.sender_encrypted_key_sha256 = view(kHashC);
  EXPECT_EQ(text(view(bytes_to_sign(e))), kEnvelopeStart + str(std::string(32, '\xCC')));
}

TEST(SignedBytes, OfASigningKeyAndARotation) {
  EXPECT_EQ(text(view(bytes_to_sign(SigningKeyToCertify{"a@b", view(kHashA), view(kHashB)}))),
            str("MyChat signing key v1") + str("a@b") + str(std::string(32, '\xAA')) +
                str(std::string(32, '\xBB')));
  EXPECT_EQ(text(view(bytes_to_sign(RotationToSign{"a@b", view(kHashA), view(kHashB), "t"}))),
            str("MyChat key rotation v1") + str("a@b") + str(std::string(32, '\xAA')) +
                str(std::string(32, '\xBB')) + str("t"));
}

TEST(SignedBytes, MovingAByteBetweenMembersChangesThem) {
  auto e = envelope();
  e.id = "ida";
  e.sender_handle = "@b";
  EXPECT_NE(bytes_to_sign(e), bytes_to_sign(envelope()));
}

TEST(SignedBytes, HashesAndIvsMustHaveTheirSize) {
  const auto status = [](auto&& what) {
    try {
      bytes_to_sign(what);
    } catch (const Error& error) {
      return error.status();
    }
    return mychat_status{MYCHAT_OK};
  };
  auto e = envelope();
  e.iv = view(kHashA);
  EXPECT_EQ(status(e), MYCHAT_E_INVALID_ARGUMENT);
  e = envelope();
  e.content_sha256 = view(kIv);
  EXPECT_EQ(status(e), MYCHAT_E_INVALID_ARGUMENT);
  e = envelope();
  e.sender_encrypted_key_sha256 = ByteView();
  EXPECT_EQ(status(e), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status(SigningKeyToCertify{"a@b", view(kIv), view(kHashB)}), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status(RotationToSign{"a@b", view(kHashA), {}, "t"}), MYCHAT_E_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace mychat
