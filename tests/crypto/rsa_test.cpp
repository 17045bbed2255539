#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/encoding.h"
#include "crypto/random.h"
#include "crypto/rsa.h"
#include "crypto/rsa_keygen.h"
#include "tests/crypto/status.h"

namespace mychat {
namespace {

using test::status_of;

// One key for all tests: each takes a good part of a second to make.
const RsaPrivateKey& key() {
  static const RsaPrivateKey made = generate_rsa_4096();
  return made;
}
const RsaPrivateKey& other_key() {
  static const RsaPrivateKey made = generate_rsa_4096();
  return made;
}

TEST(RsaOaep, OpensWhatItSealedForEveryLength) {
  for (const std::size_t size : {0U, 1U, 32U, 445U, 446U}) {
    const Bytes message = to_bytes(random_secret(size));
    const Bytes wrapped = key().public_key().encrypt_oaep(message);
    EXPECT_EQ(wrapped.size(), kRsaBytes);
    EXPECT_EQ(to_bytes(key().decrypt_oaep(wrapped)), message);
    EXPECT_NE(wrapped, key().public_key().encrypt_oaep(message)) << "OAEP must be randomised";
  }
  EXPECT_EQ(status_of([] { key().public_key().encrypt_oaep(Bytes(447)); }), MYCHAT_E_INVALID_ARGUMENT);
}

TEST(RsaOaep, EveryFailureLooksTheSame) {
  const Bytes wrapped = key().public_key().encrypt_oaep(view("secret"));
  Bytes flipped = wrapped, last = wrapped, short_one = wrapped, long_one = wrapped;
  flipped[1] ^= 1;
  last[511] ^= 0x80;
  short_one.pop_back();
  long_one.push_back(0);
  std::string message;
  for (const Bytes& bad : {flipped, last, short_one, long_one, Bytes(), Bytes(512), Bytes(512, 0xFF),
                           other_key().public_key().encrypt_oaep(view("secret"))}) {
    try {
      key().decrypt_oaep(bad);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), MYCHAT_E_DECRYPT);
      EXPECT_EQ(error.detail(), 0);
      if (message.empty()) message = error.what();
      EXPECT_EQ(error.what(), message);
    }
  }
  EXPECT_EQ(to_bytes(key().decrypt_oaep(wrapped)), to_bytes(view("secret")))
      << "failures must leave no trace";
}

TEST(RsaPss, VerifiesItsOwnSignaturesOnly) {
  const Bytes message(1000, 'x');
  const Bytes signature = key().sign_pss(message);
  EXPECT_EQ(signature.size(), kRsaBytes);
  EXPECT_TRUE(key().public_key().verify_pss(message, signature));
  EXPECT_TRUE(key().public_key().verify_pss({}, key().sign_pss({})));
  EXPECT_NE(signature, key().sign_pss(message)) << "PSS must be salted";
  EXPECT_FALSE(key().public_key().verify_pss(view("other"), signature));
  EXPECT_FALSE(other_key().public_key().verify_pss(message, signature));
  EXPECT_FALSE(key().public_key().verify_pss(message, ByteView(signature).first(511)));
  EXPECT_FALSE(key().public_key().verify_pss(message, {}));
  Bytes altered = signature;
  altered[300] ^= 4;
  EXPECT_FALSE(key().public_key().verify_pss(message, altered));
  EXPECT_TRUE(key().public_key().verify_pss(message, signature)) << "failures must leave no trace";
}

