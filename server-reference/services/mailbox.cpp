#include "services/mailbox.h"

#include <list>
#include <set>

#include "protocol/limits.h"
#include "services/mailbox_impl.h"
#include "services/mailbox_reader.h"
#include "services/mailbox_writer.h"

namespace mychat::server {
namespace {

// Messages go in without a savepoint: what refuses them is looked at before anything is written, and a
// failure of the database fails the group.
class AcceptOperation final : public Operation {
 public:
  using Done = Callback<std::vector<Result<AcceptedMessage>>>;
  AcceptOperation(ServiceContext& context, MailboxWriter& writer, Caller sender,
                  std::vector<wire::SendMessageRequest> drafts, std::uint64_t origin, Done done)
      : context_(context),
        writer_(writer),
        sender_(std::move(sender)),
        drafts_(std::move(drafts)),
        origin_(origin),
        done_(std::move(done)) {}

  bool needs_savepoint() const noexcept override { return false; }
  std::size_t bytes() const noexcept override {
    std::size_t sum = 0;
    for (const auto& draft : drafts_) sum += draft.encrypted_content.size();
    return sum;
  }
  void run(Transaction& transaction) override {
    Change change{transaction, transaction.db, context_.clock.now_ms(), news_, afterwards_};
    results_ = writer_.accept(change, *sender_, drafts_, origin_);
  }
  void done(std::exception_ptr error) noexcept override {
    if (error) {
      refuse({503, "The node cannot store anything at the moment.", 5});
      return;
    }
    for (auto& item : news_) context_.news.push_back(std::move(item));
    for (const auto& step : afterwards_) step();
    if (done_) done_(std::move(results_));
  }
  void refuse(Failure failure) const {
    if (done_) done_(std::move(failure));
  }

