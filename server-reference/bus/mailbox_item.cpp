#include "bus/mailbox_item.h"

#include <utility>

namespace mychat::server {

const char* to_string(ItemType type) noexcept {
  switch (type) {
    case ItemType::kMessage:
      return "message";
    case ItemType::kSent:
      return "sent";
    case ItemType::kReceipt:
      return "receipt";
    case ItemType::kRead:
      return "read";
    case ItemType::kKeyChange:
      return "key_change";
    case ItemType::kProfile:
      return "profile";
    case ItemType::kAccountDeleted:
      return "account_deleted";
  }
  return "unknown";
}

MailboxItem::MailboxItem(std::int64_t seq, ItemType type, std::string data, std::uint64_t origin)
    : seq_(seq), type_(type), origin_(origin), data_(std::move(data)) {}

MailboxItem::MailboxItem(std::int64_t seq, ItemType type, std::function<std::string()> render,
                         std::uint64_t origin)
    : seq_(seq), type_(type), origin_(origin), render_(std::move(render)) {}

const std::string& MailboxItem::data() const {
  std::call_once(rendered_, [this] {
    if (!render_) return;
    data_ = render_();
    render_ = nullptr;
  });
  return data_;
}

void MailboxItem::append_json(std::string& out) const {
  const std::string& json = data();
  out.reserve(out.size() + json.size() + 64);
  out += "{\"seq\":";
  out += std::to_string(seq_);
  out += ",\"type\":\"";
  out += to_string(type_);
  out += "\",\"data\":";
  out += json;
  out += '}';
}

}  // namespace mychat::server
