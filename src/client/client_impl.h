// The inside of Client.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <utility>

#include "client/client.h"
#include "client/core.h"
#include "client/sync.h"
#include "client/turns.h"
#include "client/work_pool.h"

namespace mychat {

struct Client::Impl {
  explicit Impl(ClientOptions options) : core(std::move(options)), sync(core) {}

  using Work = std::function<void(Completion&, mychat_request_id, std::stop_token)>;

  // Runs work on the pool; what it throws becomes the completion's error. MYCHAT_E_INVALID_STATE while one of
  // `exclusive` is under way.
  mychat_request_id request(mychat_operation operation, Work work,
                            std::initializer_list<mychat_operation> exclusive = {});
  // For calls that v1 nodes do not have: their 404 becomes MYCHAT_E_UNSUPPORTED.
  void require_capability(std::string_view capability, std::stop_token stop);

  // Shared by register, login and rotation.
  RsaPrivateKey make_key(mychat_operation operation, mychat_request_id id, std::stop_token stop);

  // As request(), in the order of the calls among those about the same user.
  mychat_request_id request_about(const std::string& handle, mychat_operation operation, Work work);

  Core core;
  Sync sync;
  Turns turns;
  std::mutex turns_mutex;  // The row of turns is the row of the pool's work.
  WorkPool pool{4, 1024};
};

// A private key for a handle, with its signing key certified for it; what the store keeps. Without
// one as long as the handle is empty.
IdentityKeys identity_record(std::string_view handle, const RsaPrivateKey& key);

// True when it can be the account's: the same key, or the node's key is not known here.
bool may_be_accounts_key(Core& core, const RsaPublicKey& key);  // Call with the mutex held.

// Puts another key of the account in the place of the present one, which stays for old messages: the node has
// taken it, or the user restored it. Call inside a change; reload the keys after its commit.
void adopt_identity(Change& change, const RsaPrivateKey& next);

}  // namespace mychat
