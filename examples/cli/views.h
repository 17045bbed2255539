// How accounts, contacts and messages look, as JSON and as text.
#pragma once

#include <string>

#include "api.h"

namespace cli {

std::string account_json(const mychat_account& account);
std::string contact_json(const mychat_contact& contact);
std::string message_json(const mychat_message& message, mychat_trust sender_trust);
std::string report_json(const mychat_backup_report& report);
std::string node_json(const mychat_node_info& info);

const char* trust_name(mychat_trust trust);
const char* message_status_name(mychat_message_status status);

// "[verified]", "[signed]", "[unsigned]", "[unknown key]", "[FORGED?]"; "" for one's own messages.
std::string verification_mark(const mychat_message& message, mychat_trust sender_trust);
// Trust in a handle's key, as far as the local store knows.
mychat_trust trust_of(mychat_client* client, const char* handle);

// One message as one or more lines. Lines after the first begin with "    | ", which no first line does.
std::string message_line(const mychat_message& message, mychat_trust sender_trust);
void print_report(const mychat_backup_report& report);

}  // namespace cli
