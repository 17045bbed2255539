// All services over one storage and one bus. They do not call each other; front composes them.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "bus/bus.h"
#include "services/admin.h"
#include "services/auth.h"
#include "services/directory.h"
#include "services/federation.h"
#include "services/federation_admin.h"
#include "services/mailbox.h"
#include "services/node_config.h"
#include "services/node_info.h"
#include "services/presence.h"
#include "services/result.h"
#include "services/worker_pool.h"
#include "storage/storage.h"

namespace mychat::server {

class Services {
 public:
  // Opens (and migrates) the storage and starts the threads. Throws Error (MYCHAT_E_STORE_*, MYCHAT_E_IO,
  // MYCHAT_E_INVALID_ARGUMENT for a configuration that cannot work).
  Services(NodeConfig config, StorageOptions storage, const Log& log, const Clock& clock = Clock::system());
  ~Services();  // stop()
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  Auth& auth() noexcept;
  Directory& directory() noexcept;
  Mailbox& mailbox() noexcept;
  Presence& presence() noexcept;
  Admin& admin() noexcept;
  NodeInfo& node_info() noexcept;
  Federation& federation() noexcept;
  FederationAdmin& federation_admin() noexcept;
  Bus& bus() noexcept;
  Storage& storage() noexcept;
  WorkerPool& workers() noexcept;  // For the calls that block.

  // Called on the writer thread after all callbacks of one commit: the moment to send what they collected.
  void on_commit(std::function<void()> hook);
  // Called on the writer thread when another process changed the database, before the items of the commit
  // that noticed it are announced: theirs never are.
  void on_foreign_change(std::function<void()> hook);
  // True while the writer works: for /ready.
  bool ready() const noexcept;
  // Due work on the clock (expiry of typing, presence and waiting calls; clean-up; lazily written times).
  // Runs by itself each 500 ms on a thread of its own unless the clock is not the system's: then the test
  // calls it.
  void tick();
  // Finishes what was submitted, answers waiting calls, writes what is lazy, checkpoints and closes.
  // Callbacks may still come during it, none after it.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mychat::server
