#include "c_api/seed.h"

#include <cstdio>
#include <cstring>
#include <string>

#include "client/client_impl.h"
#include "keys/fingerprint.h"
#include "store/store.h"
#include "support/test_keys.h"

using namespace mychat;

namespace {

constexpr unsigned char kStoreKeyByte = 0x5a;
constexpr std::int64_t kNow = 1'700'000'000'000;

// Checking a private key takes a moment: once a program is enough.
const RsaPrivateKey& alice_key() {
  static const RsaPrivateKey key = RsaPrivateKey::from_pkcs8_pem(test::kAliceKey);
  return key;
}

const RsaPrivateKey& other_key() {
  static const RsaPrivateKey key = RsaPrivateKey::from_pkcs8_pem(test::kBobKey);
  return key;
}

Contact contact(const std::string& handle, const RsaPublicKey& key) {
  Contact out;
  out.handle = handle;
  out.server_id = "id-of-" + handle;
  out.nickname = "Nick";
  out.public_key = key.to_spki_pem();
  out.fingerprint = key_fingerprint(key);
  out.added_at = kNow;
  return out;
}

Message message(const char* id, Direction direction, std::string_view body, std::int64_t at) {
  Message out;
  out.id = id;
  out.conversation = SEED_BOB;
  out.direction = direction;
  out.sender = direction == Direction::kIncoming ? SEED_BOB : SEED_ALICE;
  out.body = to_secret(body);
  out.sent_at = at;
  out.created_at = at;
  return out;
}

void add_messages(Store& store) {
  store.messages().insert(message(SEED_TEXT_1, Direction::kIncoming, "Good morning, Alice", kNow + 1));
  store.messages().insert(message(SEED_TEXT_2, Direction::kIncoming, "Grüße", kNow + 2));
  Message file = message(SEED_FILE, Direction::kIncoming, std::string_view("\1\0\2\3", 4), kNow + 3);
  file.content_type = "file";
  store.messages().insert(file);
  Message lost = message(SEED_LOST, Direction::kIncoming, "", kNow + 4);
  lost.body.reset();
  lost.failure = MessageFailure{MYCHAT_E_NO_KEY_MATERIAL, "The node has no wrapped key."};
  store.messages().insert(lost);
  Message failed = message(SEED_FAILED, Direction::kOutgoing, "never arrived", kNow + 5);
  failed.status = MessageStatus::kQueued;
  store.messages().insert(failed);
  store.messages().advance_status(SEED_FAILED, MessageStatus::kFailed, kNow + 6,
                                  MessageFailure{MYCHAT_E_NOT_FOUND, "No such user."});
  for (const char* id : {SEED_TEXT_1, SEED_TEXT_2, SEED_FILE, SEED_LOST}) {
    const std::string payload = '\2' + std::string(id);  // Its status and 1, then the id.
    store.journal().append(MYCHAT_EVENT_MESSAGE, view(payload), kNow);
  }
}

void fill(Store& store, const char* node_url, bool logged_in) {
  Transaction transaction = store.begin();
  store.account().set_account({SEED_ALICE, "user-id", node_url, kNow});
  store.account().set_identity(identity_record(SEED_ALICE, alice_key()));
  if (logged_in) store.account().set_access_token(view("a token that no node knows"));
  store.contacts().upsert(contact(SEED_BOB, other_key().public_key()));
  Contact carol = contact(SEED_CAROL, other_key().public_key());
  carol.verification = ContactVerification::kChanged;
  carol.pending = PendingKey{
      alice_key().public_key().to_spki_pem(), key_fingerprint(alice_key().public_key()), {}, {}, kNow};
  store.contacts().upsert(carol);
  add_messages(store);
  transaction.commit();
}

}  // namespace

extern "C" {

void seed_store_key(unsigned char* out_key) { std::memset(out_key, kStoreKeyByte, MYCHAT_STORE_KEY_SIZE); }

int seed_store(const char* path, const char* node_url, int logged_in) {
  try {
    Secret key(MYCHAT_STORE_KEY_SIZE);
    seed_store_key(key.data());
    StoreOptions options{.path = path, .key = StoreKey::host_key(std::move(key))};
    options.mode = OpenMode::kCreateNew;
    fill(*Store::open(options), node_url, logged_in != 0);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "seed_store: %s\n", error.what());
    return 1;
  }
}

const char* seed_alice_key(void) { return test::kAliceKey.data(); }
const char* seed_other_key(void) { return test::kBobKey.data(); }

}  // extern "C"
