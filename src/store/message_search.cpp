#include <cstring>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "store/conversation_rows.h"
#include "store/fold.h"
#include "store/message_rows.h"
#include "store/messages_table.h"

namespace mychat {
namespace {

constexpr std::size_t kMaxQuery = 1000;

bool contains(const Secret& haystack, const Secret& needle) {
  return ::memmem(haystack.data(), haystack.size(), needle.data(), needle.size()) != nullptr;
}

void require_request(const SearchRequest& request) {
  if (request.query.empty() || request.query.size() > kMaxQuery || !is_utf8(request.query)) {
    throw_argument("A search needs a text of 1 to 1,000 bytes of UTF-8.");
  }
  if (request.limit < 1 || request.limit > MessagesTable::kMaxPage) {
    throw_argument("The limit of a search is 1 to 500.");
  }
}

}  // namespace

MessagePage MessagesTable::search(const SearchRequest& request) const {
  require_request(request);
  MessagePage found;
  std::int64_t conversation = 0;
  if (request.conversation) {
    const auto row = find_conversation(db_, sealer_, *request.conversation);
    if (!row) return found;
    conversation = row->id;
  }
  constexpr const char* kEverywhere = "SELECT " MYCHAT_MESSAGE_COLUMNS
                                      " FROM messages WHERE (created_at, id) < (?1, ?2)"
                                      " ORDER BY created_at DESC, id DESC";
  constexpr const char* kInOne = "SELECT " MYCHAT_MESSAGE_COLUMNS
                                 " FROM messages WHERE conversation = ?3 AND (created_at, id) < (?1, ?2)"
                                 " ORDER BY created_at DESC, id DESC";
  Query rows = db_.query(request.conversation ? kInOne : kEverywhere);
  rows.bind(1, request.before.created_at).bind(2, request.before.local_id);
  if (request.conversation) rows.bind(3, conversation);
  Secret needle;
  Secret folded;
  fold_case(request.query, needle);
  while (rows.step()) {
    if (request.cancelled != nullptr && request.cancelled->load(std::memory_order_relaxed)) {
      throw Error(MYCHAT_E_CANCELLED, MYCHAT_DOMAIN_API, "The search was cancelled.");
    }
    MessageRow row = read_message_record(rows, sealer_);
    if (!row.has_body || row.message.content_type != "text") continue;
    read_message_contents(rows, sealer_, row);
    fold_case(text(view(*row.message.body)), folded);
    if (!contains(folded, needle)) continue;
    if (found.messages.size() == request.limit) {
      found.has_more = true;
      break;
    }
    found.messages.push_back(std::move(row.message));
  }
  return found;
}

}  // namespace mychat
