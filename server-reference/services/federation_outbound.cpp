// What waits for another node, in the form in which it is sent.
#include <algorithm>
#include <utility>

#include "protocol/json_writer.h"
#include "services/federation_impl.h"
#include "storage/message_log.h"

namespace mychat::server {
namespace {

std::string_view item_type(OutKind kind) {
  switch (kind) {
    case OutKind::kReceipt:
      return "receipt";
    case OutKind::kKeyChange:
      return "key_change";
    case OutKind::kProfile:
      return "profile";
    case OutKind::kAccountDeleted:
      return "account_deleted";
    default:
      return "nothing";
  }
}

}  // namespace

std::optional<federation::MessageItem> Federation::Impl::message_item(SqliteConnection& db,
                                                                      const OutRow& row) const {
  auto found = read_message(db, row.message, false);
  if (!found) return std::nullopt;  // Its sender's account was deleted meanwhile.
  const auto sender = find_user(db, found->first.sender);
  const auto recipient = find_user(db, found->first.recipient);
  if (!sender || !recipient) return std::nullopt;
  wire::MessageOut& stored = found->second;
  federation::MessageItem item;
  item.sender_handle = context.handle_of(sender->username);
  item.created_at = stored.created_at;
  item.message.id = stored.id;
  item.message.recipient_handle = context.handle_of(recipient->username);
  item.message.encrypted_content = std::move(stored.encrypted_content);
  item.message.encrypted_key = std::move(stored.encrypted_key);
  item.message.iv = std::move(stored.iv).value_or("");
  item.message.content_type = std::move(stored.content_type);
  if (stored.algorithm) item.message.algorithm = *std::move(stored.algorithm);
  item.message.sender_key_hash = std::move(stored.sender_key_hash);
  item.message.signature = std::move(stored.signature);
  item.message.sent_at = std::move(stored.sent_at);
  return item;
}

OutBatch Federation::next_batch(NodeId node, int most_items, std::int64_t most_bytes) {
  auto db = impl_->context.storage.read();
  OutBatch batch;
  const auto peer = find_peer(*db, node);
  if (!peer) return batch;
  batch.stream = peer->out_stream;
  const auto rows =
      queue_head(*db, node, std::min(most_items, static_cast<int>(federation::kTransactionItemsMax)));
  batch.first = rows.empty() ? peer->out_seq + 1 : rows.front().seq;
  batch.last = batch.first - 1;
  JsonWriter out(batch.body);
  out.begin_object();
  out.member("stream", batch.stream);
  out.member("first", batch.first);
  out.key("items");
  out.begin_array();
  for (const OutRow& row : rows) {
    if (row.seq != batch.last + 1) break;  // Cannot be: numbers have no gaps.
    std::string item;
    JsonWriter one(item);
    if (row.kind == OutKind::kMessage) {
      const auto message = impl_->message_item(*db, row);
      federation::write_item(one, message ? federation::Item(*message) : federation::NothingItem{});
    } else {
      federation::write_item(one, item_type(row.kind), row.data.empty() ? std::string_view("{}") : row.data);
    }
    const auto size = static_cast<std::int64_t>(batch.body.size() + item.size());
    if (size > most_bytes && batch.last >= batch.first) break;
    out.raw(item);
    batch.last = row.seq;
  }
  out.end_array();
  out.end_object();
  return batch;
}

}  // namespace mychat::server
