// Contacts.
#include "commands.h"
#include "session.h"
#include "text.h"
#include "views.h"

namespace cli {
namespace {

void print_contact(const Globals& globals, const mychat_contact& contact) {
  if (globals.json) {
    print_result(contact_json(contact));
    return;
  }
  const auto line = [](const char* label, const char* value) {
    if (*value != '\0') print_result(std::string(label) + safe_line(value));
  };
  line("handle:       ", contact.handle);
  line("nickname:     ", contact.nickname);
  print_result(std::string("contact:      ") + (contact.is_contact != 0 ? "yes" : "no"));
  print_result(std::string("key:          ") + trust_name(contact.trust));
  line("fingerprint:  ", contact.fingerprint);
  line("new key:      ", contact.pending_fingerprint);
  print_result(std::string("signs:        ") + (contact.signs_messages != 0 ? "yes" : "no"));
  line("status:       ", contact.status_message);
  print_result("last message: " + local_time(contact.last_message_at));
}

}  // namespace

int contact_add_command(const Globals& globals, const std::string& given, const std::string& nickname) {
  Session session(globals, Store::kMustExist);
  session.require_login();
  const std::string handle = session.handle(given);
  session.request(mychat_client_add_contact, handle.c_str(), nickname.empty() ? nullptr : nickname.c_str());
  const auto contact = fetch<mychat_contact>(mychat_client_contact, session.client(), handle.c_str());
  if (globals.json) {
    print_result(contact_json(*contact));
  } else {
    print_result("Added " + safe_line(contact->handle));
    print_result(std::string("fingerprint:  ") + contact->fingerprint + " (" + trust_name(contact->trust) +
                 ")");
    print_note(globals, "Compare safety numbers before you trust it: mychat verify " + safe_line(handle));
  }
  return kOk;
}

int contact_remove_command(const Globals& globals, const std::string& given) {
  Session session(globals, Store::kMustExist);
  session.require_login();
  const std::string handle = session.handle(given);
  session.request(mychat_client_remove_contact, handle.c_str());
  print_result(globals.json ? JsonObject().text("removed", handle).str()
                            : "Removed " + safe_line(handle) + "; the history stays.");
  return kOk;
}

int contact_list_command(const Globals& globals) {
  Session session(globals, Store::kMustExist);
  const auto list = fetch<mychat_contact_list>(mychat_client_contacts, session.client());
  JsonArray items;
  for (std::size_t i = 0; i < list->count; ++i) {
    const mychat_contact& contact = *list->items[i];
    items.raw(contact_json(contact));
    if (globals.json) continue;
    std::string line = safe_line(contact.handle) + "  " + trust_name(contact.trust);
    if (*contact.nickname != '\0') line += "  \"" + safe_line(contact.nickname) + "\"";
    if (*contact.status_message != '\0') line += "  " + safe_line(contact.status_message);
    print_result(line);
  }
  if (globals.json) print_result(JsonObject().raw("contacts", items.str()).str());
  return kOk;
}

int contact_show_command(const Globals& globals, const std::string& given, bool refresh) {
  Session session(globals, Store::kMustExist);
  const std::string handle = session.handle(given);
  if (refresh) session.request(mychat_client_lookup, handle.c_str());
  const auto contact = fetch<mychat_contact>(mychat_client_contact, session.client(), handle.c_str());
  print_contact(globals, *contact);
  // A lookup that finds a new key has said so already.
  if (contact->trust == MYCHAT_TRUST_CHANGED && !refresh) print_key_change(globals, *contact);
  return kOk;
}

int contact_accept_command(const Globals& globals, const std::string& given, const std::string& fingerprint) {
  Session session(globals, Store::kMustExist);
  const std::string handle = session.handle(given);
  call(mychat_client_accept_key, session.client(), handle.c_str(), fingerprint.c_str());
  const auto contact = fetch<mychat_contact>(mychat_client_contact, session.client(), handle.c_str());
  if (globals.json) {
    print_result(contact_json(*contact));
  } else {
    print_result("Accepted the new key of " + safe_line(handle) + ".");
    print_note(globals, "It is not verified yet: mychat verify " + safe_line(handle));
  }
  return kOk;
}

}  // namespace cli
