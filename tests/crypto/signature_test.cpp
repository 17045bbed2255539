// Signatures whose algorithm is chosen at run time.
#include "crypto/signature.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "crypto/sign.h"
#include "tests/crypto/status.h"

namespace mychat {
namespace {

using test::status_of;

struct Sizes {
  SignatureAlgorithm algorithm;
  std::size_t private_key, public_key;
  const char* order;  // Of the curve, for ECDSA.
};

class SignatureOf : public testing::TestWithParam<Sizes> {
 protected:
  const SignatureAlgorithm algorithm_ = GetParam().algorithm;
  const bool is_ecdsa_ = GetParam().order != nullptr;
  const Bytes message_ = Bytes(300, 'm');
};

constexpr Sizes kEdwards[] = {{SignatureAlgorithm::kEd25519, 32, 32, nullptr},
                              {SignatureAlgorithm::kEd448, 57, 57, nullptr}};
constexpr Sizes kEcdsa[] = {
    {SignatureAlgorithm::kEcdsaP256Sha256, 32, 65,
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
    {SignatureAlgorithm::kEcdsaP384Sha384, 48, 97,
     "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"},
    {SignatureAlgorithm::kEcdsaP521Sha512, 66, 133,
     "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d0"
     "3bb5c9b8899c47aebb6fb71e91386409"}};
class EcdsaOf : public SignatureOf {};
INSTANTIATE_TEST_SUITE_P(Edwards, SignatureOf, testing::ValuesIn(kEdwards));
INSTANTIATE_TEST_SUITE_P(Ecdsa, SignatureOf, testing::ValuesIn(kEcdsa));
INSTANTIATE_TEST_SUITE_P(All, EcdsaOf, testing::ValuesIn(kEcdsa));

TEST_P(SignatureOf, KeysGoBothWaysAndSign) {
  const SigningKey key = SigningKey::generate(algorithm_);
  EXPECT_EQ(key.algorithm(), algorithm_);
  EXPECT_EQ(key.to_bytes().size(), GetParam().private_key);
  EXPECT_EQ(key.public_key().size(), GetParam().public_key);
  EXPECT_TRUE(is_signature_key(algorithm_, key.public_key()));
  const SigningKey again = SigningKey::from_bytes(algorithm_, key.to_bytes());
  EXPECT_EQ(again.public_key(), key.public_key());
  EXPECT_EQ(again.to_bytes(), key.to_bytes());
  EXPECT_TRUE(verify_signature(algorithm_, key.public_key(), message_, again.sign(message_)));
  EXPECT_TRUE(verify_signature(algorithm_, key.public_key(), {}, key.sign({})));
  EXPECT_NE(SigningKey::generate(algorithm_).public_key(), key.public_key());
}

TEST_P(SignatureOf, RefusesWhatItDidNotSign) {
  const SigningKey key = SigningKey::generate(algorithm_);
  const Bytes signature = key.sign(message_);
  EXPECT_FALSE(verify_signature(algorithm_, key.public_key(), view("other"), signature));
  EXPECT_FALSE(
      verify_signature(algorithm_, SigningKey::generate(algorithm_).public_key(), message_, signature));
  for (std::size_t at = 0; at < signature.size(); at += 7) {
    Bytes altered = signature;
    altered[at] ^= 1;
    EXPECT_FALSE(verify_signature(algorithm_, key.public_key(), message_, altered)) << at;
  }
  for (std::size_t size = 0; size < signature.size(); size += 3) {
    EXPECT_FALSE(verify_signature(algorithm_, key.public_key(), message_, ByteView(signature).first(size)));
  }
  Bytes longer = signature;
  longer.push_back(0);
  EXPECT_FALSE(verify_signature(algorithm_, key.public_key(), message_, longer));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_P(SignatureOf, RefusesKeysOfWrongForm) {
  const SigningKey key = SigningKey::generate(algorithm_);
  const Bytes signature = key.sign(message_);
  Bytes longer = key.public_key();
  longer.push_back(0);
  std::vector<Bytes> wrong = {{}, {0}, longer, to_bytes(ByteView(longer).first(longer.size() - 2))};
  if (is_ecdsa_) {
    Bytes altered = key.public_key();
    altered.back() ^= 1;  // Not on the curve.
    wrong.push_back(altered);
    for (const int form : {0, 2, 3, 5, 6, 7}) {
      altered = key.public_key();
      altered[0] = static_cast<std::uint8_t>(form);
      wrong.push_back(altered);
      altered.resize(1 + (altered.size() - 1) / 2);  // A compressed point is none either.
      wrong.push_back(altered);
    }
    wrong.push_back(Bytes(GetParam().public_key, 0xFF));
    wrong.push_back(Bytes(GetParam().public_key, 0));
  }
  for (const Bytes& bytes : wrong) {
    EXPECT_FALSE(is_signature_key(algorithm_, bytes)) << hex_encode(bytes);
    EXPECT_FALSE(verify_signature(algorithm_, bytes, message_, signature)) << hex_encode(bytes);
  }
  for (const std::size_t size : {std::size_t{0}, GetParam().private_key + 1}) {
    EXPECT_EQ(status_of([&] { SigningKey::from_bytes(algorithm_, Bytes(size, 1)); }), MYCHAT_E_MALFORMED);
  }
  if (!is_ecdsa_) {
    EXPECT_EQ(status_of([&] { SigningKey::from_bytes(algorithm_, Bytes(GetParam().private_key - 1, 1)); }),
              MYCHAT_E_MALFORMED);
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_P(EcdsaOf, ScalarsAreInRange) {
  Bytes order = hex_decode(GetParam().order).value();
  ASSERT_EQ(order.size(), GetParam().private_key);
  const auto status = [&](const Bytes& key) {
    return status_of([&] { SigningKey::from_bytes(algorithm_, key); });
  };
  EXPECT_EQ(status(order), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status(Bytes(order.size(), 0xFF)), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status(Bytes(order.size(), 0)), MYCHAT_E_MALFORMED);
  order.back() += 1;
  EXPECT_EQ(status(order), MYCHAT_E_MALFORMED);
  order.back() -= 2;
  EXPECT_EQ(status(order), MYCHAT_OK);

  // The largest scalar is minus one: the same x as one, which a single byte gives as well.
  const SigningKey largest = SigningKey::from_bytes(algorithm_, order);
  const SigningKey one = SigningKey::from_bytes(algorithm_, Bytes{1});
  EXPECT_TRUE(std::equal(one.public_key().begin(), one.public_key().begin() + std::ssize(order),
                         largest.public_key().begin()));
  EXPECT_NE(one.public_key(), largest.public_key());
  Bytes whole(order.size());
  whole.back() = 1;
  EXPECT_EQ(to_bytes(one.to_bytes()), whole);
  EXPECT_TRUE(verify_signature(algorithm_, one.public_key(), message_, one.sign(message_)));
}

TEST_P(EcdsaOf, TakesStrictDerOnly) {
  const SigningKey key = SigningKey::generate(algorithm_);
  const Bytes signature = key.sign(message_);
  const std::size_t head = signature[1] < 0x80 ? 2 : 3;
  const auto with_body = [&](Bytes body) {
    Bytes out{0x30};
    if (body.size() >= 0x80) out.push_back(0x81);
    out.push_back(static_cast<std::uint8_t>(body.size()));
    out.insert(out.end(), body.begin(), body.end());
    return out;
  };
  const Bytes body(signature.begin() + static_cast<std::ptrdiff_t>(head), signature.end());
  EXPECT_TRUE(verify_signature(algorithm_, key.public_key(), message_, with_body(body)));
  Bytes padded{0x02, static_cast<std::uint8_t>(body[1] + 1), 0x00};  // A zero that is not needed.
  padded.insert(padded.end(), body.begin() + 2, body.end());
  Bytes more = body;
  more.insert(more.end(), {0x05, 0x00});
  Bytes indefinite{0x30, 0x80};
  indefinite.insert(indefinite.end(), body.begin(), body.end());
  indefinite.insert(indefinite.end(), {0x00, 0x00});
  Bytes long_length{0x30, 0x82, 0x00, static_cast<std::uint8_t>(body.size())};
  long_length.insert(long_length.end(), body.begin(), body.end());
  for (const Bytes& bad : {with_body(padded), with_body(more), indefinite, long_length, body,
                           with_body({0x02, 0x01, 0x00, 0x02, 0x01, 0x00}),
                           with_body({0x02, 0x01, 0x01, 0x02, 0x01, 0x01}), with_body({})}) {
    EXPECT_FALSE(verify_signature(algorithm_, key.public_key(), message_, bad)) << hex_encode(bad);
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_P(SignatureOf, ManyThreadsUseOneKey) {
  const SigningKey key = SigningKey::generate(algorithm_);
  std::vector<std::thread> threads;
  std::vector<int> good(4);
  for (int& count : good) {
    threads.emplace_back([&] {
      const SigningKey own = key;
      for (int i = 0; i < 10; ++i) {
        if (verify_signature(algorithm_, key.public_key(), message_, own.sign(message_))) ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(4, 10));
}

TEST(Signature, Ed25519IsThatOfTheOtherInterface) {
  const auto other = Ed25519PrivateKey::generate();
  const SigningKey key = SigningKey::from_bytes(SignatureAlgorithm::kEd25519, other.seed());
  EXPECT_EQ(key.public_key(), to_bytes(other.public_key()));
  EXPECT_EQ(key.sign(view("hello")), to_bytes(other.sign(view("hello"))));
}

}  // namespace
}  // namespace mychat
