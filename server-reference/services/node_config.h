// What the services need to know of the node's configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "crypto/kdf.h"
#include "federation/policy.h"

namespace mychat::server {

struct RateLimit {
  int count = 0;  // 0: no limit.
  std::int64_t window_ms = 60'000;
};

struct NodeConfig {
  std::string domain = "localhost";
  Secret secret_key;  // SECRET_KEY: at least 32 bytes.
  std::int64_t session_timeout_ms = 168LL * 3'600'000;
  std::int64_t max_users = 500;  // 0: no limit.
  bool registration_open = false;
  bool federation_enabled = false;
  std::string federation_api;  // "https://DOMAIN/api/federation": where other nodes reach this one.
  bool federation_share_peers = false;
  bool federation_learn_peers = false;
  std::int64_t federation_max_items = 256;  // Asked for in one transaction.
  federation::Mode federation_mode = federation::Mode::kOpen;
  bool federation_v1 = false;            // Nodes that cannot sign are taken, over verified TLS.
  bool federation_presence = true;       // Other nodes are told who is online, as far as they may know.
  std::int64_t federation_key_days = 0;  // Age at which the node's key is changed; 0: by command only.

  std::size_t max_message_size = 10 * 1024 * 1024;  // Decoded encrypted_content.
  int mailbox_retention_days = 30;
  bool housekeeping = true;        // Timed work. The operator's commands leave it to the node.
  int max_sessions_per_user = 64;  // The oldest is ended by a further login.
  int max_contacts_per_user = 10'000;

  Argon2Params argon2{19 * 1024, 2, 1};
  std::size_t argon2_threads = 1;
  std::size_t argon2_queue = 64;  // Waiting password checks; 503 beyond.
  std::size_t read_threads = 2;   // Of Services::workers().
  std::size_t read_queue = 4096;

  RateLimit login_per_address{5, 60'000};
  RateLimit login_per_account_and_address{5, 60'000};  // So that others cannot lock an account out.
  RateLimit login_per_account{20, 60'000};
  RateLimit password_checks_per_account{5, 60'000};  // Of a session: change of password, deletion.
  RateLimit changes_per_account{10, 3'600'000};      // Of the profile; likewise of the keys.
  RateLimit register_per_address{10, 3'600'000};
};

}  // namespace mychat::server
