#include "keys/backup_members.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "keys/backup.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace mychat {
namespace {

constexpr std::string_view kAlgorithm = "AES-256-GCM";
constexpr std::string_view kV1Version = "1.0";

constexpr std::uint32_t kV1Iterations = 100000;
constexpr std::string_view kPrivateType = "mychat_encrypted_private_key";
constexpr std::string_view kPublicType = "mychat_encrypted_public_key";
constexpr std::string_view kSealedType = "mychat_sealed_account";
constexpr std::string_view kSealedVersion = "1";
constexpr std::string_view kSealedKdf = "argon2id";
constexpr std::string_view kSealedLabel = "MyChat sealed account v1\n";
constexpr std::size_t kSaltSize = 16;

[[noreturn]] void fail(mychat_status status, std::string_view member, const std::string& problem) {
  throw Error(status, MYCHAT_DOMAIN_KEYS, "The backup's member " + std::string(member) + " " + problem);
}

// JSON that may be laid out in any way, with members that a newer version added.
Json parse_json(std::string_view json, std::string_view member, std::size_t max_bytes) {
  try {
    Json document = Json::parse(json, {.max_bytes = max_bytes, .max_depth = 8, .max_nodes = 256});
    if (!document.root().is_object()) fail(MYCHAT_E_MALFORMED, member, "is not a JSON object.");
    return document;
  } catch (const Error& error) {
    if (error.domain() == MYCHAT_DOMAIN_KEYS || error.status() == MYCHAT_E_OUT_OF_MEMORY) throw;
    fail(error.status(), member, std::string("is not what it must be: ") + error.what());
  }
}

// A member of one of these objects; what is wrong with it names the archive's member too.
std::string_view text_of(JsonView object, std::string_view name, std::string_view member) {
  const auto value = object.find(name).string_or_none();
  if (!value) fail(MYCHAT_E_MALFORMED, member, "lacks the text \"" + std::string(name) + "\".");
  return *value;
}

void require(JsonView object, std::string_view name, std::string_view expected, std::string_view member,
             mychat_status otherwise) {
  if (text_of(object, name, member) == expected) return;
  fail(otherwise, member, "has another \"" + std::string(name) + "\" than " + std::string(expected) + ".");
}

Bytes bytes_of(JsonView object, std::string_view name, std::string_view member) {
  auto bytes = base64_decode(text_of(object, name, member));
  if (!bytes) fail(MYCHAT_E_MALFORMED, member, "has \"" + std::string(name) + "\" that is not base64.");
  return std::move(*bytes);
}

Bytes bytes_of(JsonView object, std::string_view name, std::string_view member, std::size_t size) {
  Bytes bytes = bytes_of(object, name, member);
  if (bytes.size() != size) {
    fail(MYCHAT_E_MALFORMED, member,
         "has \"" + std::string(name) + "\" that is not " + std::to_string(size) + " bytes long.");
  }
  return bytes;
}

Bytes ciphertext_of(JsonView object, std::string_view member) {
  Bytes bytes = bytes_of(object, "encrypted", member);
  if (bytes.size() < kAeadTagSize) fail(MYCHAT_E_MALFORMED, member, "has \"encrypted\" that is too short.");
  return bytes;
}

// The time is for people to read; an archive without it, or with another form of it, opens all the same.
std::int64_t time_of(JsonView object) {
  const auto created = object.find("created").string_or_none();
  return created ? parse_time(*created).value_or(0) : 0;
}

std::uint32_t cost_of(JsonView params, std::string_view name, std::uint32_t least, std::uint32_t most) {
  const auto value = params.find(name).int_or_none();
  if (!value || *value < 1) {
    fail(MYCHAT_E_MALFORMED, kSealedMember, "lacks the cost \"" + std::string(name) + "\" of its kdf.");
  }
  if (*value < least || *value > most) {
    fail(MYCHAT_E_UNSUPPORTED, kSealedMember,
         "asks for a cost \"" + std::string(name) + "\" of its kdf that is out of bounds.");
  }
  return static_cast<std::uint32_t>(*value);
}

Argon2Params costs_of(JsonView object) {
  const JsonView params = object.find("kdf_params");
  if (!params.is_object()) fail(MYCHAT_E_MALFORMED, kSealedMember, "lacks the object \"kdf_params\".");
  Argon2Params costs;
  costs.lanes = cost_of(params, "p", 1, kBackupKdfLimit.lanes);
  costs.iterations = cost_of(params, "t", 1, kBackupKdfLimit.iterations);
  costs.memory_kib = cost_of(params, "m", 8 * costs.lanes, kBackupKdfLimit.memory_kib);
  return costs;
}

std::string_view v1_type(std::string_view name) {
  return name == kPrivateKeyMember ? kPrivateType : kPublicType;
}

Secret v1_key(std::string_view password, ByteView salt) {
  return pbkdf2_hmac_sha256(view(password), salt, kV1Iterations, kAeadKeySize);
}

// What is outside of the ciphertext and not part of the key's derivation.
std::string associated_data(std::string_view created) {
  return std::string(kSealedLabel) + std::string(created);
}

struct Sealed {
  std::string encrypted, iv, salt;
};

template <class DeriveKey>
Sealed seal(ByteView plaintext, ByteView extra, const DeriveKey& derive_key) {
  const auto salt = random_array<kSaltSize>();
  const auto iv = random_array<kAeadNonceSize>();
  const Secret key = derive_key(ByteView(salt));
  return {base64_encode(aes256gcm_seal(view(key), iv, plaintext, extra)), base64_encode(iv),
          base64_encode(salt)};
}

}  // namespace

