#include "views.h"

#include <sstream>

#include "session.h"
#include "text.h"

namespace cli {
namespace {

const char* verification_name(mychat_verification verification) {
  switch (verification) {
    case MYCHAT_VERIFICATION_UNSIGNED:
      return "unsigned";
    case MYCHAT_VERIFICATION_VERIFIED:
      return "verified";
    case MYCHAT_VERIFICATION_UNVERIFIED:
      return "unverified";
    case MYCHAT_VERIFICATION_INVALID:
      return "invalid";
    default:
      return "none";
  }
}

const char* content_name(mychat_content_type type) {
  return type == MYCHAT_CONTENT_TEXT ? "text" : type == MYCHAT_CONTENT_IMAGE ? "image" : "file";
}

std::string texts(const char* const* items, std::size_t count) {
  JsonArray out;
  for (std::size_t i = 0; i < count; ++i) out.text(items[i]);
  return out.str();
}

}  // namespace

const char* trust_name(mychat_trust trust) {
  return trust == MYCHAT_TRUST_VERIFIED  ? "verified"
         : trust == MYCHAT_TRUST_CHANGED ? "changed"
                                         : "unverified";
}

const char* message_status_name(mychat_message_status status) {
  switch (status) {
    case MYCHAT_MESSAGE_QUEUED:
      return "queued";
    case MYCHAT_MESSAGE_PENDING:
      return "accepted";
    case MYCHAT_MESSAGE_DELIVERED:
      return "delivered";
    case MYCHAT_MESSAGE_READ:
      return "read";
    case MYCHAT_MESSAGE_FAILED:
      return "failed";
    default:
      return "unknown";
  }
}

std::string account_json(const mychat_account& account) {
  return JsonObject()
      .text_or_null("handle", account.handle)
      .text_or_null("user_id", account.user_id)
      .text_or_null("node_url", account.node_url)
      .boolean("logged_in", account.logged_in != 0)
      .boolean("has_identity", account.has_identity != 0)
      .boolean("signs_messages", account.signs_messages != 0)
      .text_or_null("fingerprint", account.fingerprint)
      .text_or_null("avatar_url", account.avatar_url)
      .text_or_null("status_message", account.status_message)
      .number("backup_at", account.backup_at)
      .str();
}

std::string contact_json(const mychat_contact& contact) {
  return JsonObject()
      .text("handle", contact.handle)
      .text_or_null("nickname", contact.nickname)
      .boolean("is_contact", contact.is_contact != 0)
      .text("trust", trust_name(contact.trust))
      .text_or_null("fingerprint", contact.fingerprint)
      .text_or_null("pending_fingerprint", contact.pending_fingerprint)
      .boolean("pending_vouched", contact.pending_vouched != 0)
      .boolean("signs_messages", contact.signs_messages != 0)
      .text_or_null("avatar_url", contact.avatar_url)
      .text_or_null("status_message", contact.status_message)
      .number("added_at", contact.added_at)
      .number("last_message_at", contact.last_message_at)
      .str();
}

std::string message_json(const mychat_message& message, mychat_trust sender_trust) {
  JsonObject out;
  out.text("id", message.id)
      .text("direction", message.direction == MYCHAT_DIRECTION_IN ? "in" : "out")
      .text("peer", message.peer)
      .text("sender", message.sender)
      .number("position", message.position)
      .text("content_type", content_name(message.content_type))
      .text("status", message_status_name(message.status))
      .text("verification", verification_name(message.verification))
      .text_or_null("sender_trust", message.direction == MYCHAT_DIRECTION_IN ? trust_name(sender_trust) : "")
      .boolean("readable", message.readable != 0)
      .number("size", static_cast<std::int64_t>(message.size));
  if (message.text != nullptr) {
    out.text("text", message.text);
  } else if (message.readable != 0) {
    out.raw("text", "null").text("data", base64(message.data, message.size));
  } else {
    out.raw("text", "null").text("failure", mychat_status_name(message.failure));
  }
  return out.number("sent_at", message.sent_at)
      .number("created_at", message.created_at)
      .number("delivered_at", message.delivered_at)
      .number("read_at", message.read_at)
      .str();
}

std::string report_json(const mychat_backup_report& report) {
  JsonObject out;
  out.text_or_null("handle", report.handle)
      .text("fingerprint", report.fingerprint)
      .number("created_at", report.created_at)
      .boolean("has_v1_members", report.has_v1_members != 0)
      .boolean("has_sealed_member", report.has_sealed_member != 0)
      .boolean("has_signing_key", report.has_signing_key != 0)
      .number("contacts", report.contacts)
      .number("verified_contacts", report.verified_contacts);
  if (report.matches_account < 0) {
    out.raw("matches_account", "null");
  } else {
    out.boolean("matches_account", report.matches_account != 0);
  }
  return out.raw("losses", texts(report.losses, report.loss_count)).str();
}

std::string node_json(const mychat_node_info& info) {
  JsonArray capabilities;
  std::istringstream names(info.capabilities);
  for (std::string name; names >> name;) capabilities.text(name);
  return JsonObject()
      .text("domain", info.domain)
      .text("version", info.version)
      .boolean("registration_open", info.registration_open != 0)
      .boolean("federation_enabled", info.federation_enabled != 0)
      .boolean("extended", info.extended != 0)
      .number("current_users", info.current_users)
      .number("max_users", info.max_users)
      .number("uptime_seconds", info.uptime_seconds)
      .number("max_message_size", info.max_message_size)
      .raw("capabilities", capabilities.str())
      .str();
}

std::string verification_mark(const mychat_message& message, mychat_trust sender_trust) {
  switch (message.verification) {
    case MYCHAT_VERIFICATION_UNSIGNED:
      return "[unsigned]";
    case MYCHAT_VERIFICATION_VERIFIED:
      return sender_trust == MYCHAT_TRUST_VERIFIED ? "[verified]" : "[signed]";
    case MYCHAT_VERIFICATION_UNVERIFIED:
      return "[unknown key]";
    case MYCHAT_VERIFICATION_INVALID:
      return "[FORGED?]";
    default:
      return "";
  }
}

mychat_trust trust_of(mychat_client* client, const char* handle) {
  mychat_contact* found = nullptr;
  if (mychat_client_contact(client, handle, &found, nullptr) != MYCHAT_OK) return MYCHAT_TRUST_UNVERIFIED;
  return Owned<mychat_contact>(found)->trust;
}

std::string message_line(const mychat_message& message, mychat_trust sender_trust) {
  static constexpr const char* kIndent = "    | ";
  const std::int64_t when = message.created_at != 0 ? message.created_at : message.sent_at;
  std::string line = local_time(when) + "  " + safe_line(message.sender);
  if (message.direction == MYCHAT_DIRECTION_OUT) {
    line += " -> " + safe_line(message.peer) + " (" + message_status_name(message.status) + ")";
  } else {
    line += " " + verification_mark(message, sender_trust);
  }
  line += ": ";
  if (message.readable == 0)
    return line + "<cannot be read: " + mychat_status_name(message.failure) + "; see: mychat explain " +
           message.id + ">";
  if (message.text != nullptr) return line + safe_block(message.text, kIndent);
  return line + "<" + content_name(message.content_type) + ", " + std::to_string(message.size) +
         " bytes; see: mychat save " + message.id + " FILE>";
}

void print_report(const mychat_backup_report& report) {
  print_result("account:      " +
               (*report.handle != '\0' ? safe_line(report.handle) : std::string("not named")));
  print_result("fingerprint:  " + safe_line(report.fingerprint));
  print_result("made:         " + local_time(report.created_at));
  print_result(std::string("holds:        identity key") +
               (report.has_signing_key != 0 ? ", signing key" : "") +
               (report.has_sealed_member != 0 ? ", " + std::to_string(report.contacts) + " contacts (" +
                                                    std::to_string(report.verified_contacts) + " verified)"
                                              : std::string()));
  print_result(std::string("readable by:  ") +
               (report.has_v1_members == 0 ? "MyChat with sealed backups only" : "every MyChat v1 client"));
  if (report.matches_account == 0) print_result("Its key is NOT the one in use here.");
  for (std::size_t i = 0; i < report.loss_count; ++i) print_result("lost: " + safe_line(report.losses[i]));
}

}  // namespace cli
