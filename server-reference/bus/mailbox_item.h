// One item of a mailbox, shared by everybody it is announced to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace mychat::server {

enum class ItemType : std::uint8_t {
  kMessage = 1,
  kSent = 2,
  kReceipt = 3,
  kRead = 4,
  kKeyChange = 5,
  kProfile = 6,
  kAccountDeleted = 7,
};
const char* to_string(ItemType type) noexcept;  // "message", "sent", "receipt", ...

// `data` is rendered when it is first asked for, on the thread that asks, once for all who hold the item.
class MailboxItem {
 public:
  MailboxItem(std::int64_t seq, ItemType type, std::string data, std::uint64_t origin = 0);
  MailboxItem(std::int64_t seq, ItemType type, std::function<std::string()> render, std::uint64_t origin = 0);

  std::int64_t seq() const noexcept { return seq_; }
  ItemType type() const noexcept { return type_; }
  // The token that the sender gave to Mailbox::accept(), so that its own connection may leave a `sent` item
  // out.
  std::uint64_t origin() const noexcept { return origin_; }
  const std::string& data() const;  // JSON of the item's `data`. Any thread.
  // `{"seq":N,"type":"...","data":{...}}`
  void append_json(std::string& out) const;

 private:
  std::int64_t seq_;
  ItemType type_;
  std::uint64_t origin_;
  mutable std::once_flag rendered_;
  mutable std::function<std::string()> render_;
  mutable std::string data_;
};

using MailboxItemPtr = std::shared_ptr<const MailboxItem>;

}  // namespace mychat::server
