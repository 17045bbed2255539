#include "client/retry.h"

#include <algorithm>

#include "client/opening.h"
#include "protocol/message.h"

namespace mychat {

void verify_kept(Change& change, std::string_view sender) {
  constexpr std::size_t kBatch = 256;
  MessagesTable& messages = change.store().messages();
  const std::vector<Ed25519PublicKey> signers = accepted_signers(change.core(), sender);
  if (signers.empty()) return;
  std::int64_t after = 0;
  while (true) {
    const std::vector<Message> batch = messages.list_unverified(after, kBatch);
    for (const Message& message : batch) {
      after = message.local_id;
      if (message.sender != sender ||
          std::none_of(signers.begin(), signers.end(), [&](const Ed25519PublicKey& key) {
            return std::equal(key.begin(), key.end(), message.signer.begin(), message.signer.end());
          }))
        continue;
      messages.set_verification(message.id, MessageVerification::kVerified, {});
      if (message.failure) {
        change.retry_unreadable = true;
      } else {
        change.message_event(MYCHAT_EVENT_MESSAGE_STATUS, message);
      }
    }
    if (batch.size() < kBatch) return;
  }
}

void retry_unreadable(Core& core, std::stop_token stop) {
  constexpr std::size_t kBatch = 16;  // Envelopes may be large.
  const std::string me = core.handle();
  std::int64_t after = 0;
  while (true) {
    std::vector<Message> batch;
    {
      const std::lock_guard lock(core.mutex);
      core.require_open();
      batch = core.store->messages().list_undecryptable(after, kBatch);
    }
    if (batch.empty()) return;
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
