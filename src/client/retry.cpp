#include "client/retry.h"

#include <algorithm>
#include <utility>

#include "client/opening.h"
#include "protocol/message.h"

namespace mychat {

void verify_kept(Change& change, std::string_view sender) {
  constexpr std::size_t kBatch = 256;
  MessagesTable& messages = change.store().messages();
  const std::vector<Ed25519PublicKey> signers = accepted_signers(change.core(), sender);
  if (signers.empty()) return;
  std::int64_t after = 0;
  bool wanted = false;
  while (true) {
    const std::vector<Message> batch = messages.list_unverified(after, kBatch);
    for (const Message& message : batch) {
      after = message.local_id;
      if (message.sender != sender ||
          std::none_of(signers.begin(), signers.end(), [&](const Ed25519PublicKey& key) {
            return std::equal(key.begin(), key.end(), message.signer.begin(), message.signer.end());
          }))
        continue;
      if (message.failure) {
        wanted = true;
        continue;
      }
      messages.set_verification(message.id, MessageVerification::kVerified, {});
      change.message_event(MYCHAT_EVENT_MESSAGE_STATUS, message);
    }
    if (batch.size() < kBatch) break;
  }
  AccountTable& table = change.store().account();
  if (wanted) table.set_int(setting::kRetryWanted, table.get_int(setting::kRetryWanted).value_or(0) + 1);
}

namespace {

struct RetryMarks {
  std::int64_t wanted = 0;
  std::int64_t done = 0;
};

RetryMarks retry_marks(Core& core) {
  const std::lock_guard lock(core.mutex);
  core.require_open();
  AccountTable& table = core.store->account();
  return {table.get_int(setting::kRetryWanted).value_or(0), table.get_int(setting::kRetryDone).value_or(0)};
}

}  // namespace

void retry_unreadable(Core& core, std::stop_token stop) {
  constexpr std::size_t kBatch = 16;  // Envelopes may be large.
  const std::string me = core.handle();
  const RetryMarks began = retry_marks(core);
  std::int64_t after = 0;
  while (true) {
    std::vector<Message> batch;
    {
      const std::lock_guard lock(core.mutex);
      core.require_open();
      batch = core.store->messages().list_undecryptable(after, kBatch);
    }
    if (batch.empty()) break;
    after = batch.back().local_id;
    std::vector<Sealed> sealed;
    std::vector<const Message*> kept;
    for (const Message& message : batch) {
      if (!message.envelope) continue;
      try {
        const auto wire_message = wire::MessageOut::from_json(Json::parse(text(view(*message.envelope))));
        sealed.push_back(take_apart(wire_message, message.sender, me));
        kept.push_back(&message);
      } catch (const Error&) {
        continue;  // What was kept is not a message; its failure stands.
      }
    }
    std::vector<Opened> opened = open_sealed(core, sealed, stop);
    Change change(core);
    for (Opened& one : opened) apply_policy(core.policy_flags, one);
    for (std::size_t i = 0; i < opened.size(); ++i) {
      if (opened[i].verification != kept[i]->verification || opened[i].signer != kept[i]->signer)
        change.store().messages().set_verification(kept[i]->id, opened[i].verification,
                                                   view(opened[i].signer));
      if (!opened[i].body) {
        if (opened[i].failure) change.store().messages().set_failure(kept[i]->id, *opened[i].failure);
        continue;
      }
      if (!change.store().messages().set_decrypted(kept[i]->id, view(*opened[i].body))) continue;
      change.message_event(MYCHAT_EVENT_MESSAGE_STATUS, *kept[i]);
    }
    change.commit();
  }
  if (began.wanted == began.done) return;
  Change change(core);
  AccountTable& table = change.store().account();
  table.set_int(setting::kRetryDone, std::max(table.get_int(setting::kRetryDone).value_or(0), began.wanted));
  change.commit();
}

void retry_if_wanted(Core& core, std::stop_token stop) {
  const RetryMarks marks = retry_marks(core);
  if (marks.wanted != marks.done) retry_unreadable(core, std::move(stop));
}

void retry_if_wanted_quietly(Core& core) noexcept {
  try {
    retry_if_wanted(core);
  } catch (const std::exception& error) {
    core.warn("inbox", error.what());
  }
}

void retry_unreadable_quietly(Core& core) noexcept {
  try {
    retry_unreadable(core);
  } catch (const std::exception& error) {
    core.warn("inbox", error.what());
  }
}

void verify_own_quietly(Core& core) noexcept {
  try {
    Change change(core);
    if (!core.account) return;
    verify_kept(change, core.account->handle);
    change.commit();
  } catch (const std::exception& error) {
    core.warn("inbox", error.what());
  }
}

}  // namespace mychat
