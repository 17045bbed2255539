#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "tests/crypto/status.h"

namespace mychat {
namespace {

using test::status_of;

Bytes filled(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + 7);
  return bytes;
}

TEST(Random, FillsEverythingAndNeverRepeats) {
  std::set<std::array<std::uint8_t, 16>> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random_array<16>()).second);
  // A byte that stayed zero in 64 draws would be one that nobody fills.
  Bytes ever(300), ever_secret(300);
  for (int i = 0; i < 64; ++i) {
    Bytes drawn(300);
    random_bytes(drawn);
    const Secret secret = random_secret(300);
    for (std::size_t k = 0; k < 300; ++k) {
      ever[k] |= drawn[k];
      ever_secret[k] |= secret[k];
    }
  }
  for (std::size_t k = 0; k < 300; ++k) EXPECT_TRUE(ever[k] != 0 && ever_secret[k] != 0) << k;
  random_bytes({});
  EXPECT_TRUE(random_secret(0).empty());
}

TEST(Random, UuidsAreVersion4OfTheRfcVariant) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = uuid_v4();
    EXPECT_TRUE(is_uuid(id)) << id;
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Random, TimeOrderedUuidsBeginWithTheTimeAndDiffer) {
  const std::string early = uuid_v7(0x0123456789AB);
  const std::string later = uuid_v7(0x0123456789AC);
  EXPECT_TRUE(is_uuid(early)) << early;
  EXPECT_EQ(early.substr(0, 13), "01234567-89ab");
  EXPECT_EQ(early[14], '7');
  EXPECT_NE(std::string("89ab").find(early[19]), std::string::npos) << early;
  EXPECT_LT(early, later);
  EXPECT_NE(early, uuid_v7(0x0123456789AB));
}

TEST(Random, NumbersStayBelowTheirBoundAndAreUniform) {
  int counts[6] = {};
  for (int i = 0; i < 60000; ++i) ++counts[random_below(6)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 600);  // More than six standard deviations.
  EXPECT_EQ(random_below(1), 0u);
  const std::uint64_t large = (std::uint64_t{1} << 63) + 1;  // The worst case of the rejection.
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random_below(large), large);
  EXPECT_LE(random_below(~std::uint64_t{0}), ~std::uint64_t{0} - 1);
  EXPECT_EQ(status_of([] { (void)random_below(0); }), MYCHAT_E_INVALID_ARGUMENT);
}

