// Archives that somebody or something broke: every one is refused, with the reason.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "keys/backup.h"
#include "keys/backup_account_json.h"
#include "keys/backup_members.h"
#include "keys/fingerprint.h"
#include "keys/identity.h"
#include "keys/jwk.h"
#include "keys/zip_archive.h"
#include "support/expect_error.h"
#include "support/test_keys.h"

namespace mychat {
namespace {

using test::alice_key;
using test::bob_key;

constexpr std::int64_t kNow = 1'800'000'000'123;
constexpr std::string_view kPassword = "correct horse";
constexpr Argon2Params kCheap{64, 1, 1};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string private_member(const RsaPrivateKey& key = alice_key(), std::string_view password = kPassword) {
  return seal_v1_member(kPrivateKeyMember, view(private_jwk_pretty(key)), password, kNow);
}
std::string public_member(const RsaPrivateKey& key = alice_key(), std::string_view password = kPassword) {
  return seal_v1_member(kPublicKeyMember, view(public_jwk_pretty(key.public_key())), password, kNow);
}

SealedAccount sealed_account() {
  const Identity identity = Identity::of_key("alice@example.org", alice_key());
  SealedAccount out{.identity = identity.fingerprint(), .private_key = {}, .account = {}};
  out.account.handle = identity.handle();
  out.account.signing_seed = identity.signing_key().seed();
  out.account.signing_key_certificate = identity.certificate();
  out.account.contacts.push_back({.handle = "bob@example.net",
                                  .nickname = "Bob",
                                  .public_key = bob_key().public_key().to_spki_pem(),
                                  .signing_key = {},
                                  .signing_key_certificate = {},
                                  .trust = BackupTrust::kVerified,
                                  .added_at = 1,
                                  .blocked = false});
  return out;
}
std::string seal_json(std::string_view json, std::string_view password = kPassword) {
  return seal_account_member(view(json), password, kNow, kCheap);
}
std::string sealed_member(const SealedAccount& account) {
  return seal_json(text(view(write_account_json(account))));
}

Bytes zip(const std::vector<ZipMember>& members) { return write_zip(members, kNow); }
Bytes v1_zip(const std::string& private_json, const std::string& public_json) {
  return zip({{"private_key.json", private_json}, {"public_key.json", public_json}});
}
BackupContents import(const Bytes& archive) { return import_backup(archive, kPassword); }

TEST(DamagedBackup, LaidOutDifferentlyIsStillRead) {
  std::string compact;
  for (const char c : private_member()) {
    if (c != '\n' && c != ' ') compact += c;
  }
  const std::string more = replaced(public_member(), "{", "{\n \"comment\": [1, {\"a\": null}],");
  EXPECT_EQ(
      import(zip({{"photo.jpg", "x"}, {"public_key.json", more}, {"private_key.json", compact}})).private_key,
      alice_key());
  const std::string undated = replaced(private_member(), "\"created\": \"2027", "\"created\": \"MMXXVII");
  EXPECT_EQ(import(v1_zip(undated, public_member())).created_at, 0);
}

TEST(DamagedBackup, MissingAMemberSaysWhich) {
  EXPECT_ERROR(import(zip({{"private_key.json", private_member()}})), MYCHAT_E_MALFORMED, "public_key.json");
  EXPECT_ERROR(import(zip({{"public_key.json", public_member()}})), MYCHAT_E_MALFORMED, "private_key.json");
  EXPECT_ERROR(import(zip({{"README.txt", "hello"}})), MYCHAT_E_MALFORMED, "private_key.json");
  EXPECT_ERROR(import(zip({{"mychat_sealed.json", sealed_member(sealed_account())}})), MYCHAT_E_MALFORMED,
               "no private key");
  EXPECT_ERROR(
      import(zip({{"backup/private_key.json", private_member()}, {"public_key.json", public_member()}})),
      MYCHAT_E_MALFORMED, "private_key.json");
  EXPECT_ERROR(import(zip({{"mychat_sealed.json", sealed_member(sealed_account())},
                           {"private_key.json", private_member()}})),
               MYCHAT_E_MALFORMED, "public_key.json");
}

TEST(DamagedBackup, WithAV1MemberThatIsNotWhatItMustBeSaysWhy) {
  const std::string good = private_member();
  const auto with = [&](const std::string& from, const std::string& to) {
    return import(v1_zip(replaced(good, from, to), public_member()));
  };
  EXPECT_ERROR(with("mychat_encrypted_private_key", "mychat_encrypted_public_key"), MYCHAT_E_MALFORMED,
               "\"type\"");
  EXPECT_ERROR(with("\"type\"", "\"typ\""), MYCHAT_E_MALFORMED, "lacks the text \"type\"");
  EXPECT_ERROR(with("\"1.0\"", "1.0"), MYCHAT_E_MALFORMED, "\"version\"");
  EXPECT_ERROR(with("\"1.0\"", "\"2.0\""), MYCHAT_E_UNSUPPORTED, "\"version\"");
  EXPECT_ERROR(with("AES-256-GCM", "AES-256-CBC"), MYCHAT_E_UNSUPPORTED, "\"algorithm\"");
  EXPECT_ERROR(with("100000", "1"), MYCHAT_E_UNSUPPORTED, "\"kdf\"");
  EXPECT_ERROR(with("\"encrypted\": \"", "\"encrypted\": \"*"), MYCHAT_E_MALFORMED,
               "\"encrypted\" that is not base64");
  EXPECT_ERROR(with("\"encrypted\": \"", "\"encrypted\": \"AAAA\", \"x\": \""), MYCHAT_E_MALFORMED,
               "too short");
  EXPECT_ERROR(with("\"iv\": \"", "\"iv\": \"AAAA"), MYCHAT_E_MALFORMED, "12 bytes");
  EXPECT_ERROR(with("\"salt\": \"", "\"salt\": \"AAAA"), MYCHAT_E_MALFORMED, "16 bytes");
  EXPECT_ERROR(with("{", ""), MYCHAT_E_MALFORMED, "private_key.json");
  EXPECT_ERROR(with("{", "[{"), MYCHAT_E_MALFORMED, "private_key.json");
  EXPECT_ERROR(import(v1_zip("", public_member())), MYCHAT_E_MALFORMED, "private_key.json");
  EXPECT_ERROR(import(v1_zip("[]", public_member())), MYCHAT_E_MALFORMED, "not a JSON object");
  EXPECT_ERROR(import(v1_zip(good, "\xff\xfe{}")), MYCHAT_E_MALFORMED, "public_key.json");
}

TEST(DamagedBackup, TellsAWrongPasswordFromAnAlteredMember) {
  const std::string other = "another password";
  EXPECT_ERROR(import(v1_zip(private_member(alice_key(), other), public_member(alice_key(), other))),
               MYCHAT_E_WRONG_PASSWORD, "password");
  EXPECT_ERROR(import(v1_zip(private_member(alice_key(), other), public_member())), MYCHAT_E_DECRYPT,
               "private_key.json");
  EXPECT_ERROR(import(v1_zip(private_member(), public_member(alice_key(), other))), MYCHAT_E_DECRYPT,
               "public_key.json");
  SealedAccount account = sealed_account();
  const std::string sealed = seal_json(text(view(write_account_json(account))), other);
  EXPECT_ERROR(import(zip({{"private_key.json", private_member()},
                           {"public_key.json", public_member()},
                           {"mychat_sealed.json", sealed}})),
               MYCHAT_E_DECRYPT, "mychat_sealed.json");
  EXPECT_ERROR(import(zip({{"mychat_sealed.json", sealed}})), MYCHAT_E_WRONG_PASSWORD, "password");
}

TEST(DamagedBackup, WithKeysThatDoNotBelongTogetherIsRefused) {
  EXPECT_ERROR(import(v1_zip(private_member(), public_member(bob_key()))), MYCHAT_E_KEY_MISMATCH, "together");
  const auto with = [](const SealedAccount& account, const RsaPrivateKey& key) {
    return import(zip({{"private_key.json", private_member(key)},
                       {"public_key.json", public_member(key)},
                       {"mychat_sealed.json", sealed_member(account)}}));
  };
  EXPECT_EQ(with(sealed_account(), alice_key()).private_key, alice_key());
  EXPECT_ERROR(with(sealed_account(), bob_key()), MYCHAT_E_KEY_MISMATCH, "account");
  SealedAccount account = sealed_account();
  account.account.handle = "mallory@example.org";
  EXPECT_ERROR(with(account, alice_key()), MYCHAT_E_KEY_MISMATCH, "signing key");
  account = sealed_account();
  account.account.signing_seed[0] ^= 1;
  EXPECT_ERROR(with(account, alice_key()), MYCHAT_E_KEY_MISMATCH, "signing key");
  account = sealed_account();
  account.private_key = bob_key().to_pkcs8_der();
  EXPECT_ERROR(import(zip({{"mychat_sealed.json", sealed_member(account)}})), MYCHAT_E_KEY_MISMATCH,
               "account");
}

TEST(DamagedBackup, WithAPrivateKeyThatIsNoneIsRefused) {
  const std::string no_key = seal_v1_member(kPrivateKeyMember, view("{\"kty\":\"RSA\"}"), kPassword, kNow);
  EXPECT_ERROR(import(v1_zip(no_key, public_member())), MYCHAT_E_MALFORMED, "");
  SealedAccount account = sealed_account();
  account.private_key = to_secret("no key at all");
  EXPECT_ERROR(import(zip({{"mychat_sealed.json", sealed_member(account)}})), MYCHAT_E_MALFORMED, "PKCS");
}

TEST(DamagedBackup, WhoseSealedMemberIsNotWhatItMustBeSaysWhy) {
  const std::string good = sealed_member(sealed_account());
  const auto with = [&](const std::string& from, const std::string& to) {
    return import(zip({{"mychat_sealed.json", replaced(good, from, to)}}));
  };
  EXPECT_ERROR(with("mychat_sealed_account", "mychat_account"), MYCHAT_E_MALFORMED, "\"type\"");
  EXPECT_ERROR(with("\"version\": \"1\"", "\"version\": \"2\""), MYCHAT_E_UNSUPPORTED, "\"version\"");
  EXPECT_ERROR(with("AES-256-GCM", "ROT13"), MYCHAT_E_UNSUPPORTED, "\"algorithm\"");
  EXPECT_ERROR(with("argon2id", "scrypt"), MYCHAT_E_UNSUPPORTED, "\"kdf\"");
  EXPECT_ERROR(with("\"kdf_params\"", "\"params\""), MYCHAT_E_MALFORMED, "kdf_params");
  EXPECT_ERROR(with("\"m\": 64", "\"m\": 1048577"), MYCHAT_E_UNSUPPORTED, "\"m\"");
  EXPECT_ERROR(with("\"m\": 64", "\"m\": 4294967360"), MYCHAT_E_UNSUPPORTED, "\"m\"");
  EXPECT_ERROR(with("\"m\": 64", "\"m\": 7"), MYCHAT_E_UNSUPPORTED, "\"m\"");
  EXPECT_ERROR(with("\"m\": 64", "\"m\": -1"), MYCHAT_E_MALFORMED, "\"m\"");
  EXPECT_ERROR(with("\"m\": 64", "\"m\": \"64\""), MYCHAT_E_MALFORMED, "\"m\"");
  EXPECT_ERROR(with("\"t\": 1", "\"t\": 11"), MYCHAT_E_UNSUPPORTED, "\"t\"");
  EXPECT_ERROR(with("\"t\": 1", "\"t\": 0"), MYCHAT_E_MALFORMED, "\"t\"");
  EXPECT_ERROR(with("\"p\": 1", "\"p\": 9"), MYCHAT_E_UNSUPPORTED, "\"p\"");
  EXPECT_ERROR(with("\"created\": \"2027", "\"created\": \"2028"), MYCHAT_E_WRONG_PASSWORD, "");
  EXPECT_ERROR(with("\"t\": 1", "\"t\": 2"), MYCHAT_E_WRONG_PASSWORD, "");
}

TEST(DamagedBackup, WhoseAccountIsNotWhatItMustBeSaysWhy) {
  SealedAccount account = sealed_account();
  account.private_key = alice_key().to_pkcs8_der();
  const std::string good(text(view(write_account_json(account))));
  const auto with = [&](const std::string& from, const std::string& to) {
    return import(zip({{"mychat_sealed.json", seal_json(replaced(good, from, to))}}));
  };
  EXPECT_NO_THROW(with("\"format\":1", "\"format\":1"));
  EXPECT_ERROR(with("\"format\":1", "\"format\":2"), MYCHAT_E_UNSUPPORTED, "newer");
  EXPECT_ERROR(with("\"format\":1", "\"format\":\"1\""), MYCHAT_E_MALFORMED, "format");
  EXPECT_ERROR(with("alice@example.org", "alice"), MYCHAT_E_MALFORMED, "handle");
  EXPECT_ERROR(with("bob@example.net", "BOB@example.net"), MYCHAT_E_MALFORMED, "contacts[0].handle");
  EXPECT_ERROR(with("BEGIN PUBLIC KEY", "BEGIN PUBLIK KEY"), MYCHAT_E_MALFORMED, "");
  EXPECT_ERROR(with("\"signing_seed\":\"", "\"signing_seed\":\"AAAA"), MYCHAT_E_MALFORMED, "32 bytes");
  EXPECT_ERROR(with("\"signing_key_certificate\"", "\"certificate\""), MYCHAT_E_MALFORMED,
               "without the other");
  EXPECT_ERROR(with("\"contacts\":[", "\"contacts\":[7,"), MYCHAT_E_MALFORMED, "contacts[0]");
  EXPECT_ERROR(with("\"settings\":{", "\"settings\":{\"a\":1"), MYCHAT_E_MALFORMED, "settings.a");
  // A word for trust that a later version may add is taken as the careful one.
  EXPECT_EQ(with("\"verified\"", "\"certified\"").account->contacts.at(0).trust, BackupTrust::kUnverified);
}

TEST(DamagedBackup, CutAnywhereIsRefusedAsDamaged) {
  const Bytes archive = v1_zip(private_member(), public_member());
  for (std::size_t size = 0; size < archive.size(); size += 97) {
    const Bytes cut(archive.begin(), archive.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_ERROR(inspect_backup(cut), MYCHAT_E_MALFORMED, size < 4 ? "not a ZIP archive" : "truncated")
        << size;
  }
  const Bytes last(archive.begin(), archive.end() - 1);
  EXPECT_ERROR(inspect_backup(last), MYCHAT_E_MALFORMED, "");
}

TEST(DamagedBackup, WithFlippedBitsIsNeverTakenForAGoodOne) {
  const Bytes archive = v1_zip(private_member(), public_member());
  const auto good = inspect_backup(archive);
  unsigned refused = 0;
  for (std::size_t i = 30; i < archive.size(); i += 13) {
    Bytes flipped = archive;
    flipped[i] ^= 0x10;
    try {
      // What is seen is either refused or what was written: dates and attributes may differ, contents may
      // not.
      EXPECT_EQ(inspect_backup(flipped).members.size(), good.members.size()) << i;
    } catch (const Error& error) {
      ++refused;
      EXPECT_NE(error.status(), MYCHAT_E_INTERNAL) << error.what();
    }
  }
  EXPECT_GT(refused, archive.size() / 13 * 9 / 10);
}

TEST(DamagedBackup, WithAMemberTwiceIsRefused) {
  // Two names of equal length, the second then overwritten by the first.
  Bytes archive = zip({{"private_key.json", private_member()},
                       {"public_key.json", public_member()},
                       {"privat__key.json", private_member(bob_key())}});
  std::string bytes(text(view(archive)));
  for (int i = 0; i < 2; ++i) bytes = replaced(bytes, "privat__key.json", "private_key.json");
  EXPECT_ERROR(import(to_bytes(view(bytes))), MYCHAT_E_MALFORMED, "twice");
}

TEST(DamagedBackup, ThatIsABombIsRefusedBeforeItUnfolds) {
  const std::string zeros(kMaxBackupV1Member + 1, '0');
  EXPECT_ERROR(import(v1_zip(zeros, public_member())), MYCHAT_E_TOO_LARGE, "private_key.json");
  const std::string many(kMaxBackupSealedMember + 1, ' ');
  EXPECT_ERROR(import(zip({{"mychat_sealed.json", many}})), MYCHAT_E_TOO_LARGE, "mychat_sealed.json");
  std::vector<ZipMember> crowd{{"private_key.json", private_member()}, {"public_key.json", public_member()}};
  for (std::size_t i = crowd.size(); i <= kMaxBackupEntries; ++i) crowd.push_back({std::to_string(i), ""});
  EXPECT_ERROR(import(zip(crowd)), MYCHAT_E_TOO_LARGE, "too many members");
  EXPECT_ERROR(import(Bytes(kMaxBackupSize + 1)), MYCHAT_E_TOO_LARGE, "archive");
}

TEST(DamagedBackup, ThatLiesAboutTheSizeOfAMemberIsRefused) {
  // The uncompressed size stands at offset 22 of the local and 24 of the central header.
  const std::string archive(text(view(v1_zip(private_member(), public_member()))));
  const std::size_t central = archive.find("PK\x01\x02");
  ASSERT_NE(central, std::string::npos);
  for (const char size : {'\x01', '\x7f'}) {
    std::string lying = archive;
    lying[central + 24] = size;
    EXPECT_ERROR(import(to_bytes(view(lying))), MYCHAT_E_MALFORMED, "private_key.json") << int{size};
  }
}

TEST(DamagedBackup, EncryptedOrPackedByAnotherToolIsRefused) {
  const std::string archive(text(view(v1_zip(private_member(), public_member()))));
  const std::size_t central = archive.find("PK\x01\x02");
  std::string other = archive;
  other[central + 10] = 14;  // LZMA
  EXPECT_ERROR(import(to_bytes(view(other))), MYCHAT_E_UNSUPPORTED, "compressed");
  other = archive;
  other[central + 8] = static_cast<char>(other[central + 8] | 1);  // Encrypted
  EXPECT_ERROR(import(to_bytes(view(other))), MYCHAT_E_UNSUPPORTED, "encrypted");
  other = archive;
  other.insert(other.rfind("PK\x05\x06"), std::string("PK\x06\x07", 4) + std::string(16, '\0'));
  EXPECT_ERROR(import(to_bytes(view(other))), MYCHAT_E_UNSUPPORTED, "ZIP64");
}

}  // namespace
}  // namespace mychat
