// Backup archives, stage by stage, so that no input costs a key derivation: the archive with its members,
// each member's JSON, and the account's JSON that is found after decryption. The first byte chooses the
// stage.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "keys/backup.h"
#include "keys/backup_account_json.h"
#include "keys/backup_members.h"
#include "keys/safety_number.h"
#include "keys/zip_archive.h"
#include "support/test_keys.h"

namespace {

using namespace mychat;

void check_members_zip(std::string_view content) {
  // What is zipped comes out again, and is looked at as a member.
  const Bytes archive = write_zip({{"private_key.json", std::string(content)},
                                   {"public_key.json", std::string(content)},
                                   {"mychat_sealed.json", std::string(content)}},
                                  1'800'000'000'000);
  if (ZipReader(archive, 3).read("public_key.json", content.size()) != to_bytes(view(content))) std::abort();
  inspect_backup(archive);
}

void check_account(std::string_view json) {
  const SealedAccount account = parse_account_json(json);
  const Secret written = write_account_json(account);
  const SealedAccount again = parse_account_json(text(view(written)));
  if (again.identity != account.identity || again.private_key != account.private_key ||
      again.account.handle != account.account.handle || again.account.contacts != account.account.contacts ||
      again.account.settings != account.account.settings) {
    std::abort();
  }
}

void check_scan(std::string_view payload) {
  static const SafetyParty alice{"alice@example.org", test::alice_key().public_key()};
  static const SafetyParty bob{"bob@example.net", test::bob_key().public_key()};
  compare_scanned(payload, alice, bob);
}

void run(std::uint8_t stage, std::string_view input) {
  switch (stage % 6) {
    case 0:
      inspect_backup(view(input));
      break;
    case 1:
      V1BackupMember::parse(input, kPrivateKeyMember);
      break;
    case 2:
      SealedBackupMember::parse(input);
      break;
    case 3:
      check_account(input);
      break;
    case 4:
      check_members_zip(input);
      break;
    default:
      check_scan(input);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    run(data[0], text(ByteView(data + 1, size - 1)));
  } catch (const Error& error) {
    if (error.status() == MYCHAT_E_INTERNAL) std::abort();
  }
  return 0;
}
