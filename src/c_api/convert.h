// The client's values as the structs of the public headers, inside an arena.
#pragma once

#include "c_api/boundary.h"

namespace mychat::c_api {

const mychat_message* to_c(Arena& arena, const Message& message);
const mychat_contact* to_c(Arena& arena, const ContactView& contact);
const mychat_account* to_c(Arena& arena, const AccountView& account);

// Objects of their own, which the caller frees.
mychat_event* new_event(const Event& event);
mychat_message* new_message(const Message& message);
mychat_message_list* new_message_list(const MessageListView& list);
mychat_contact* new_contact(const ContactView& contact);
mychat_contact_list* new_contact_list(const std::vector<ContactView>& list);
mychat_conversation_list* new_conversation_list(const std::vector<ConversationView>& list);
mychat_account* new_account(const AccountView& account);
mychat_explanation* new_explanation(const Explanation& explanation);
mychat_store_report* new_store_report(const CheckReport& report);
mychat_backup* new_backup(const BackupFile& backup);
mychat_backup_report* new_backup_report(const BackupReport& report);

}  // namespace mychat::c_api