TEST(RsaKey, OneKeyServesManyThreadsAtOnce) {
  const Bytes good = key().public_key().encrypt_oaep(view("from many threads"));
  std::atomic<int> opened = 0, refused = 0, verified = 0;
  const auto work = [&] {
    const RsaPrivateKey mine = key();
    for (int i = 0; i < 8; ++i) {
      if (text(mine.decrypt_oaep(good)) == "from many threads") ++opened;
      Bytes bad = good;
      bad[static_cast<std::size_t>(100 + i)] ^= 1;
      if (status_of([&] { mine.decrypt_oaep(bad); }) == MYCHAT_E_DECRYPT) ++refused;
      const Bytes wrapped = mine.public_key().encrypt_oaep(view("again"));
      if (text(mine.decrypt_oaep(wrapped)) == "again") ++opened;
      if (i == 0 && mine.public_key().verify_pss(wrapped, mine.sign_pss(wrapped))) ++verified;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(opened, 6 * 16);
  EXPECT_EQ(refused, 6 * 8);
  EXPECT_EQ(verified, 6);
}

TEST(RsaKey, EncodingsGoBothWays) {
  const RsaPublicKey& shared = key().public_key();
  EXPECT_EQ(RsaPublicKey::from_spki_der(shared.to_spki_der()), shared);
  EXPECT_EQ(RsaPublicKey::from_components(shared.components()), shared);
  EXPECT_EQ(RsaPrivateKey::from_pkcs8_der(key().to_pkcs8_der(), RsaCheck::kArithmetic), key());
  EXPECT_EQ(RsaPrivateKey::from_pkcs8_pem(text(key().to_pkcs8_pem()), RsaCheck::kArithmetic), key());
  EXPECT_EQ(RsaPrivateKey::from_components(key().components()), key());
  EXPECT_FALSE(shared == other_key().public_key());
  EXPECT_FALSE(key() == other_key());
  EXPECT_EQ(shared.components().e, (Bytes{1, 0, 1}));
  EXPECT_EQ(shared.components().n.size(), 512u);
  EXPECT_EQ(shared.modulus_bits(), 4096u);
}

TEST(RsaKey, PemIsAsBrowsersWriteItAndReadWithAnyLineEnd) {
  const RsaPublicKey& shared = key().public_key();
  const std::string pem = shared.to_spki_pem();
  EXPECT_TRUE(pem.starts_with("-----BEGIN PUBLIC KEY-----\nMIICIjANBgkqhkiG9w0BAQEFAAOCAg8A"));
  EXPECT_TRUE(pem.ends_with("\n-----END PUBLIC KEY-----"));
  EXPECT_EQ(pem.find('\n', 27) - 27, 64u);
  std::string crlf, flat;
  for (const char c : pem) {
    crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    if (c != '\n') flat += c;
  }
  EXPECT_EQ(RsaPublicKey::from_spki_pem(pem + "\n"), shared);
  EXPECT_EQ(RsaPublicKey::from_spki_pem("  \r\n" + crlf + "\r\n"), shared);
  EXPECT_EQ(RsaPublicKey::from_spki_pem(flat), shared);
}

TEST(RsaKey, RefusesTextsAndBytesThatAreNotAKey) {
  const std::string pem = key().public_key().to_spki_pem();
  const Bytes der = key().public_key().to_spki_der();
  std::string bad_character = pem, cut = pem, no_end = pem.substr(0, pem.size() - 5);
  bad_character[100] = '*';
  cut.erase(100, 64);
  for (const std::string& bad : {std::string(), std::string(" \n"), std::string("-----BEGIN PUBLIC KEY-----"),
                                 no_end, bad_character, cut, pem + pem, "x" + pem, pem + "x",
                                 std::string("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"),
                                 std::string(text(key().to_pkcs8_pem()))}) {
    EXPECT_EQ(status_of([&] { RsaPublicKey::from_spki_pem(bad); }), MYCHAT_E_MALFORMED) << bad.substr(0, 60);
  }
  EXPECT_EQ(status_of([&] { RsaPublicKey::from_spki_pem(std::string(kRsaMaxEncodedKey + 1, 'A')); }),
            MYCHAT_E_TOO_LARGE);
  EXPECT_EQ(status_of([&] { RsaPublicKey::from_spki_der(Bytes(kRsaMaxEncodedKey + 1)); }),
            MYCHAT_E_TOO_LARGE);
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_EQ(status_of([&] { RsaPublicKey::from_spki_der(longer); }), MYCHAT_E_MALFORMED);
  for (std::size_t size = 0; size < der.size(); size += 13) {
    EXPECT_EQ(status_of([&] { RsaPublicKey::from_spki_der(ByteView(der).first(size)); }), MYCHAT_E_MALFORMED);
  }
  // An Ed25519 public key.
  const Bytes other =
      hex_decode("302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
          .value();
  EXPECT_EQ(status_of([&] { RsaPublicKey::from_spki_der(other); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status_of([&] { RsaPrivateKey::from_pkcs8_der(der); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status_of([&] { RsaPrivateKey::from_pkcs8_pem(pem); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(status_of([&] { RsaPrivateKey::from_pkcs8_der({}); }), MYCHAT_E_MALFORMED);
}

TEST(RsaKey, RefusesPublicNumbersThatAreNotOurs) {
  const RsaPublicComponents good = key().public_key().components();
  const auto refused = [](const RsaPublicComponents& bad) {
    return status_of([&] { RsaPublicKey::from_components(bad); });
  };
  EXPECT_EQ(refused({good.n, {3}}), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused({good.n, {}}), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused({good.n, {1, 0, 1, 0}}), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused({{}, good.e}), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused({Bytes(512), good.e}), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused({Bytes(good.n.begin() + 256, good.n.end()), good.e}), MYCHAT_E_MALFORMED);  // 2048 bits.
  EXPECT_EQ(refused({Bytes(600, 1), good.e}), MYCHAT_E_TOO_LARGE);
  Bytes even = good.n, padded = good.n;
  even.back() &= 0xFE;
  EXPECT_EQ(refused({even, good.e}), MYCHAT_E_MALFORMED);
  padded.insert(padded.begin(), 0);
  EXPECT_EQ(RsaPublicKey::from_components({padded, good.e}), key().public_key());
}

TEST(RsaKey, RefusesPrivateNumbersThatDoNotBelongTogether) {
  const RsaPrivateComponents good = key().components(), foreign = other_key().components();
  const auto refused = [&](auto&& change) {
    RsaPrivateComponents bad = good;
    change(bad);
    return status_of([&] { RsaPrivateKey::from_components(bad, RsaCheck::kArithmetic); });
  };
  using C = RsaPrivateComponents;
  EXPECT_EQ(refused([](C&) {}), MYCHAT_OK);
  // Each number replaced by the other key's, by zero, by nothing, by itself plus two or with its lowest bit
  // flipped.
  const std::pair<const char*, Secret C::*> secrets[] = {{"d", &C::d},   {"p", &C::p},   {"q", &C::q},
                                                         {"dp", &C::dp}, {"dq", &C::dq}, {"qi", &C::qi}};
  for (const auto& [name, member] : secrets) {
    SCOPED_TRACE(name);
    EXPECT_EQ(refused([&](C& c) { c.*member = foreign.*member; }), MYCHAT_E_MALFORMED);
    EXPECT_EQ(refused([&](C& c) { c.*member = Secret{0}; }), MYCHAT_E_MALFORMED);
    EXPECT_EQ(refused([&](C& c) { (c.*member).clear(); }), MYCHAT_E_MALFORMED);
    EXPECT_EQ(refused([&](C& c) { (c.*member).back() ^= 2; }), MYCHAT_E_MALFORMED);
    EXPECT_EQ(refused([&](C& c) { (c.*member).back() ^= 1; }), MYCHAT_E_MALFORMED);
    EXPECT_EQ(refused([&](C& c) { (c.*member).assign(513, 0xFF); }), MYCHAT_E_TOO_LARGE);
    EXPECT_EQ(refused([&](C& c) { (c.*member).assign(1 << 20, 0xFF); }), MYCHAT_E_TOO_LARGE);
  }
  EXPECT_EQ(refused([&](C& c) { c.n = foreign.n; }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused([&](C& c) { c.n.clear(); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused([&](C& c) { c.n.resize(256); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused([&](C& c) { c.n.back() ^= 1; }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused([&](C& c) { c.e = {3}; }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused([&](C& c) { std::swap(c.p, c.q); }),
            MYCHAT_E_MALFORMED);  // dp, dq and qi are for p and q.
  EXPECT_EQ(refused([&](C& c) { std::swap(c.dp, c.dq); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(refused([&](C& c) { c.p = to_secret(c.n), c.q = Secret{1}; }), MYCHAT_E_MALFORMED);
}

}  // namespace
}  // namespace mychat
