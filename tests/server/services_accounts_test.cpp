// Registration, login, sessions, tokens, keys, contacts, deletion, and the operator's surface.
#include <crypt.h>

#include "base/encoding.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "keys/certificate.h"
#include "services/rate_limiter.h"
#include "services_fixture.h"
#include "storage/sqlite.h"

namespace mychat::server {
namespace {

class Accounts : public ServicesTest {
 protected:
  int valid(const wire::AuthResponse& answer) {
    return status_of([&] { caller(answer); });
  }
  int valid(const std::string& token) {
    return status_of([&] { services_->auth().authenticate(token); });
  }
  template <class T = Done, class F>
  int status(F&& call) {
    const auto result = sync<T>(std::forward<F>(call));
    return result ? 200 : result.failure().status;
  }
  std::string sign(const std::string& header, const std::string& payload) {
    const std::string text = base64url_encode(view(header)) + "." + base64url_encode(view(payload));
    return text + "." + base64url_encode(hmac_sha256(view(config_.secret_key), view(text)));
  }
  static std::string make_bcrypt(const char* password) {
    crypt_data data{};
    const char* hash = crypt_r(password, "$2b$04$abcdefghijklmnopqrstuu", &data);
    return hash == nullptr ? "" : hash;
  }
  void sql(const std::string& statement) {
    SqliteConnection(database(), OpenMode::kReadWrite).execute(statement);
  }
};

TEST_F(Accounts, ARegisteredUserIsLoggedInAndCanLogInAgain) {
  const auto registered = try_register(registration("alice"));
  ASSERT_TRUE(registered);
  EXPECT_EQ(registered.value().full_handle, "alice@node.test");
  const Caller first = caller(registered.value());
  EXPECT_EQ(first->user_uuid, registered.value().user_id);
  const auto again = login("ALICE");
  ASSERT_TRUE(again);
  EXPECT_NE(caller(again.value())->session_uuid, first->session_uuid);
  EXPECT_EQ(services_->directory().me(first).public_key, registration("alice").public_key);
  reopen();
  EXPECT_EQ(valid(registered.value()), 200) << "sessions live on over a restart";
}

TEST_F(Accounts, EveryRefusalOfARegistration) {
  ASSERT_TRUE(try_register(registration("alice")));
  EXPECT_EQ(try_register(registration("Alice")).failure().status, 400);
  EXPECT_EQ(try_register(registration("al")).failure().status, 422);
  auto weak = registration("bobby");
  weak.password = to_secret(std::string_view("1234567"));
  EXPECT_EQ(try_register(weak).failure().status, 422);
  auto no_key = registration("bobby");
  no_key.public_key = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
  EXPECT_EQ(try_register(no_key).failure().status, 422);
  auto other = registration("bobby");
  other.public_key_fingerprint = key_fingerprint(key(1).public_key());
  EXPECT_EQ(try_register(other).failure().status, 422) << "the fingerprint of another key";
  auto half = registration("bobby");
  half.signing_key = base64_encode(random_array<32>());
  EXPECT_EQ(try_register(half).failure().status, 422);
  half.signing_key_certificate = base64_encode(Bytes(512, 7));
  EXPECT_EQ(try_register(half).failure().status, 422);
  auto pem = registration("bobby");
  pem.public_key_fingerprint = pem_fingerprint(pem.public_key);
  EXPECT_TRUE(try_register(pem)) << "the other form of the fingerprint";
}

TEST_F(Accounts, AClosedNodeTakesInvitesUpToTheirUsesAndTime) {
  config_.registration_open = false;
  reopen();
  EXPECT_EQ(try_register(registration("alice")).failure().status, 403);
  const std::string invite = services_->admin().create_invite(2, 60'000);
  const auto with = [&](const std::string& name, const std::string& token) {
    auto request = registration(name);
    request.invite = token;
    const auto result = try_register(request);
    return result ? 201 : result.failure().status;
  };
  EXPECT_EQ(with("alice", "wrong"), 403);
  EXPECT_EQ(with("alice", invite), 201);
  EXPECT_EQ(with("alice", invite), 400) << "a taken name costs no use";
  EXPECT_EQ(with("bobby", invite), 201);
  EXPECT_EQ(with("carol", invite), 403);
  const std::string late = services_->admin().create_invite(1, 1000);
  clock_.advance(1000);
  EXPECT_EQ(with("carol", late), 403);
  ASSERT_EQ(services_->admin().invites().size(), 2U);
  services_->admin().revoke_invite(services_->admin().invites()[0].id);
  EXPECT_EQ(status_of([&] { services_->admin().revoke_invite(uuid_v4()); }), 404);
  SqliteConnection db(database(), OpenMode::kReadOnly);
  auto stored = db.query("SELECT count(*) FROM invites WHERE instr(token_hash, cast(? AS BLOB)) > 0", late);
  ASSERT_TRUE(stored.step());
  EXPECT_EQ(stored.integer(0), 0) << "only the hash is kept";
}

TEST_F(Accounts, AFullNodeRefusesAndADeletedNameStaysTaken) {
  config_.max_users = 2;
  reopen();
  const Caller alice = enter("alice");
  enter("bobby");
  EXPECT_EQ(try_register(registration("carol")).failure().status, 403);
  ASSERT_EQ(status([&](auto done) {
              services_->auth().delete_account(alice, to_secret(std::string_view("correct horse")), done);
            }),
            200);
  EXPECT_EQ(try_register(registration("alice")).failure().status, 400);
  EXPECT_TRUE(try_register(registration("carol")));
}

TEST_F(Accounts, UnknownUsersCostAsManyHashesAsWrongPasswords) {
  enter("alice");
  const auto cost = [&](const std::string& name) {
    const auto before = services_->auth().hash_computations();
    EXPECT_EQ(login(name, "wrong password").failure().status, 401);
    return services_->auth().hash_computations() - before;
  };
  EXPECT_EQ(cost("alice"), 1U);
  EXPECT_EQ(cost("nobody_here"), 1U);
  services_->admin().set_disabled("alice", true);
  EXPECT_EQ(cost("alice"), 1U);
  EXPECT_EQ(login("alice").failure().status, 401) << "a disabled account, with the right password";
  services_->admin().delete_user("alice");
  EXPECT_EQ(cost("alice"), 1U);
  EXPECT_EQ(login("alice", "").failure().status, 401);
}

TEST_F(Accounts, LoginsAreLimitedByAddressAndByAccount) {
  config_.login_per_account = config_.login_per_address = {5, 60'000};
  config_.register_per_address = {2, 3'600'000};
  reopen();
  enter("alice");
  enter("bobby");
  const auto third = try_register(registration("carol"));
  EXPECT_EQ(third.failure().status, 429);
  EXPECT_EQ(third.failure().retry_after, 3600);
  EXPECT_TRUE(try_register(registration("carol"), "192.0.2.9"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(login("alice", "wrong", "198.51.100.1").failure().status, 401);
  EXPECT_EQ(login("bobby", "correct horse", "198.51.100.1").failure().status, 429) << "the address";
  const auto account = login("alice", "correct horse", "198.51.100.2");
  EXPECT_EQ(account.failure().status, 429) << "the account, from elsewhere";
  EXPECT_EQ(account.failure().retry_after, 60);
  const auto before = services_->auth().hash_computations();
  (void)login("alice", "correct horse", "198.51.100.2");
  EXPECT_EQ(services_->auth().hash_computations(), before) << "a refused attempt costs no hash";
  clock_.advance(60'000);
  EXPECT_TRUE(login("alice", "correct horse", "198.51.100.1"));
}

TEST_F(Accounts, ABcryptHashVerifiesAndIsReplacedAtLogin) {
  const Caller alice = enter("alice");
  services_.reset();
  const std::string bcrypt = make_bcrypt("correct horse");
  ASSERT_TRUE(bcrypt.starts_with("$2b$"));
  sql("UPDATE users SET password_hash = '" + bcrypt + "'");
  open();
  EXPECT_EQ(login("alice", "wrong horse").failure().status, 401);
  EXPECT_TRUE(login("alice"));
  {
    SqliteConnection db(database(), OpenMode::kReadOnly);
    auto hash = db.query("SELECT password_hash FROM users");
    ASSERT_TRUE(hash.step());
    EXPECT_TRUE(hash.string(0).starts_with("$argon2id$")) << hash.string(0);
  }
  EXPECT_TRUE(login("alice"));
  EXPECT_EQ(login("alice", "wrong horse").failure().status, 401);
}

TEST_F(Accounts, WeakerParametersAreRaisedAtLogin) {
  enter("alice");
  config_.argon2 = {128, 2, 1};
  reopen();
  ASSERT_TRUE(login("alice"));
  SqliteConnection db(database(), OpenMode::kReadOnly);
  auto hash = db.query("SELECT password_hash FROM users");
  ASSERT_TRUE(hash.step());
  EXPECT_NE(hash.string(0).find("m=128,t=2"), std::string::npos);
}

TEST_F(Accounts, OnlyOurHs256TokensAreTaken) {
  const auto answer = try_register(registration("alice")).value();
  const std::string token(text(view(answer.access_token)));
  const std::string good = R"({"alg":"HS256","typ":"JWT"})";
  const std::int64_t now = clock_.now_ms() / 1000;
  const auto payload = [&](std::int64_t exp, const std::string& user) {
    return R"({"user_id":")" + user + R"(","iat":)" + std::to_string(now) + R"(,"exp":)" +
           std::to_string(exp) + "}";
  };
  EXPECT_EQ(valid(token), 200);
  EXPECT_EQ(valid(sign(good, payload(now + 60, answer.user_id))), 200) << "a v1 token without a session";
  EXPECT_EQ(valid(sign(good, payload(now, answer.user_id))), 401) << "expired";
  EXPECT_EQ(valid(sign(good, payload(now + 60, uuid_v4()))), 401);
  EXPECT_EQ(valid(sign(R"({"alg":"none"})", payload(now + 60, answer.user_id))), 401);
  EXPECT_EQ(valid(sign(R"({"alg":"HS512","typ":"JWT"})", payload(now + 60, answer.user_id))), 401);
  EXPECT_EQ(valid(base64url_encode(view(std::string_view(R"({"alg":"none"})"))) + "." +
                  base64url_encode(view(payload(now + 60, answer.user_id))) + "."),
            401);
  std::string bent = token;
  bent[bent.size() - 3] = bent[bent.size() - 3] == 'A' ? 'B' : 'A';
  for (const std::string& bad :
       {bent, std::string(), std::string("a.b.c"), std::string(5000, 'x'), token + "x"}) {
    EXPECT_EQ(valid(bad), 401) << bad.substr(0, 40);
  }
  clock_.advance(config_.session_timeout_ms);
  EXPECT_EQ(valid(token), 401) << "the session's time is over";
}

TEST_F(Accounts, LogoutEndsOneSessionAndItsConnections) {
  const auto first = try_register(registration("alice")).value();
  const auto second = login("alice").value();
  const Caller one = caller(first);
  auto heard = std::make_shared<Listener>();
  auto subscription = services_->bus().subscribe(one->user, heard);
  ASSERT_EQ(status([&](auto done) { services_->auth().logout(one, done); }), 200);
  EXPECT_EQ(valid(first), 401);
  EXPECT_EQ(valid(second), 200);
  EXPECT_EQ(heard->wait_notes(1), std::vector<std::string>{"revoked one"});
  subscription.reset();  // It must not outlive the bus.
  reopen();
  EXPECT_EQ(valid(first), 401);
}

TEST_F(Accounts, AV1TokenCanBeLoggedOutToo) {
  const auto answer = try_register(registration("alice")).value();
  const std::int64_t now = clock_.now_ms() / 1000;
  const std::string token = sign(R"({"alg":"HS256","typ":"JWT"})",
                                 R"({"user_id":")" + answer.user_id + R"(","iat":)" + std::to_string(now) +
                                     R"(,"exp":)" + std::to_string(now + 600) + "}");
  const Caller old = services_->auth().authenticate(token);
  ASSERT_EQ(status([&](auto done) { services_->auth().logout(old, done); }), 200);
  EXPECT_EQ(valid(token), 401);
  reopen();
  EXPECT_EQ(valid(token), 401);
  EXPECT_EQ(valid(answer), 200);
}

TEST_F(Accounts, SessionsAreListedAndRevokedAndBounded) {
  config_.max_sessions_per_user = 3;
  reopen();
  const auto first = try_register(registration("alice")).value();
  enter("bobby");
  const auto second = login("alice").value();
  const auto third = login("alice").value();
  const Caller present = caller(third);
  auto list = services_->auth().sessions(present);
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(std::count_if(list.begin(), list.end(), [](const auto& one) { return one.current; }), 1);
  EXPECT_EQ(status([&](auto done) {
              services_->auth().revoke_session(present, caller(second)->session_uuid, done);
            }),
            200);
  EXPECT_EQ(valid(second), 401);
  const Caller bob = caller(login("bobby").value());
  EXPECT_EQ(status([&](auto done) { services_->auth().revoke_session(bob, present->session_uuid, done); }),
            404)
      << "the session of another user";
  (void)login("alice");
  (void)login("alice");
  EXPECT_EQ(valid(first), 401) << "the oldest gave way";
  const auto count = sync<int>([&](auto done) { services_->auth().revoke_other_sessions(present, done); });
  EXPECT_EQ(count.value(), 2);
  EXPECT_EQ(valid(third), 200);
  EXPECT_EQ(services_->auth().sessions(present).size(), 1U);
}

TEST_F(Accounts, LastUseIsWrittenOnceInAWhile) {
  const auto answer = try_register(registration("alice")).value();
  const Caller alice = caller(answer);
  clock_.advance(120'000);
  const auto before = services_->storage().stats().operations;
  for (int i = 0; i < 500; ++i) EXPECT_EQ(valid(answer), 200);
  EXPECT_EQ(services_->storage().stats().operations, before) << "a request costs no write";
  services_->tick();
  (void)read(alice, {});
  EXPECT_EQ(services_->auth().sessions(alice).at(0).last_used, clock_.now_ms());
}

TEST_F(Accounts, AChangedPasswordEndsTheOtherSessions) {
  const auto first = try_register(registration("alice")).value();
  const auto second = login("alice").value();
  const auto change = [&](const std::string& current, const std::string& next) {
    return status([&](auto done) {
      services_->auth().change_password(caller(second), to_secret(std::string_view(current)),
                                        to_secret(std::string_view(next)), done);
    });
  };
  EXPECT_EQ(change("wrong", "battery staple"), 401);
  EXPECT_EQ(change("correct horse", "short"), 422);
  EXPECT_EQ(valid(first), 200);
  EXPECT_EQ(change("correct horse", "battery staple"), 200);
  EXPECT_EQ(valid(first), 401);
  EXPECT_EQ(valid(second), 200);
  EXPECT_EQ(login("alice").failure().status, 401);
  EXPECT_TRUE(login("alice", "battery staple"));
  services_->admin().reset_password("alice", to_secret(std::string_view("set by operator")));
  EXPECT_EQ(valid(second), 401);
  EXPECT_TRUE(login("alice", "set by operator"));
}

TEST_F(Accounts, ADeletedAccountIsErasedButWhatItSentRemains) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  ASSERT_TRUE(sync<wire::Contact>(
      [&](auto done) { services_->directory().add_contact(bob, "alice@node.test", std::nullopt, done); }));
  for (int i = 0; i < 700; ++i) {
    ASSERT_TRUE(send(bob, draft("alice")));
    if (i % 100 == 0) {
      ASSERT_TRUE(send(alice, draft("bobby")));
    }
  }
  const auto remove = [&](const std::string& password) {
    return status([&](auto done) {
      services_->auth().delete_account(alice, to_secret(std::string_view(password)), done);
    });
  };
  EXPECT_EQ(remove("wrong"), 401);
  EXPECT_EQ(remove("correct horse"), 200);
  EXPECT_EQ(status_of([&] { services_->directory().user("alice@node.test"); }), 404);
  EXPECT_EQ(status_of([&] { services_->directory().me(alice); }), 401);
  EXPECT_EQ(send(alice, draft("bobby")).failure().status, 401);
  EXPECT_EQ(send(bob, draft("alice")).failure().status, 404);
  EXPECT_TRUE(services_->directory().contacts(bob).empty());
  services_->stop();  // Finishes the erasing.
  open();
  (void)read(bob, {});
  services_->stop();
  SqliteConnection db(database(), OpenMode::kReadOnly);
  auto left = db.query("SELECT count(*), coalesce(sum(recipient = ?), 0) FROM messages", bob->user);
  ASSERT_TRUE(left.step());
  EXPECT_EQ(left.integer(0), 7);
  EXPECT_EQ(left.integer(1), 7) << "those of alice to bob, none to alice";
  auto user = db.query("SELECT public_key, password_hash, erased_at IS NOT NULL FROM users WHERE id = ?",
                       alice->user);
  ASSERT_TRUE(user.step());
  EXPECT_EQ(user.string(0) + user.string(1), "");
  EXPECT_EQ(user.integer(2), 1);
  open();
  const auto last = services_->mailbox().page(bob, 0, 256);
  EXPECT_EQ(types(last).back(), "account_deleted");
  EXPECT_EQ(std::count_if(last.items.begin(), last.items.end(),
                          [](const auto& item) { return item->type() == ItemType::kMessage; }),
            7);
}

TEST_F(Accounts, KeysAreReplacedByARotationOrSoonAfterALogin) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  ASSERT_TRUE(send(bob, draft("alice")));
  const auto update_with = [&](std::optional<wire::Rotation> rotation) {
    wire::KeyUpdate update;
    update.public_key = key(1).public_key().to_spki_pem();
    update.public_key_fingerprint = key_fingerprint(key(1).public_key());
    update.rotation = std::move(rotation);
    return status<wire::KeyResponse>(
        [&](auto done) { services_->directory().update_keys(alice, update, done); });
  };
  const auto statement = make_rotation(key(0), key(1), "alice@node.test", clock_.now_ms());
  wire::Rotation rotation{statement.old_fingerprint, statement.new_fingerprint, statement.created_at,
                          base64_encode(view(statement.signature_old)),
                          base64_encode(view(statement.signature_new))};
  clock_.advance(5 * 60'000 + 1);
  EXPECT_EQ(update_with(std::nullopt), 403);
  auto swapped = rotation;
  std::swap(swapped.signature_old, swapped.signature_new);
  EXPECT_EQ(update_with(swapped), 409);
  EXPECT_EQ(services_->directory().keys("alice@node.test").public_key_fingerprint,
            key_fingerprint(key(0).public_key()));
  EXPECT_EQ(update_with(rotation), 200);
  EXPECT_EQ(services_->directory().keys("alice@node.test").public_key_fingerprint,
            key_fingerprint(key(1).public_key()));
  EXPECT_EQ(update_with(rotation), 409) << "the old key is no longer the present one";
  const auto page = services_->mailbox().page(bob, 0, 256);
  ASSERT_EQ(types(page), (std::vector<std::string>{"sent", "key_change"}));
  EXPECT_TRUE(Json::parse(page.items[1]->data())->find("rotation").has_value());

  const Caller fresh = caller(login("alice").value());
  wire::KeyUpdate lost;
  lost.public_key = key(0).public_key().to_spki_pem();
  lost.public_key_fingerprint = key_fingerprint(key(0).public_key());
  EXPECT_EQ(
      status<wire::KeyResponse>([&](auto done) { services_->directory().update_keys(fresh, lost, done); }),
      200);
  EXPECT_TRUE(
      Json::parse(services_->mailbox().page(bob, 0, 256).items.back()->data())->find("rotation").is_null());
  lost.public_key_fingerprint = key_fingerprint(key(1).public_key());
  EXPECT_EQ(
      status<wire::KeyResponse>([&](auto done) { services_->directory().update_keys(fresh, lost, done); }),
      422);
}

TEST_F(Accounts, KeysAndProfilesThatDoNotChangeTellNobodyAndChangesAreCounted) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  ASSERT_TRUE(send(bob, draft("alice")));
  ASSERT_EQ(status<wire::Contact>([&](auto done) {
              services_->directory().add_contact(bob, "alice@node.test", std::nullopt, done);
            }),
            200);
  clock_.advance(5 * 60'000 + 1);
  wire::KeyUpdate update;
  update.public_key = key(0).public_key().to_spki_pem();
  update.public_key_fingerprint = key_fingerprint(key(0).public_key());
  const auto put = [&] {
    return status<wire::KeyResponse>(
        [&](auto done) { services_->directory().update_keys(alice, update, done); });
  };
  const auto changes = [&] { return services_->mailbox().page(bob, 0, 256).items.size() - 1; };
  for (int i = 0; i < 20; ++i) EXPECT_EQ(put(), 200);
  EXPECT_EQ(changes(), 0U);
  // A signing key that the identity key certifies needs no password; taking it away does.
  const auto certify = [&](std::uint8_t seed) {
    Ed25519PublicKey signing;
    signing.fill(seed);
    update.signing_key = base64_encode(signing);
    update.signing_key_certificate =
        base64_encode(view(certify_signing_key(key(0), "alice@node.test", signing)));
  };
  certify(1);
  EXPECT_EQ(put(), 200);
  EXPECT_EQ(changes(), 1U);
  certify(1);  // Another signature over the same key says nothing new.
  EXPECT_EQ(put(), 200);
  EXPECT_EQ(changes(), 1U);
  auto without = update;
  without.signing_key.reset();
  without.signing_key_certificate.reset();
  EXPECT_EQ(
      status<wire::KeyResponse>([&](auto done) { services_->directory().update_keys(alice, without, done); }),
      403);
  for (std::uint8_t i = 2; i <= 10; ++i) {
    certify(i);
    EXPECT_EQ(put(), 200);
  }
  certify(11);
  EXPECT_EQ(put(), 429);
  EXPECT_EQ(changes(), 10U);
  wire::ProfileUpdate profile;
  const auto say = [&](const std::string& text) {
    profile.status_message = text;
    return status<wire::UserMe>(
        [&](auto done) { services_->directory().update_profile(alice, profile, done); });
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(say(std::to_string(i)), 200);
  EXPECT_EQ(say("9"), 200) << "what it says already";
  EXPECT_EQ(say("10"), 429);
  EXPECT_EQ(changes(), 20U);
  clock_.advance(3'600'000);
  EXPECT_EQ(say("10"), 200);
}

TEST_F(Accounts, OnlyOneOfTwoChangesOfThePasswordUnderWayHolds) {
  const Caller alice = enter("alice");
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 2; ++i) {
    auto promise = std::make_shared<std::promise<int>>();
    answers.push_back(promise->get_future());
    services_->auth().change_password(alice, to_secret(std::string_view("correct horse")),
                                      to_secret("battery staple " + std::to_string(i)),
                                      [promise](const Result<Done>& result) {
                                        promise->set_value(result ? 200 : result.failure().status);
                                      });
  }
  std::multiset<int> statuses;
  for (auto& answer : answers) statuses.insert(answer.get());
  EXPECT_EQ(statuses, (std::multiset<int>{200, 401}));
}

TEST_F(Accounts, OthersDoNotLockAnAccountOut) {
  config_.login_per_account_and_address = {5, 60'000};
  config_.login_per_account = {20, 60'000};
  config_.password_checks_per_account = {5, 60'000};
  reopen();
  const Caller alice = enter("alice");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(login("alice", "wrong", "198.51.100.1").failure().status, 401);
  EXPECT_EQ(login("alice", "wrong", "198.51.100.1").failure().status, 429);
  EXPECT_TRUE(login("alice"));
  for (int from = 2; from < 5; ++from)
    for (int i = 0; i < 5; ++i) (void)login("alice", "wrong", "198.51.100." + std::to_string(from));
  EXPECT_EQ(login("alice").failure().status, 429) << "the account as a whole";
  EXPECT_EQ(status([&](auto done) {
              services_->auth().change_password(alice, to_secret(std::string_view("correct horse")),
                                                to_secret(std::string_view("battery staple")), done);
            }),
            200)
      << "who is in is counted apart";
}

TEST_F(Accounts, AnOperatorsDeletionErasesEverythingBeforeItReturns) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  for (int i = 0; i < 1200; ++i) ASSERT_TRUE(send(bob, draft("alice")));
  {
    NodeConfig config = config_;
    config.housekeeping = false;
    Services command(config, {.path = database(), .hold = false}, log_, clock_);
    command.admin().delete_user("alice");
  }
  auto db = services_->storage().read();
  auto rows =
      db->query("SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM users WHERE erased_at > 0)");
  ASSERT_TRUE(rows.step());
  EXPECT_EQ(rows.integer(0), 0);
  EXPECT_EQ(rows.integer(1), 1);
}

TEST_F(Accounts, ContactsAndProfilesAndTheirRefusals) {
  const Caller alice = enter("alice");
  const Caller bob = enter("bobby");
  const auto add = [&](const Caller& who, const std::string& handle) {
    return status<wire::Contact>(
        [&](auto done) { services_->directory().add_contact(who, handle, std::string("friend"), done); });
  };
  EXPECT_EQ(add(alice, "bobby@node.test"), 200);
  EXPECT_EQ(add(alice, "bobby@node.test"), 400);
  EXPECT_EQ(add(alice, "alice@node.test"), 400);
  EXPECT_EQ(add(alice, "bobby"), 400);
  EXPECT_EQ(add(alice, "nobody@node.test"), 404);
  EXPECT_EQ(add(alice, "bob@elsewhere.example"), 501);
  EXPECT_EQ(status_of([&] { services_->directory().user("bob@elsewhere.example"); }), 501);
  ASSERT_TRUE(send(bob, draft("alice")));
  const auto list = services_->directory().contacts(alice);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].contact_handle, "bobby@node.test");
  EXPECT_EQ(list[0].nickname, "friend");
  EXPECT_EQ(list[0].last_message_at, clock_.now_ms());
  wire::ProfileUpdate update;
  update.status_message = "away for lunch";
  ASSERT_EQ(
      status<wire::UserMe>([&](auto done) { services_->directory().update_profile(bob, update, done); }),
      200);
  EXPECT_EQ(services_->directory().user("bobby@node.test").status_message, "away for lunch");
  EXPECT_EQ(types(services_->mailbox().page(alice, 0, 9)), (std::vector<std::string>{"message", "profile"}));
  update.status_message = "";
  ASSERT_EQ(
      status<wire::UserMe>([&](auto done) { services_->directory().update_profile(bob, update, done); }),
      200);
  EXPECT_FALSE(services_->directory().me(bob).status_message);
  const auto remove = [&](const Caller& who, const std::string& id) {
    return status([&](auto done) { services_->directory().remove_contact(who, id, done); });
  };
  EXPECT_EQ(remove(bob, list[0].id), 404) << "the contact of another user";
  EXPECT_EQ(remove(alice, list[0].id), 200);
  EXPECT_EQ(remove(alice, list[0].id), 404);
}

TEST_F(Accounts, AnOperatorsCommandBesideTheNodeTakesEffect) {
  const auto answer = try_register(registration("alice")).value();
  const Caller alice = caller(answer);
  auto heard = std::make_shared<Listener>();
  const auto subscription = services_->bus().subscribe(alice->user, heard);
  {
    Services command(config_, {.path = database(), .hold = false}, log_, clock_);
    command.admin().set_disabled("alice", true);
    EXPECT_TRUE(command.admin().list_users(1, 10, "ali").users.at(0).disabled);
    EXPECT_EQ(command.admin().list_users(1, 10, "bob").total, 0);
    EXPECT_EQ(status_of([&] { command.admin().set_disabled("nobody", true); }), 404);
  }
  clock_.advance(3000);
  services_->tick();
  EXPECT_EQ(heard->wait_notes(1), std::vector<std::string>{"revoked all"});
  EXPECT_EQ(valid(answer), 401);
}

TEST_F(Accounts, TheNodeSaysWhatItIs) {
  enter("alice");
  clock_.advance(7000);
  const auto info = services_->node_info().facts();
  EXPECT_EQ(info.domain, "node.test");
  EXPECT_EQ(info.current_users, 1);
  EXPECT_EQ(info.uptime_seconds, 7);
  EXPECT_TRUE(info.can(wire::capability::kMailbox));
  EXPECT_TRUE(services_->ready());
}

TEST_F(Accounts, AWeakSecretKeyIsRefused) {
  services_.reset();
  config_.secret_key = to_secret(std::string_view("short"));
  EXPECT_THROW(open(), Error);
}

TEST(RateLimiterTest, RemembersABoundedNumberOfKeys) {
  RateLimiter limiter({2, 1000}, 100);
  for (int i = 0; i < 1000; ++i) (void)limiter.take(std::to_string(i), i);
  EXPECT_LE(limiter.keys(), 100U);
  EXPECT_EQ(limiter.take("x", 5000), 0);
  EXPECT_EQ(limiter.take("x", 5000), 0);
  EXPECT_EQ(limiter.take("x", 5001), 1);
  EXPECT_EQ(rate_key_of_address("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(limiter.take("x", 6000), 0);
  EXPECT_EQ(rate_key_of_address("2001:db8:1:2:3::4"), rate_key_of_address("2001:db8:1:2::9"));
  EXPECT_NE(rate_key_of_address("2001:db8:1:3::4"), rate_key_of_address("2001:db8:1:2::9"));
}

}  // namespace
}  // namespace mychat::server
