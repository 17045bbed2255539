// As torture_test.cpp: keys, trust and backups.
#include <vector>

#include "c_api/torture.h"

namespace mychat::c_api_test {
namespace {

constexpr const char* kPassword = "a long password";

std::string text_and_free(char* text) {
  std::string out = text == nullptr ? "" : text;
  mychat_string_free(text);
  return out;
}

class Keys : public Torture {
 protected:
  using Torture::Torture;

  // A call that gives a text, which must be the same each time.
  template <class Call>
  std::string torture_text(const char* function, Call call, Tried tried = Tried::kEach) {
    char* text = nullptr;
    EXPECT_EQ(call(&text), MYCHAT_OK) << function;
    const std::string expected = text_and_free(text);
    torture(
        function,
        [&] {
          char* out = nullptr;
          const mychat_status status = call(&out);
          const test::Spared spared;
          EXPECT_EQ(out != nullptr, status == MYCHAT_OK);
          if (out != nullptr) {
            EXPECT_EQ(out, expected) << function;
          }
          mychat_string_free(out);
          return status;
        },
        tried);
    return expected;
  }
  std::vector<std::uint8_t> backup(mychat_backup_kind kind) {
    mychat_backup* made = nullptr;
    EXPECT_EQ(mychat_client_export_backup(client_, kPassword, kind, &made, nullptr), MYCHAT_OK);
    std::vector<std::uint8_t> out(made->data, made->data + made->size);
    mychat_backup_free(made);
    return out;
  }
};

TEST_P(Keys, AreWritten) {
  const std::string pem = torture_text("mychat_client_public_key", [&](char** out) {
    return mychat_client_public_key(client_, MYCHAT_KEY_PEM, out, nullptr);
  });
  const std::string jwk = torture_text("mychat_public_key_convert", [&](char** out) {
    return mychat_public_key_convert(pem.c_str(), MYCHAT_KEY_JWK, out, nullptr);
  });
  torture_text("mychat_fingerprint", [&](char** out) {
    return mychat_fingerprint(jwk.c_str(), MYCHAT_FINGERPRINT_JWK, out, nullptr);
  });
  torture_text("mychat_fingerprint", [&](char** out) {
    return mychat_fingerprint(pem.c_str(), MYCHAT_FINGERPRINT_PEM, out, nullptr);
  });
  torture_text("mychat_client_export_private_key", [&](char** out) {
    return mychat_client_export_private_key(client_, MYCHAT_KEY_PEM, out, nullptr);
  });
  torture_text("mychat_client_export_private_key", [&](char** out) {
    return mychat_client_export_private_key(client_, MYCHAT_KEY_JWK, out, nullptr);
  });
}

TEST_P(Keys, AreCompared) {
  torture_text(
      "mychat_client_safety_number",
      [&](char** out) { return mychat_client_safety_number(client_, SEED_BOB, out, nullptr); }, Tried::kSome);
  const std::string qr = torture_text("mychat_client_safety_qr", [&](char** out) {
    return mychat_client_safety_qr(client_, SEED_BOB, out, nullptr);
  });
  torture("mychat_client_compare_safety_qr", [&] {
    mychat_scan_result result = 0;
    const mychat_status status =
        mychat_client_compare_safety_qr(client_, SEED_BOB, qr.c_str(), &result, nullptr);
    const test::Spared spared;
    // One's own code, held up to oneself.
    EXPECT_EQ(result, status == MYCHAT_OK ? MYCHAT_SCAN_OTHER_USERS : 0);
    return status;
  });
}

TEST_P(Keys, AreTrusted) {
  mychat_contact* bob = nullptr;
  mychat_contact* carol = nullptr;
  ASSERT_EQ(mychat_client_contact(client_, SEED_BOB, &bob, nullptr), MYCHAT_OK);
  ASSERT_EQ(mychat_client_contact(client_, SEED_CAROL, &carol, nullptr), MYCHAT_OK);
  torture("mychat_client_set_verified",
          [&] { return mychat_client_set_verified(client_, SEED_BOB, bob->fingerprint, 1, nullptr); });
  torture("mychat_client_accept_key",
          [&] { return mychat_client_accept_key(client_, SEED_CAROL, carol->pending_fingerprint, nullptr); });
  mychat_contact_free(bob);
  mychat_contact_free(carol);
}

TEST_P(Keys, AreSaved) {
  for (const mychat_backup_kind kind : {MYCHAT_BACKUP_V1, MYCHAT_BACKUP_SEALED})
    torture(
        "mychat_client_export_backup",
        [&] {
          mychat_backup* out = nullptr;
          const mychat_status status = mychat_client_export_backup(client_, kPassword, kind, &out, nullptr);
          const test::Spared spared;
          EXPECT_EQ(out != nullptr, status == MYCHAT_OK);
          mychat_backup_free(out);
          return status;
        },
        Tried::kSome);
}

TEST_P(Keys, AreProven) {
  const std::vector<std::uint8_t> archive = backup(MYCHAT_BACKUP_SEALED);
  torture(
      "mychat_verify_backup",
      [&] {
        mychat_backup_report* out = nullptr;
        const mychat_status status =
            mychat_verify_backup(client_, archive.data(), archive.size(), kPassword, &out, nullptr);
        const test::Spared spared;
        EXPECT_EQ(out != nullptr, status == MYCHAT_OK);
        EXPECT_TRUE(out == nullptr || (out->matches_account == 1 && out->contacts == 2));
        mychat_backup_report_free(out);
        return status;
      },
      Tried::kSome);
  torture(
      "mychat_backup_change_password",
      [&] {
        mychat_backup* out = nullptr;
        const mychat_status status = mychat_backup_change_password(archive.data(), archive.size(), kPassword,
                                                                   "another password", &out, nullptr);
        const test::Spared spared;
        EXPECT_EQ(out != nullptr, status == MYCHAT_OK);
        mychat_backup_free(out);
        return status;
      },
      Tried::kSome);
}

INSTANTIATE_TEST_SUITE_P(Failing, Keys, ::testing::Bool(), mode_name);

class NewKeys : public Keys {
 protected:
  NewKeys() : Keys(Seed::kEmpty) {}
};

TEST_P(NewKeys, AreTakenIn) {
  torture(
      "mychat_client_import_private_key",
      [&] { return mychat_client_import_private_key(client_, seed_alice_key(), nullptr); }, Tried::kSome);
  const std::string imported = state();
  reopen();
  EXPECT_EQ(state(), imported);
}

TEST_P(NewKeys, AreRestoredWithTheirContactsOrNotAtAll) {
  become(Seed::kAlice);
  const std::vector<std::uint8_t> archive = backup(MYCHAT_BACKUP_SEALED);
  become(Seed::kEmpty);
  torture(
      "mychat_client_import_backup",
      [&] {
        mychat_backup_report* out = nullptr;
        const mychat_status status =
            mychat_client_import_backup(client_, archive.data(), archive.size(), kPassword, &out, nullptr);
        const test::Spared spared;
        EXPECT_EQ(out != nullptr, status == MYCHAT_OK);
        mychat_backup_report_free(out);
        return status;
      },
      Tried::kSome);
}

INSTANTIATE_TEST_SUITE_P(Failing, NewKeys, ::testing::Bool(), mode_name);

}  // namespace
}  // namespace mychat::c_api_test
