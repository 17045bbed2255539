// A v1 client of another make (WebCrypto, run by Node.js) reads our backup and our envelope, and we read its.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/encoding.h"
#include "e2ee/envelope_v1.h"
#include "keys/backup.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"
#include "support/test_keys.h"
#include "support/vectors.h"

namespace mychat {
namespace {

using test::alice_key;

constexpr std::string_view kPassword = "pässwörd-🔐-密码";
constexpr std::string_view kMessage = "Grüße 👋🏽 — 你好 — שלום";

// A folder of its own that goes away with it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "mychat-v1-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch folder");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  void write(const char* name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string envelope_json(const EnvelopeFields& fields) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  out.member("encrypted_content", fields.encrypted_content);
  out.member("encrypted_key", fields.encrypted_key);
  out.member("iv", fields.iv);
  out.end_object();
  return json;
}

BackupAccount account() {
  BackupAccount out;
  out.handle = "alice@example.org";
  return out;
}

TEST(V1Browser, ReadsOurBackupAndEnvelopeAndWeReadIts) {
  if (std::system("node --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "Node.js is not on this machine";
  const ScratchFolder folder;
  const BackupAccount of = account();
  const Bytes archive = export_backup(alice_key(), &of, kPassword, 1'800'000'000'000,
                                      {.shape = BackupShape::kV1AndSealed, .kdf = {64, 1, 1}});
  folder.write("backup.zip", text(view(archive)));
  folder.write("password.txt", kPassword);
  folder.write("envelope.json", envelope_json(seal_envelope(view(kMessage), alice_key().public_key(), {})));

  const std::string script = std::string(MYCHAT_TEST_SOURCE_DIR) + "/tests/e2ee/v1_browser.mjs";
  const std::string command = "timeout 60 node '" + script + "' '" + folder.path().string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);

  const Json answer = Json::parse(test::read_file(folder.path() / "answer.json"));
  EXPECT_EQ(answer->string("opened"), kMessage);
  EXPECT_TRUE(answer->boolean("private_pretty_same"));
  EXPECT_EQ(answer->array("public_members").size(), 6U);
  EXPECT_EQ(answer->string("spki"), base64_encode(alice_key().public_key().to_spki_der()));
  EnvelopeFields reply;
  reply.encrypted_content = answer->string("encrypted_content");
  reply.encrypted_key = answer->string("encrypted_key");
  reply.iv = answer->string("iv");
  EXPECT_EQ(open_envelope(reply, alice_key()), to_secret("Antwort aus dem Browser — ✓"));
}

}  // namespace
}  // namespace mychat
