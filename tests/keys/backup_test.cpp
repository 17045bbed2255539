#include "keys/backup.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"
#include "keys/certificate.h"
#include "keys/identity.h"
#include "keys/jwk.h"
#include "keys/zip_archive.h"
#include "protocol/json.h"
#include "support/expect_error.h"
#include "support/test_keys.h"
#include "support/vectors.h"

namespace mychat {
namespace {

using test::alice_key;
using test::bob_key;

constexpr std::int64_t kNow = 1'800'000'000'123;
constexpr std::string_view kPassword = "pässwörd 🔐";
constexpr Argon2Params kCheap{64, 1, 1};  // What is proved here does not depend on the costs.

BackupAccount account() {
  const Identity identity = Identity::of_key("alice@example.org", alice_key());
  const Identity peer = Identity::of_key("bob@example.net", bob_key());
  BackupAccount out;
  out.handle = identity.handle();
  out.node_url = "https://example.org";
  out.signing_seed = identity.signing_key().seed();
  out.signing_key_certificate = identity.certificate();
  out.contacts.push_back({.handle = peer.handle(),
                          .nickname = "Bob \"the\" Ünïcode\n",
                          .public_key = peer.public_key().to_spki_pem(),
                          .signing_key = to_bytes(peer.signing_key().public_key()),
                          .signing_key_certificate = peer.certificate(),
                          .trust = BackupTrust::kVerified,
                          .added_at = 1'700'000'000'001,
                          .blocked = false});
  out.contacts.push_back({.handle = "carol@example.com",
                          .nickname = {},
                          .public_key = {},
                          .signing_key = {},
                          .signing_key_certificate = {},
                          .trust = BackupTrust::kChanged,
                          .added_at = 0,
                          .blocked = true});
  out.settings = {{"require_signatures", "true"}, {"receipts", "off"}};
  return out;
}

Bytes export_cheaply(const BackupAccount& of, BackupShape shape, std::string_view password = kPassword) {
  return export_backup(alice_key(), &of, password, kNow, {.shape = shape, .kdf = kCheap});
}

void expect_same(const BackupAccount& a, const BackupAccount& b) {
  EXPECT_EQ(a.handle, b.handle);
  EXPECT_EQ(a.node_url, b.node_url);
  EXPECT_EQ(a.signing_seed, b.signing_seed);
  EXPECT_EQ(a.signing_key_certificate, b.signing_key_certificate);
  EXPECT_EQ(a.contacts, b.contacts);
  EXPECT_EQ(a.settings, b.settings);
}

TEST(Backup, MadeByABrowserIsRead) {
  MYCHAT_NEEDS_VECTORS("mychat-v1");
  const Json identities = Json::parse(test::read_vector("mychat-v1/identities.json"));
  ASSERT_GT(identities->size(), 0U);
  for (const JsonView identity : identities.root()) {
    const Bytes archive = test::read_vector_bytes("mychat-v1/" + std::string(identity.string("backup_file")));
    const BackupContents contents = import_backup(archive, identity.string("backup_password"));
    EXPECT_EQ(public_jwk(contents.private_key.public_key()), identity.string("public_jwk_string"));
    EXPECT_EQ(contents.shape, BackupShape::kV1Only);
    EXPECT_FALSE(contents.account);
    EXPECT_EQ(contents.created_at, 1763358099000);
    EXPECT_ERROR(import_backup(archive, "not the password"), MYCHAT_E_WRONG_PASSWORD, "password");
    const BackupInfo info = inspect_backup(archive);
    EXPECT_EQ(info.members, (std::vector<std::string>{"private_key.json", "public_key.json", "README.txt"}));
    EXPECT_EQ(info.v1_kdf, "PBKDF2-SHA256-100000");
    EXPECT_FALSE(info.sealed_kdf);
  }
}

TEST(Backup, ThatIsBrokenIsRefusedWithItsReason) {
  MYCHAT_NEEDS_VECTORS("mychat-v1");
  const Json identities = Json::parse(test::read_vector("mychat-v1/identities.json"));
  const std::string password((*identities->begin()).string("backup_password"));
  const auto import = [&](const char* name) {
    return import_backup(test::read_vector_bytes(std::string("mychat-v1/backup-bad-") + name), password);
  };
  EXPECT_ERROR(import("missing-private.zip"), MYCHAT_E_MALFORMED, "lacks its member private_key.json");
  EXPECT_ERROR(import("not-a-zip.zip"), MYCHAT_E_MALFORMED, "not a ZIP archive");
  EXPECT_ERROR(import("truncated.zip"), MYCHAT_E_MALFORMED, "truncated");
  EXPECT_ERROR(import("type.zip"), MYCHAT_E_MALFORMED, "\"type\"");
  // The password opens public_key.json of this one, so it is not the password that is wrong.
  EXPECT_ERROR(import("corrupt.zip"), MYCHAT_E_DECRYPT, "private_key.json was altered");
  EXPECT_ERROR(import_backup(test::read_vector_bytes("mychat-v1/backup-bad-corrupt.zip"), "wrong password"),
               MYCHAT_E_WRONG_PASSWORD, "password");
}

TEST(Backup, BringsEverythingBackInEveryShape) {
  const BackupAccount before = account();
  for (const BackupShape shape : {BackupShape::kV1AndSealed, BackupShape::kSealedOnly}) {
    const BackupContents contents = import_backup(export_cheaply(before, shape), kPassword);
    EXPECT_EQ(contents.private_key, alice_key());
    EXPECT_EQ(contents.shape, shape);
    EXPECT_EQ(contents.created_at, kNow);
    ASSERT_TRUE(contents.account);
    expect_same(*contents.account, before);
  }
  const BackupContents keys = import_backup(
      export_backup(alice_key(), nullptr, kPassword, kNow, {.shape = BackupShape::kV1Only, .kdf = {}}),
      kPassword);
  EXPECT_EQ(keys.private_key, alice_key());
  EXPECT_EQ(keys.shape, BackupShape::kV1Only);
  EXPECT_FALSE(keys.account);
}

TEST(Backup, OfAnAccountWithoutSigningKeyOrContactsComesBack) {
  BackupAccount bare;
  bare.handle = "alice@example.org";
  const BackupContents contents = import_backup(export_cheaply(bare, BackupShape::kSealedOnly), kPassword);
  expect_same(*contents.account, bare);
}

TEST(Backup, HoldsTheMembersOfItsShape) {
  using Names = std::vector<std::string>;
  const BackupAccount of = account();
  const BackupInfo both = inspect_backup(export_cheaply(of, BackupShape::kV1AndSealed));
  EXPECT_EQ(both.members, (Names{"private_key.json", "public_key.json", "README.txt", "mychat_sealed.json"}));
  EXPECT_EQ(both.shape, BackupShape::kV1AndSealed);
  EXPECT_EQ(both.sealed_kdf, kCheap);
  EXPECT_EQ(both.created_at, kNow);
  const BackupInfo sealed = inspect_backup(export_cheaply(of, BackupShape::kSealedOnly));
  EXPECT_EQ(sealed.members, (Names{"README.txt", "mychat_sealed.json"}));
  EXPECT_EQ(sealed.v1_kdf, "");
  const BackupInfo v1 = inspect_backup(export_cheaply(of, BackupShape::kV1Only));
  EXPECT_EQ(v1.members, (Names{"private_key.json", "public_key.json", "README.txt"}));
}

TEST(Backup, IsSealedUnderTheDefaultCostsWhenNoneAreGiven) {
  const BackupAccount of = account();
  const Bytes archive = export_backup(alice_key(), &of, kPassword, kNow);
  EXPECT_EQ(inspect_backup(archive).sealed_kdf, (Argon2Params{65536, 3, 1}));
  expect_same(*import_backup(archive, kPassword).account, of);
}

TEST(Backup, WrittenTwiceSharesNoSaltNorIv) {
  const BackupAccount of = account();
  const auto member = [&](const char* name) {
    const Bytes archive = export_cheaply(of, BackupShape::kV1AndSealed);
    const Bytes json = *ZipReader(archive, 8).read(name, 1 << 20);
    const Json parsed = Json::parse(text(view(json)));
    return std::string(parsed->string("salt")) + std::string(parsed->string("iv"));
  };
  EXPECT_NE(member("private_key.json"), member("private_key.json"));
  EXPECT_NE(member("private_key.json"), member("public_key.json"));
  EXPECT_NE(member("mychat_sealed.json"), member("mychat_sealed.json"));
}

TEST(Backup, ShowsNothingOfTheAccountWithoutThePassword) {
  const Bytes archive = export_cheaply(account(), BackupShape::kV1AndSealed);
  const ZipReader zip(archive, 8);
  for (const std::string& name : zip.names()) {
    const Bytes member = *zip.read(name, 1 << 20);
    // With the sign that no base64 has: three letters alone are in a member of thousands by chance.
    EXPECT_EQ(text(view(member)).find("alice@"), std::string_view::npos) << name;
    EXPECT_EQ(text(view(member)).find("bob@"), std::string_view::npos) << name;
  }
}

TEST(Backup, NeedsAPasswordOfEightCharacters) {
  const BackupAccount of = account();
  const auto with = [&](std::string_view password) {
    return export_cheaply(of, BackupShape::kSealedOnly, password);
  };
  EXPECT_ERROR(with(""), MYCHAT_E_INVALID_ARGUMENT, "password");
  EXPECT_ERROR(with("密码密码密码密"), MYCHAT_E_INVALID_ARGUMENT, "password");  // 7 characters, 21 bytes
  EXPECT_ERROR(with("\xff\xff\xff\xff\xff\xff\xff\xff\xff"), MYCHAT_E_INVALID_ARGUMENT, "UTF-8");
  EXPECT_ERROR(with(std::string(1025, 'x')), MYCHAT_E_INVALID_ARGUMENT, "1,024");
  EXPECT_NO_THROW(with("密码密码密码密码"));
}

TEST(Backup, RefusesOptionsThatMakeNoSense) {
  const BackupAccount of = account();
  EXPECT_ERROR(export_backup(alice_key(), nullptr, kPassword, kNow), MYCHAT_E_INVALID_ARGUMENT, "account");
  const BackupOptions dear{.shape = BackupShape::kSealedOnly, .kdf = {1024 * 1024 + 1, 1, 1}};
  EXPECT_ERROR(export_backup(alice_key(), &of, kPassword, kNow, dear), MYCHAT_E_INVALID_ARGUMENT, "costs");
}

TEST(Backup, GetsAnotherPassword) {
  const BackupAccount of = account();
  for (const BackupShape shape :
       {BackupShape::kV1AndSealed, BackupShape::kV1Only, BackupShape::kSealedOnly}) {
    const Bytes old_archive = export_cheaply(of, shape);
    const Bytes archive = change_backup_password(old_archive, kPassword, "another password", kNow + 1);
    const BackupContents contents = import_backup(archive, "another password");
    EXPECT_EQ(contents.private_key, alice_key());
    EXPECT_EQ(contents.shape, shape);
    EXPECT_EQ(contents.created_at, kNow + 1);
    EXPECT_EQ(contents.account.has_value(), shape != BackupShape::kV1Only);
    if (contents.account) expect_same(*contents.account, of);
    EXPECT_ERROR(import_backup(archive, kPassword), MYCHAT_E_WRONG_PASSWORD, "password");
    // The cheap costs of the old archive are not carried on.
    if (shape != BackupShape::kV1Only) {
      EXPECT_EQ(inspect_backup(archive).sealed_kdf, (Argon2Params{65536, 3, 1}));
    }
    EXPECT_ERROR(change_backup_password(old_archive, "wrong password", "another password", kNow),
                 MYCHAT_E_WRONG_PASSWORD, "password");
    EXPECT_ERROR(change_backup_password(old_archive, kPassword, "short", kNow), MYCHAT_E_INVALID_ARGUMENT,
                 "password");
  }
}

TEST(Backup, HasTheNameOfTheContract) {
  EXPECT_EQ(backup_file_name("alice_1", kNow), "mychat-keys-alice_1-1800000000123.zip");
  EXPECT_ERROR(backup_file_name("../alice", kNow), MYCHAT_E_INVALID_ARGUMENT, "user name");
  EXPECT_ERROR(backup_file_name("al", kNow), MYCHAT_E_INVALID_ARGUMENT, "user name");
  EXPECT_ERROR(backup_file_name("alice", -1), MYCHAT_E_INVALID_ARGUMENT, "time");
}

}  // namespace
}  // namespace mychat
