// What waits for nodes of protocol 1, and what is kept of them.
#include <utility>

#include "federation/transaction.h"
#include "federation/v1.h"
#include "services/federation_impl.h"

namespace mychat::server {
namespace {

OutV1 of_receipt(const OutRow& row, std::size_t part) {
  const auto receipt =
      federation::receipt_from_data(Json::parse(row.data, federation::kTransactionJson).root());
  OutV1 out;
  out.parts = receipt.message_ids.size();
  if (part >= out.parts) return out;
  out.path = "/delivery-receipt";
  out.body = federation::v1_receipt_json(receipt, part);
  return out;
}

}  // namespace

bool Federation::accepts_v1() const { return impl_->context.rules.get()->accept_v1; }

bool Federation::is_v1(std::string_view domain) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->v1.contains(domain);
}

void Federation::pin_v1(NodeId node, std::string api_url, Callback<Done> done) {
  impl_->context.write<Done>(
      [impl = impl_.get(), node, api_url = std::move(api_url)](Change& change) {
        if (!put_peer_v1(change.db, node, api_url, change.now))
          throw Refused(403, "This node has proven its key before: it must sign what it sends.");
        const auto peer = find_peer(change.db, node);
        const std::lock_guard lock(impl->mutex);
        if (peer) impl->v1.insert(peer->domain);
        return Done{};
      },
      std::move(done));
}

std::optional<OutV1> Federation::next_v1(NodeId node, std::size_t part) {
  auto db = impl_->context.storage.read();
  const auto peer = find_peer(*db, node);
  const auto rows = queue_head(*db, node, 1);
  if (!peer || rows.empty()) return std::nullopt;
  const OutRow& row = rows.front();
  OutV1 out;
  if (row.kind == OutKind::kReceipt) {
    out = of_receipt(row, part);
  } else if (row.kind == OutKind::kMessage) {
    if (const auto message = impl_->message_item(*db, row)) {
      out.path = "/messages";
      out.body = federation::v1_message_json(*message);
    }
  }
  out.stream = peer->out_stream;
  out.seq = row.seq;
  return out;
}

}  // namespace mychat::server