V1BackupMember V1BackupMember::parse(std::string_view json, std::string_view name) {
  const Json document = parse_json(json, name, kMaxBackupV1Member);
  const JsonView object = document.root();
  require(object, "type", v1_type(name), name, MYCHAT_E_MALFORMED);
  require(object, "version", kV1Version, name, MYCHAT_E_UNSUPPORTED);
  require(object, "algorithm", kAlgorithm, name, MYCHAT_E_UNSUPPORTED);
  require(object, "kdf", kV1BackupKdf, name, MYCHAT_E_UNSUPPORTED);
  return {.encrypted = ciphertext_of(object, name),
          .iv = bytes_of(object, "iv", name, kAeadNonceSize),
          .salt = bytes_of(object, "salt", name, kSaltSize),
          .created_at = time_of(object)};
}

Secret V1BackupMember::open(std::string_view password) const {
  return aes256gcm_open(view(v1_key(password, salt)), iv, encrypted);
}

std::string seal_v1_member(std::string_view name, ByteView plaintext, std::string_view password,
                           std::int64_t now_ms) {
  const Sealed sealed = seal(plaintext, {}, [&](ByteView salt) { return v1_key(password, salt); });
  std::string json;
  JsonWriter out(json, JsonLayout::kPretty);
  out.begin_object();
  out.member("type", v1_type(name));
  out.member("version", kV1Version);
  out.member("algorithm", kAlgorithm);
  out.member("kdf", kV1BackupKdf);
  out.member("encrypted", sealed.encrypted);
  out.member("iv", sealed.iv);
  out.member("salt", sealed.salt);
  out.time_member("created", now_ms);
  out.end_object();
  return json;
}

SealedBackupMember SealedBackupMember::parse(std::string_view json) {
  const Json document = parse_json(json, kSealedMember, kMaxBackupSealedMember);
  const JsonView object = document.root();
  require(object, "type", kSealedType, kSealedMember, MYCHAT_E_MALFORMED);
  require(object, "version", kSealedVersion, kSealedMember, MYCHAT_E_UNSUPPORTED);
  require(object, "algorithm", kAlgorithm, kSealedMember, MYCHAT_E_UNSUPPORTED);
  require(object, "kdf", kSealedKdf, kSealedMember, MYCHAT_E_UNSUPPORTED);
  SealedBackupMember out;
  out.kdf = costs_of(object);
  out.salt = bytes_of(object, "salt", kSealedMember, kSaltSize);
  out.iv = bytes_of(object, "iv", kSealedMember, kAeadNonceSize);
  out.encrypted = ciphertext_of(object, kSealedMember);
  out.created = text_of(object, "created", kSealedMember);
  out.created_at = time_of(object);
  return out;
}

Secret SealedBackupMember::open(std::string_view password) const {
  const Secret key = argon2id(view(password), salt, kdf, kAeadKeySize);
  return aes256gcm_open(view(key), iv, encrypted, view(associated_data(created)));
}

std::string seal_account_member(ByteView plaintext, std::string_view password, std::int64_t now_ms,
                                const Argon2Params& kdf) {
  const std::string created = format_time(now_ms);
  const std::string extra = associated_data(created);
  const Sealed sealed = seal(plaintext, view(extra), [&](ByteView salt) {
    return argon2id(view(password), salt, kdf, kAeadKeySize);
  });
  std::string json;
  JsonWriter out(json, JsonLayout::kPretty);
  out.begin_object();
  out.member("type", kSealedType);
  out.member("version", kSealedVersion);
  out.member("algorithm", kAlgorithm);
  out.member("kdf", kSealedKdf);
  out.key("kdf_params");
  out.begin_object();
  out.member("m", kdf.memory_kib);
  out.member("t", kdf.iterations);
  out.member("p", kdf.lanes);
  out.end_object();
  out.member("salt", sealed.salt);
  out.member("iv", sealed.iv);
  out.member("encrypted", sealed.encrypted);
  out.member("created", created);
  out.end_object();
  return json;
}

}  // namespace mychat