 private:
  ServiceContext& context_;
  MailboxWriter& writer_;
  Caller sender_;
  std::vector<wire::SendMessageRequest> drafts_;
  std::uint64_t origin_;
  Done done_;
  std::vector<Bus::Announcement> news_;
  std::vector<std::function<void()>> afterwards_;
  std::vector<Result<AcceptedMessage>> results_;
};

}  // namespace

Mailbox::Mailbox(ServiceContext& context) : impl_(std::make_unique<Impl>(context)) {
  context.storage.on_foreign_change([impl = impl_.get()] { impl->forget(); });
}
Mailbox::~Mailbox() = default;

void Mailbox::accept(const Caller& sender, std::vector<wire::SendMessageRequest> drafts, std::uint64_t origin,
                     Callback<std::vector<Result<AcceptedMessage>>> done) {
  std::unique_ptr<Operation> operation = std::make_unique<AcceptOperation>(
      impl_->context, impl_->writer, sender, std::move(drafts), origin, std::move(done));
  if (!impl_->context.storage.submit(operation)) static_cast<AcceptOperation&>(*operation).refuse(busy());
}

wire::ConversationPage Mailbox::conversation(const Caller& caller, std::string_view handle, int limit,
                                             std::optional<std::string> before) {
  ServiceContext& context = impl_->context;
  const std::string username = context.username_of(handle);
  std::vector<std::int64_t> fresh;
  wire::ConversationPage page;
  {
    auto db = context.storage.read();
    const auto peer = find_user(*db, username);
    if (!peer) throw Refused(404, "There is no such user.");
    limit = std::clamp(limit, 1, static_cast<int>(limits::kPageMax));
    std::optional<std::string_view> cursor;
    if (before) cursor = *before;
    MailboxReader reader(context, *db, *caller);
    page = reader.conversation(*peer, limit, cursor, fresh);
  }
  if (!fresh.empty()) mark_delivered(caller, std::move(fresh));
  return page;
}

void Mailbox::mark_read(const Caller& caller, std::string message_id, Callback<Done> done) {
  Impl* impl = impl_.get();
  impl->context.write<Done>(
      [impl, caller, id = std::move(message_id)](Change& change) {
        return impl->guarded([&] {
          impl->writer.read(change, *caller, {id}, true);
          return Done{};
        });
      },
      std::move(done));
}

void Mailbox::mark_read(const Caller& caller, std::vector<std::string> message_ids, Callback<int> done) {
  Impl* impl = impl_.get();
  impl->context.write<int>(
      [impl, caller, ids = std::move(message_ids)](Change& change) {
        return impl->guarded([&] { return impl->writer.read(change, *caller, ids, false); });
      },
      std::move(done));
}

void Mailbox::mark_delivered(const Caller& caller, std::vector<std::int64_t> seqs) {
  Impl* impl = impl_.get();
  impl->context.write<Done>(
      [impl, caller, seqs = std::move(seqs)](Change& change) {
        return impl->guarded([&] {
          impl->writer.delivered(change, *caller, seqs);
          return Done{};
        });
      },
      nullptr, true);
}

MailboxState Mailbox::state(const Caller& caller) {
  auto db = impl_->context.storage.read();
  const std::int64_t last = impl_->context.storage.last_seq();
  return MailboxReader(impl_->context, *db, *caller).state(last);
}

MailboxPage Mailbox::page(const Caller& caller, std::int64_t after, int limit) {
  auto db = impl_->context.storage.read();
  limit = std::clamp(limit, 1, static_cast<int>(limits::kMailboxPageMax));
  return MailboxReader(impl_->context, *db, *caller).page(std::max<std::int64_t>(after, 0), limit);
}

void Mailbox::ack(const Caller& caller, std::int64_t seq, Callback<std::int64_t> done) {
  // Once, here: what comes while a long one goes in steps was not meant.
  seq = std::min(seq, impl_->context.storage.last_seq());
  const bool may_wait = !done;
  {
    const std::lock_guard lock(impl_->ack_mutex);
    auto [place, first] = impl_->acks.try_emplace(caller->user);
    PendingAck& pending = place->second;
    pending.seq = std::max(pending.seq, seq);
    if (done) pending.callbacks.push_back(std::move(done));
    if (!first) return;  // It goes with the one that waits.
  }
  impl_->submit_ack(caller, may_wait);
}

void Mailbox::Impl::submit_ack(const Caller& caller, bool may_wait) {
  auto taken = std::make_shared<PendingAck>();
  context.write<std::int64_t>(
      [this, caller, taken](Change& change) {
        *taken = take_ack(caller->user);
        return guarded([&] { return writer.ack(change, *caller, taken->seq); });
      },
      [this, caller, taken](const Result<std::int64_t>& result) {
        // Never run (a full queue, a failed group): what waits gets the same answer.
        if (!result) {
          PendingAck waiting = take_ack(caller->user);
          for (const auto& callback : waiting.callbacks) taken->callbacks.push_back(callback);
        }
        const bool more = result && result.value() < taken->seq && result.value() > taken->previous;
        taken->previous = result ? result.value() : 0;
        if (more && resume_ack(caller, *taken)) return;
        for (const auto& callback : taken->callbacks) callback(result);
      },
      may_wait);
}

PendingAck Mailbox::Impl::take_ack(UserId user) {
  const std::lock_guard lock(ack_mutex);
  const auto found = acks.find(user);
  if (found == acks.end()) return {};
  PendingAck pending = std::move(found->second);
  acks.erase(found);
  return pending;
}

// A very long acknowledgement goes in steps.
bool Mailbox::Impl::resume_ack(const Caller& caller, const PendingAck& rest) {
  const std::int64_t last = context.storage.last_seq();
  if (rest.previous >= std::min(rest.seq, last)) return false;
  {
    const std::lock_guard lock(ack_mutex);
    auto [place, first] = acks.try_emplace(caller->user);
    place->second.seq = std::max(place->second.seq, rest.seq);
    place->second.previous = rest.previous;
    for (const auto& callback : rest.callbacks) place->second.callbacks.push_back(callback);
    if (!first) return true;
  }
  submit_ack(caller, false);
  return true;
}

void Mailbox::Impl::forget() {
  writer.forget();
  if (on_foreign) on_foreign();
}

}  // namespace mychat::server
