#include "keys/backup_readme.h"

#include "base/clock.h"

namespace mychat {
namespace {

constexpr const char* kHead =
    "MyChat key backup\n"
    "=================\n"
    "\n"
    "This archive holds the private key that opens your MyChat messages, encrypted\n"
    "under the backup password that you chose. Whoever has both can read everything\n"
    "that was written to you; without either of them nobody can, and no one, your\n"
    "node's operator included, can restore your key for you.\n"
    "\n"
    "- Keep the archive in a safe place that does not depend on this device.\n"
    "- Keep the password apart from it: in a password manager, for example.\n"
    "- Make a new backup after your key changed, and delete the old copies.\n"
    "\n"
    "What is inside\n"
    "--------------\n";
constexpr const char* kV1Members =
    "private_key.json     your private key (JWK), AES-256-GCM, PBKDF2 with 100,000 rounds\n"
    "public_key.json      your public key (JWK), sealed in the same way\n";
constexpr const char* kSealedMemberText =
    "mychat_sealed.json   your account: contacts, their keys and what you verified,\n"
    "                     signing key and settings; AES-256-GCM, Argon2id\n";
constexpr const char* kSealedOnlyNote =
    "\n"
    "The private key itself is in mychat_sealed.json. Clients that know only the\n"
    "first MyChat backup format cannot read this archive.\n";
constexpr const char* kV1Note =
    "\n"
    "Any MyChat client can restore your keys from this archive. Choose a long\n"
    "password: the format of private_key.json allows fast guessing.\n";
constexpr const char* kRestore =
    "\n"
    "To restore, choose \"restore from backup\" in your MyChat client, or run\n"
    "  mychat restore FILE\n"
    "Do not unpack or change the archive.\n";

}  // namespace

std::string backup_readme(BackupShape shape, std::int64_t now_ms) {
  std::string out = kHead;
  if (shape != BackupShape::kSealedOnly) out += kV1Members;
  if (shape != BackupShape::kV1Only) out += kSealedMemberText;
  out += shape == BackupShape::kSealedOnly ? kSealedOnlyNote : kV1Note;
  out += kRestore;
  out += "\nMade on " + format_time(now_ms) + ".\n";
  return out;
}

}  // namespace mychat