TEST(Hash, MatchesFips180Examples) {
  EXPECT_EQ(hex_encode(sha256(view("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_encode(sha512(view("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Hash, InPiecesEqualsAtOnceAndStartsAfresh) {
  const Bytes data = filled(1000);
  Sha256 hash;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t at = 0; at < data.size(); at += 77) {
      hash.update(ByteView(data).subspan(at, std::min<std::size_t>(77, data.size() - at)));
    }
    hash.update({});
    EXPECT_EQ(hash.finish(), sha256(data));
  }
  EXPECT_EQ(hash.finish(), sha256({}));
}

TEST(Mac, KeyedContextIsReusableAndPiecesJoin) {
  const Bytes key = filled(32), data = filled(500);
  const HmacSha256 mac(key);
  const Sha256Digest tag = hmac_sha256(key, data);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(mac.compute(data), tag);
  EXPECT_EQ(mac.compute({ByteView(data).first(123), ByteView{}, ByteView(data).subspan(123)}), tag);
  EXPECT_TRUE(mac.verify(data, tag));
}

TEST(Mac, RefusesAlteredTruncatedAndLongTags) {
  const Bytes key = filled(20), data = filled(50);
  Bytes tag = to_bytes(hmac_sha256(key, data));
  EXPECT_TRUE(hmac_sha256_verify(key, data, tag));
  EXPECT_FALSE(hmac_sha256_verify(key, data, ByteView(tag).first(31)));
  EXPECT_FALSE(hmac_sha256_verify(key, data, {}));
  tag.push_back(0);
  EXPECT_FALSE(hmac_sha256_verify(key, data, tag));
  tag.pop_back();
  tag[31] ^= 1;
  EXPECT_FALSE(hmac_sha256_verify(key, data, tag));
}

TEST(Mac, TakesAnEmptyKey) {
  EXPECT_EQ(hex_encode(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hkdf, ExtractThenExpandIsTheWhole) {
  const Bytes secret = filled(22), salt = filled(13), info = filled(2000);
  const Secret key = hkdf_sha256_extract(secret, salt);
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(hkdf_sha256_expand(key, info, 100), hkdf_sha256(secret, salt, info, 100));
  EXPECT_NE(hkdf_sha256_expand(key, view("a"), 32), hkdf_sha256_expand(key, view("b"), 32));
  EXPECT_EQ(hkdf_sha256_extract({}, {}), hkdf_sha256_extract({}, Bytes(32)));
}

TEST(Hkdf, RefusesImpossibleSizes) {
  const Bytes key = filled(32);
  EXPECT_EQ(hkdf_sha256_expand(key, {}, 8160).size(), 8160u);
  EXPECT_EQ(status_of([&] { hkdf_sha256_expand(key, {}, 8161); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { hkdf_sha256_expand(key, {}, 0); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { hkdf_sha256_expand(ByteView(key).first(31), {}, 32); }),
            MYCHAT_E_INVALID_ARGUMENT);
}

TEST(Pbkdf2, RefusesCostsOutOfBounds) {
  EXPECT_EQ(status_of([] { pbkdf2_hmac_sha256({}, {}, 0, 32); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([] { pbkdf2_hmac_sha256({}, {}, 10'000'001, 32); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([] { pbkdf2_hmac_sha256({}, {}, 1, 0); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([] { pbkdf2_hmac_sha256({}, {}, 1, 1025); }), MYCHAT_E_INVALID_ARGUMENT);
}

// Known answers of the reference implementation's own test program.
TEST(Argon2id, MatchesKnownAnswers) {
  const auto hash = [](const char* password, const char* salt, const Argon2Params& params) {
    return hex_encode(argon2id(view(password), view(salt), params, 32));
  };
  EXPECT_EQ(hash("password", "somesalt", {.memory_kib = 65536, .iterations = 2, .lanes = 1}),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
  EXPECT_EQ(hash("password", "somesalt", {.memory_kib = 256, .iterations = 2, .lanes = 1}),
            "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
  EXPECT_EQ(hash("password", "somesalt", {.memory_kib = 256, .iterations = 2, .lanes = 2}),
            "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037");
  EXPECT_EQ(hash("differentpassword", "somesalt", {.memory_kib = 65536, .iterations = 2, .lanes = 1}),
            "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde");
  EXPECT_EQ(hash("password", "diffsalt", {.memory_kib = 65536, .iterations = 2, .lanes = 1}),
            "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c");
}

constexpr Argon2Params kCheap{.memory_kib = 256, .iterations = 1, .lanes = 1};

TEST(Argon2id, VerifiesEncodedHashesFromElsewhere) {
  const char* encoded =
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  EXPECT_TRUE(argon2id_verify(encoded, view("password")));
  EXPECT_FALSE(argon2id_verify(encoded, view("Password")));
  EXPECT_FALSE(argon2id_verify(encoded, {}));
  EXPECT_EQ(argon2id_params(encoded), (Argon2Params{.memory_kib = 65536, .iterations = 2, .lanes = 1}));
}

TEST(Argon2id, EncodedFormCarriesItsCostsAndAFreshSalt) {
  const std::string one = argon2id_hash(view("secret words"), kCheap);
  EXPECT_TRUE(one.starts_with("$argon2id$v=19$m=256,t=1,p=1$")) << one;
  EXPECT_TRUE(argon2id_verify(one, view("secret words")));
  EXPECT_FALSE(argon2id_verify(one, view("secret word")));
  EXPECT_EQ(argon2id_params(one), kCheap);
  EXPECT_NE(one, argon2id_hash(view("secret words"), kCheap));
}

TEST(Argon2id, RefusesMalformedHashesAndCostsOutOfBounds) {
  const std::string tail = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  for (const std::string& bad :
       {std::string(), std::string("$argon2id$"), "$argon2i$v=19$m=65536,t=2,p=1" + tail,
        "$argon2id$v=16$m=65536,t=2,p=1" + tail, "$argon2id$v=19$m=4294967295,t=2,p=1" + tail,
        "$argon2id$v=19$m=99999999999,t=2,p=1" + tail, "$argon2id$v=19$m=256,t=0,p=1" + tail,
        "$argon2id$v=19$m=256,t=65,p=1" + tail, "$argon2id$v=19$m=256,t=1,p=0" + tail,
        "$argon2id$v=19$m=256,t=1,p=17" + tail, "$argon2id$v=19$m=-256,t=1,p=1" + tail,
        "$argon2id$v=19$m=0256,t=1,p=1" + tail, "$argon2id$v=19$m=7,t=1,p=1" + tail,
        "$argon2id$v=19$m=256,t=1,p=1x" + tail, "$argon2id$v=19$m=256,t=1,p=1$c29tZXNhbHQ" + std::string("$"),
        "$argon2id$v=19$m=256,t=1,p=1$c29tZXNhbHQ=" + tail.substr(12),
        "$argon2id$v=19$m=256,t=1,p=1" + tail + "$",
        "$argon2id$v=19$m=256,t=1,p=1" + tail + std::string(300, 'A')}) {
    EXPECT_FALSE(argon2id_verify(bad, view("password"))) << bad;
    EXPECT_EQ(argon2id_params(bad), std::nullopt) << bad;
  }
  const Bytes salt = filled(16);
  for (const Argon2Params& bad : {Argon2Params{.memory_kib = kArgon2MaxMemoryKib + 1},
                                  Argon2Params{.memory_kib = 7}, Argon2Params{.iterations = 0},
                                  Argon2Params{.lanes = 0}, Argon2Params{.memory_kib = 15, .lanes = 2}}) {
    EXPECT_EQ(status_of([&] { argon2id({}, salt, bad, 32); }), MYCHAT_E_INVALID_ARGUMENT);
  }
  EXPECT_EQ(status_of([&] { argon2id({}, filled(7), kCheap, 32); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { argon2id({}, salt, kCheap, 15); }), MYCHAT_E_INVALID_ARGUMENT);
}

class AeadOf : public testing::TestWithParam<AeadAlgorithm> {
 protected:
  const std::size_t key_size_ = aead_key_size(GetParam());
};
INSTANTIATE_TEST_SUITE_P(All, AeadOf,
                         testing::Values(AeadAlgorithm::kAes256Gcm, AeadAlgorithm::kChaCha20Poly1305,
                                         AeadAlgorithm::kAes128Gcm));

TEST_P(AeadOf, OpensWhatItSealedForEverySize) {
  Aead aead(GetParam(), filled(key_size_));
  for (std::size_t size = 0; size < 130; ++size) {
    const Bytes plaintext = filled(size);
    const auto nonce = random_array<12>();
    const Bytes sealed = aead.seal(nonce, plaintext, view("context"));
    EXPECT_EQ(sealed.size(), size + kAeadTagSize);
    EXPECT_EQ(to_bytes(aead.open(nonce, sealed, view("context"))), plaintext);
  }
}

TEST_P(AeadOf, RefusesEveryAlterationAndWipesTheOutput) {
  const Bytes plaintext = filled(40);
  const auto nonce = random_array<12>();
  Aead aead(GetParam(), filled(key_size_));
  const Bytes sealed = aead.seal(nonce, plaintext, view("aad"));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    Bytes altered = sealed;
    altered[at] ^= 0x80;
    Bytes out(40, 0xAA);
    EXPECT_EQ(status_of([&] { aead.open_into(nonce, altered, view("aad"), out); }), MYCHAT_E_DECRYPT) << at;
    EXPECT_EQ(out, Bytes(40, 0));
  }
  auto other_nonce = nonce;
  other_nonce[0] ^= 1;
  EXPECT_EQ(status_of([&] { aead.open(other_nonce, sealed, view("aad")); }), MYCHAT_E_DECRYPT);
  EXPECT_EQ(status_of([&] { aead.open(nonce, sealed, view("aaD")); }), MYCHAT_E_DECRYPT);
  EXPECT_EQ(status_of([&] { aead.open(nonce, sealed); }), MYCHAT_E_DECRYPT);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(status_of([&] { aead.open(nonce, ByteView(sealed).first(size), view("aad")); }),
              MYCHAT_E_DECRYPT);
  }
  aead.set_key(Bytes(key_size_, 1));
  EXPECT_EQ(status_of([&] { aead.open(nonce, sealed, view("aad")); }), MYCHAT_E_DECRYPT);
  aead.set_key(filled(key_size_));  // After all those failures it still works.
  EXPECT_EQ(to_bytes(aead.open(nonce, sealed, view("aad"))), plaintext);
}

TEST_P(AeadOf, WorksInPlace) {
  const auto nonce = random_array<12>();
  const Bytes plaintext = filled(1000);
  Aead aead(GetParam(), filled(key_size_));
  Bytes buffer = plaintext;
  buffer.resize(1016);
  aead.seal_into(nonce, ByteView(buffer).first(1000), {}, buffer);
  EXPECT_EQ(buffer, aead.seal(nonce, plaintext));
  aead.open_into(nonce, buffer, {}, MutableBytes(buffer).first(1000));
  buffer.resize(1000);
  EXPECT_EQ(buffer, plaintext);
}

TEST_P(AeadOf, RefusesWrongSizes) {
  const auto nonce = random_array<12>();
  EXPECT_EQ(status_of([&] { Aead(GetParam(), filled(key_size_ - 1)); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { Aead(GetParam()).seal(nonce, {}); }), MYCHAT_E_INVALID_ARGUMENT);
  Aead aead(GetParam(), filled(key_size_));
  Bytes out(20);
  EXPECT_EQ(status_of([&] { aead.seal(filled(13), {}); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { aead.seal(filled(0), {}); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { aead.seal_into(nonce, filled(5), {}, out); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { aead.open_into(nonce, filled(37), {}, out); }), MYCHAT_E_INVALID_ARGUMENT);
}

TEST_P(AeadOf, InPiecesEqualsAtOnce) {
  const Bytes key = filled(key_size_), plaintext = filled(100'000);
  const auto nonce = random_array<12>();
  Bytes sealed(plaintext.size());
  AeadSealer sealer(GetParam(), key, nonce, view("file"));
  const std::size_t steps[] = {1, 15, 16, 17, 0, 4096, 5003};
  for (std::size_t at = 0, turn = 0; at < plaintext.size(); ++turn) {
    const std::size_t step = std::min(steps[turn % std::size(steps)], plaintext.size() - at);
    sealer.update(ByteView(plaintext).subspan(at, step), MutableBytes(sealed).subspan(at, step));
    at += step;
  }
  const auto tag = sealer.finish();
  Bytes whole = sealed;
  whole.insert(whole.end(), tag.begin(), tag.end());
  EXPECT_EQ(whole, Aead(GetParam(), key).seal(nonce, plaintext, view("file")));

  AeadOpener opener(GetParam(), key, nonce, view("file"));
  Bytes opened(sealed.size());
  opener.update(ByteView(sealed).first(33), MutableBytes(opened).first(33));
  opener.update(ByteView(sealed).subspan(33), MutableBytes(opened).subspan(33));
  opener.finish(tag);
  EXPECT_EQ(opened, plaintext);
}

TEST_P(AeadOf, PiecesWithAWrongOrShortTagAreRefused) {
  const Bytes key = filled(key_size_);
  const auto nonce = random_array<12>();
  AeadSealer sealer(GetParam(), key, nonce);
  Bytes data = filled(50);
  sealer.update(data, data);
  const auto tag = sealer.finish();
  for (const std::size_t size : {0U, 12U, 15U}) {
    AeadOpener opener(GetParam(), key, nonce);
    Bytes out(50);
    opener.update(data, out);
    EXPECT_EQ(status_of([&] { opener.finish(ByteView(tag).first(size)); }), MYCHAT_E_DECRYPT);
  }
  auto wrong = tag;
  wrong[15] ^= 1;
  AeadOpener opener(GetParam(), key, nonce);
  Bytes out(50);
  opener.update(data, out);
  EXPECT_EQ(status_of([&] { opener.finish(wrong); }), MYCHAT_E_DECRYPT);
}

TEST_P(AeadOf, OutputsAreOfTheSizeThatIsWritten) {
  const Bytes key = filled(key_size_), nonce = filled(12), data = filled(20);
  Aead aead(GetParam(), key);
  const Bytes sealed = aead.seal(nonce, data);
  for (const std::size_t size : {0U, 19U, 21U, 37U}) {
    Bytes out(size, 7);
    const Bytes before = out;
    AeadSealer sealer(GetParam(), key, nonce);
    AeadOpener opener(GetParam(), key, nonce);
    const std::vector<std::function<void()>> works{
        [&] { aead.seal_into(nonce, data, {}, out); }, [&] { aead.open_into(nonce, sealed, {}, out); },
        [&] { sealer.update(data, out); }, [&] { opener.update(data, out); }};
    for (const auto& work : works) EXPECT_EQ(status_of(work), MYCHAT_E_INVALID_ARGUMENT) << size;
    EXPECT_EQ(out, before);
  }
}

TEST(Aead, OneShotFunctionsAgreeWithTheClass) {
  const Bytes key = filled(32), nonce = filled(12), plaintext = filled(77);
  const Bytes sealed = aes256gcm_seal(key, nonce, plaintext, view("x"));
  EXPECT_EQ(sealed, Aead(AeadAlgorithm::kAes256Gcm, key).seal(nonce, plaintext, view("x")));
  EXPECT_EQ(to_bytes(aes256gcm_open(key, nonce, sealed, view("x"))), plaintext);
}

}  // namespace
}  // namespace mychat
