/* Layout of every public struct on x86-64 (LP64).
   A failure here is an incompatible change: programs that were built before would misread what they are
   given. */
#include <stddef.h>

#include "mychat/mychat.h"

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")
#define AT(type, member, offset) \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member " has moved")

_Static_assert(sizeof(void*) == 8 && sizeof(long) == 8, "these asserts are for LP64");

SIZE(mychat_client_options, 96);
AT(mychat_client_options, struct_size, 0);
AT(mychat_client_options, flags, 4);
AT(mychat_client_options, store_path, 8);
AT(mychat_client_options, passphrase, 16);
AT(mychat_client_options, store_key, 24);
AT(mychat_client_options, store_key_context, 32);
AT(mychat_client_options, node_url, 40);
AT(mychat_client_options, ca_file, 48);
AT(mychat_client_options, tls_pins, 56);
AT(mychat_client_options, connect_timeout_ms, 64);
AT(mychat_client_options, request_timeout_ms, 68);
AT(mychat_client_options, log, 72);
AT(mychat_client_options, log_context, 80);
AT(mychat_client_options, log_level, 88);
AT(mychat_client_options, max_queued_events, 92);

SIZE(mychat_account, 72);
AT(mychat_account, struct_size, 0);
AT(mychat_account, logged_in, 4);
AT(mychat_account, has_identity, 8);
AT(mychat_account, signs_messages, 12);
AT(mychat_account, handle, 16);
AT(mychat_account, user_id, 24);
AT(mychat_account, node_url, 32);
AT(mychat_account, fingerprint, 40);
AT(mychat_account, avatar_url, 48);
AT(mychat_account, status_message, 56);
AT(mychat_account, backup_at, 64);

SIZE(mychat_register_options, 48);
AT(mychat_register_options, struct_size, 0);
AT(mychat_register_options, username, 8);
AT(mychat_register_options, password, 16);
AT(mychat_register_options, email, 24);
AT(mychat_register_options, invite, 32);
AT(mychat_register_options, device_name, 40);

SIZE(mychat_login_options, 32);
AT(mychat_login_options, struct_size, 0);
AT(mychat_login_options, username, 8);
AT(mychat_login_options, password, 16);
AT(mychat_login_options, device_name, 24);

SIZE(mychat_session, 40);
AT(mychat_session, struct_size, 0);
AT(mychat_session, current, 4);
AT(mychat_session, id, 8);
AT(mychat_session, device_name, 16);
AT(mychat_session, created_at, 24);
AT(mychat_session, last_used, 32);

SIZE(mychat_session_list, 24);
AT(mychat_session_list, struct_size, 0);
AT(mychat_session_list, count, 8);
AT(mychat_session_list, items, 16);

SIZE(mychat_node_info, 72);
AT(mychat_node_info, struct_size, 0);
AT(mychat_node_info, registration_open, 4);
AT(mychat_node_info, domain, 8);
AT(mychat_node_info, version, 16);
AT(mychat_node_info, federation_enabled, 24);
AT(mychat_node_info, extended, 28);
AT(mychat_node_info, current_users, 32);
AT(mychat_node_info, max_users, 40);
AT(mychat_node_info, uptime_seconds, 48);
AT(mychat_node_info, max_message_size, 56);
AT(mychat_node_info, capabilities, 64);

SIZE(mychat_store_report, 32);
AT(mychat_store_report, struct_size, 0);
AT(mychat_store_report, healthy, 4);
AT(mychat_store_report, values_checked, 8);
AT(mychat_store_report, problem_count, 16);
AT(mychat_store_report, problems, 24);

SIZE(mychat_contact, 88);
AT(mychat_contact, struct_size, 0);
AT(mychat_contact, trust, 4);
AT(mychat_contact, handle, 8);
AT(mychat_contact, nickname, 16);
AT(mychat_contact, fingerprint, 24);
AT(mychat_contact, pending_fingerprint, 32);
AT(mychat_contact, pending_vouched, 40);
AT(mychat_contact, signs_messages, 44);
AT(mychat_contact, is_contact, 48);
AT(mychat_contact, avatar_url, 56);
AT(mychat_contact, status_message, 64);
AT(mychat_contact, added_at, 72);
AT(mychat_contact, last_message_at, 80);

SIZE(mychat_contact_list, 24);
AT(mychat_contact_list, struct_size, 0);
AT(mychat_contact_list, count, 8);
AT(mychat_contact_list, items, 16);

SIZE(mychat_conversation, 32);
AT(mychat_conversation, struct_size, 0);
AT(mychat_conversation, unread, 4);
AT(mychat_conversation, peer, 8);
AT(mychat_conversation, last_message_id, 16);
AT(mychat_conversation, last_message_at, 24);

SIZE(mychat_conversation_list, 24);
AT(mychat_conversation_list, struct_size, 0);
AT(mychat_conversation_list, count, 8);
AT(mychat_conversation_list, items, 16);

SIZE(mychat_error, 276);
AT(mychat_error, struct_size, 0);
AT(mychat_error, status, 4);
AT(mychat_error, domain, 8);
AT(mychat_error, detail, 12);
AT(mychat_error, retryable, 16);
AT(mychat_error, message, 20);

SIZE(mychat_completion, 336);
AT(mychat_completion, struct_size, 0);
AT(mychat_completion, operation, 4);
AT(mychat_completion, request, 8);
AT(mychat_completion, error, 16);
AT(mychat_completion, retry_after_ms, 296);
AT(mychat_completion, account, 304);
AT(mychat_completion, contact, 312);
AT(mychat_completion, sessions, 320);
AT(mychat_completion, node_info, 328);

SIZE(mychat_connection, 296);
AT(mychat_connection, struct_size, 0);
AT(mychat_connection, state, 4);
AT(mychat_connection, error, 8);
AT(mychat_connection, retry_at, 288);

SIZE(mychat_progress, 24);
AT(mychat_progress, struct_size, 0);
AT(mychat_progress, operation, 4);
AT(mychat_progress, request, 8);
AT(mychat_progress, primes_found, 16);
AT(mychat_progress, candidates, 20);

SIZE(mychat_typing, 16);
AT(mychat_typing, struct_size, 0);
AT(mychat_typing, is_typing, 4);
AT(mychat_typing, peer, 8);

SIZE(mychat_presence, 24);
AT(mychat_presence, struct_size, 0);
AT(mychat_presence, status, 4);
AT(mychat_presence, peer, 8);
AT(mychat_presence, last_seen, 16);

SIZE(mychat_event, 32);
AT(mychat_event, struct_size, 0);
AT(mychat_event, type, 4);
AT(mychat_event, seq, 8);
AT(mychat_event, time, 16);
AT(mychat_event, data, 24);

SIZE(mychat_backup, 32);
AT(mychat_backup, struct_size, 0);
AT(mychat_backup, size, 8);
AT(mychat_backup, data, 16);
AT(mychat_backup, file_name, 24);

SIZE(mychat_backup_report, 72);
AT(mychat_backup_report, struct_size, 0);
AT(mychat_backup_report, has_v1_members, 4);
AT(mychat_backup_report, has_sealed_member, 8);
AT(mychat_backup_report, has_signing_key, 12);
AT(mychat_backup_report, handle, 16);
AT(mychat_backup_report, fingerprint, 24);
AT(mychat_backup_report, created_at, 32);
AT(mychat_backup_report, contacts, 40);
AT(mychat_backup_report, verified_contacts, 44);
AT(mychat_backup_report, matches_account, 48);
AT(mychat_backup_report, loss_count, 56);
AT(mychat_backup_report, losses, 64);

SIZE(mychat_allocator, 32);
AT(mychat_allocator, struct_size, 0);
AT(mychat_allocator, allocate, 8);
AT(mychat_allocator, release, 16);
AT(mychat_allocator, context, 24);

SIZE(mychat_bytes, 24);
AT(mychat_bytes, struct_size, 0);
AT(mychat_bytes, size, 8);
AT(mychat_bytes, data, 16);

SIZE(mychat_message, 120);
AT(mychat_message, struct_size, 0);
AT(mychat_message, direction, 4);
AT(mychat_message, id, 8);
AT(mychat_message, peer, 16);
AT(mychat_message, sender, 24);
AT(mychat_message, position, 32);
AT(mychat_message, content_type, 40);
AT(mychat_message, status, 44);
AT(mychat_message, verification, 48);
AT(mychat_message, readable, 52);
AT(mychat_message, data, 56);
AT(mychat_message, size, 64);
AT(mychat_message, text, 72);
AT(mychat_message, sent_at, 80);
AT(mychat_message, created_at, 88);
AT(mychat_message, delivered_at, 96);
AT(mychat_message, read_at, 104);
AT(mychat_message, failure, 112);

SIZE(mychat_message_list, 40);
AT(mychat_message_list, struct_size, 0);
AT(mychat_message_list, count, 8);
AT(mychat_message_list, items, 16);
AT(mychat_message_list, has_more, 24);
AT(mychat_message_list, next_before, 32);

SIZE(mychat_send_options, 40);
AT(mychat_send_options, struct_size, 0);
AT(mychat_send_options, content_type, 4);
AT(mychat_send_options, recipient, 8);
AT(mychat_send_options, data, 16);
AT(mychat_send_options, size, 24);
AT(mychat_send_options, message_id, 32);

SIZE(mychat_explanation, 32);
AT(mychat_explanation, struct_size, 0);
AT(mychat_explanation, cause, 4);
AT(mychat_explanation, repair, 8);
AT(mychat_explanation, attempts, 12);
AT(mychat_explanation, retry_at, 16);
AT(mychat_explanation, description, 24);

SIZE(mychat_federation_options, 72);
AT(mychat_federation_options, struct_size, 0);
AT(mychat_federation_options, flags, 4);
AT(mychat_federation_options, domain, 8);
AT(mychat_federation_options, api_url, 16);
AT(mychat_federation_options, capabilities, 24);
AT(mychat_federation_options, ca_file, 32);
AT(mychat_federation_options, began_at, 40);
AT(mychat_federation_options, max_message_size, 48);
AT(mychat_federation_options, max_transaction_items, 56);
AT(mychat_federation_options, max_transaction_bytes, 64);

SIZE(mychat_federation_document_options, 48);
AT(mychat_federation_document_options, struct_size, 0);
AT(mychat_federation_document_options, flags, 4);
AT(mychat_federation_document_options, sequence, 8);
AT(mychat_federation_document_options, issued_at, 16);
AT(mychat_federation_document_options, valid_until, 24);
AT(mychat_federation_document_options, next_key, 32);
AT(mychat_federation_document_options, previous, 40);

SIZE(mychat_federation_document, 136);
AT(mychat_federation_document, struct_size, 0);
AT(mychat_federation_document, continuity, 4);
AT(mychat_federation_document, domain, 8);
AT(mychat_federation_document, api_url, 16);
AT(mychat_federation_document, key, 24);
AT(mychat_federation_document, key_id, 32);
AT(mychat_federation_document, next_key, 40);
AT(mychat_federation_document, capabilities, 48);
AT(mychat_federation_document, protocol, 56);
AT(mychat_federation_document, rotations, 60);
AT(mychat_federation_document, sequence, 64);
AT(mychat_federation_document, issued_at, 72);
AT(mychat_federation_document, valid_until, 80);
AT(mychat_federation_document, max_message_size, 88);
AT(mychat_federation_document, max_transaction_items, 96);
AT(mychat_federation_document, max_transaction_bytes, 104);
AT(mychat_federation_document, clock_ahead, 112);
AT(mychat_federation_document, json, 120);
AT(mychat_federation_document, known, 128);

SIZE(mychat_federation_agreement, 72);
AT(mychat_federation_agreement, struct_size, 0);
AT(mychat_federation_agreement, protocol, 4);
AT(mychat_federation_agreement, peer, 8);
AT(mychat_federation_agreement, capabilities, 16);
AT(mychat_federation_agreement, confirm, 24);
AT(mychat_federation_agreement, clock_ahead, 32);
AT(mychat_federation_agreement, max_message_size, 40);
AT(mychat_federation_agreement, max_transaction_items, 48);
AT(mychat_federation_agreement, max_transaction_bytes, 56);
AT(mychat_federation_agreement, known, 64);

SIZE(mychat_mls_credential, 56);
AT(mychat_mls_credential, struct_size, 0);
AT(mychat_mls_credential, type, 4);
AT(mychat_mls_credential, encoded, 8);
AT(mychat_mls_credential, encoded_size, 16);
AT(mychat_mls_credential, identity, 24);
AT(mychat_mls_credential, identity_size, 32);
AT(mychat_mls_credential, handle, 40);
AT(mychat_mls_credential, device_id, 48);

SIZE(mychat_mls_psk_id, 56);
AT(mychat_mls_psk_id, struct_size, 0);
AT(mychat_mls_psk_id, type, 4);
AT(mychat_mls_psk_id, usage, 8);
AT(mychat_mls_psk_id, id, 16);
AT(mychat_mls_psk_id, id_size, 24);
AT(mychat_mls_psk_id, group_id, 32);
AT(mychat_mls_psk_id, group_id_size, 40);
AT(mychat_mls_psk_id, epoch, 48);

SIZE(mychat_mls_proposal, 120);
AT(mychat_mls_proposal, struct_size, 0);
AT(mychat_mls_proposal, type, 4);
AT(mychat_mls_proposal, sender_type, 8);
AT(mychat_mls_proposal, sender, 12);
AT(mychat_mls_proposal, leaf_index, 16);
AT(mychat_mls_proposal, suite, 20);
AT(mychat_mls_proposal, encoded, 24);
AT(mychat_mls_proposal, encoded_size, 32);
AT(mychat_mls_proposal, reference, 40);
AT(mychat_mls_proposal, reference_size, 48);
AT(mychat_mls_proposal, credential, 56);
AT(mychat_mls_proposal, signature_key, 64);
AT(mychat_mls_proposal, signature_key_size, 72);
AT(mychat_mls_proposal, psk, 80);
AT(mychat_mls_proposal, group_id, 88);
AT(mychat_mls_proposal, group_id_size, 96);
AT(mychat_mls_proposal, extensions, 104);
AT(mychat_mls_proposal, extensions_size, 112);

SIZE(mychat_mls_proposal_list, 24);
AT(mychat_mls_proposal_list, struct_size, 0);
AT(mychat_mls_proposal_list, count, 8);
AT(mychat_mls_proposal_list, items, 16);

SIZE(mychat_mls_leaf_options, 80);
AT(mychat_mls_leaf_options, struct_size, 0);
AT(mychat_mls_leaf_options, flags, 4);
AT(mychat_mls_leaf_options, credential, 8);
AT(mychat_mls_leaf_options, credential_size, 16);
AT(mychat_mls_leaf_options, private_key, 24);
AT(mychat_mls_leaf_options, private_key_size, 32);
AT(mychat_mls_leaf_options, extensions, 40);
AT(mychat_mls_leaf_options, extensions_size, 48);
AT(mychat_mls_leaf_options, extension_types, 56);
AT(mychat_mls_leaf_options, proposal_types, 64);
AT(mychat_mls_leaf_options, lifetime, 72);

SIZE(mychat_mls_message, 88);
AT(mychat_mls_message, struct_size, 0);
AT(mychat_mls_message, format, 4);
AT(mychat_mls_message, content, 8);
AT(mychat_mls_message, suite, 12);
AT(mychat_mls_message, epoch, 16);
AT(mychat_mls_message, group_id, 24);
AT(mychat_mls_message, group_id_size, 32);
AT(mychat_mls_message, references, 40);
AT(mychat_mls_message, references_size, 48);
AT(mychat_mls_message, reference_size, 56);
AT(mychat_mls_message, credential, 64);
AT(mychat_mls_message, signature_key, 72);
AT(mychat_mls_message, signature_key_size, 80);

SIZE(mychat_mls_summary, 88);
AT(mychat_mls_summary, struct_size, 0);
AT(mychat_mls_summary, removes_us, 4);
AT(mychat_mls_summary, has_path, 8);
AT(mychat_mls_summary, committer_type, 12);
AT(mychat_mls_summary, committer, 16);
AT(mychat_mls_summary, epoch, 24);
AT(mychat_mls_summary, proposals, 32);
AT(mychat_mls_summary, added, 40);
AT(mychat_mls_summary, added_count, 48);
AT(mychat_mls_summary, updated, 56);
AT(mychat_mls_summary, updated_count, 64);
AT(mychat_mls_summary, removed, 72);
AT(mychat_mls_summary, removed_count, 80);

SIZE(mychat_mls_options, 72);
AT(mychat_mls_options, struct_size, 0);
AT(mychat_mls_options, flags, 4);
AT(mychat_mls_options, accept, 8);
AT(mychat_mls_options, is_successor, 16);
AT(mychat_mls_options, psk, 24);
AT(mychat_mls_options, accept_commit, 32);
AT(mychat_mls_options, context, 40);
AT(mychat_mls_options, past_epochs, 48);
AT(mychat_mls_options, resumption_epochs, 52);
AT(mychat_mls_options, max_waiting_proposals, 56);
AT(mychat_mls_options, max_messages_ahead, 60);
AT(mychat_mls_options, max_lifetime, 64);

SIZE(mychat_mls_group_options, 40);
AT(mychat_mls_group_options, struct_size, 0);
AT(mychat_mls_group_options, flags, 4);
AT(mychat_mls_group_options, group_id, 8);
AT(mychat_mls_group_options, group_id_size, 16);
AT(mychat_mls_group_options, extensions, 24);
AT(mychat_mls_group_options, extensions_size, 32);

SIZE(mychat_mls_external_options, 56);
AT(mychat_mls_external_options, struct_size, 0);
AT(mychat_mls_external_options, replaces, 4);
AT(mychat_mls_external_options, tree, 8);
AT(mychat_mls_external_options, tree_size, 16);
AT(mychat_mls_external_options, proposals, 24);
AT(mychat_mls_external_options, proposals_size, 32);
AT(mychat_mls_external_options, aad, 40);
AT(mychat_mls_external_options, aad_size, 48);

SIZE(mychat_mls_group_state, 72);
AT(mychat_mls_group_state, struct_size, 0);
AT(mychat_mls_group_state, suite, 4);
AT(mychat_mls_group_state, is_active, 8);
AT(mychat_mls_group_state, was_removed, 12);
AT(mychat_mls_group_state, own_leaf, 16);
AT(mychat_mls_group_state, member_count, 20);
AT(mychat_mls_group_state, epoch, 24);
AT(mychat_mls_group_state, group_id, 32);
AT(mychat_mls_group_state, group_id_size, 40);
AT(mychat_mls_group_state, extensions, 48);
AT(mychat_mls_group_state, extensions_size, 56);
AT(mychat_mls_group_state, reinit, 64);

SIZE(mychat_mls_member, 32);
AT(mychat_mls_member, struct_size, 0);
AT(mychat_mls_member, leaf_index, 4);
AT(mychat_mls_member, credential, 8);
AT(mychat_mls_member, signature_key, 16);
AT(mychat_mls_member, signature_key_size, 24);

SIZE(mychat_mls_member_list, 24);
AT(mychat_mls_member_list, struct_size, 0);
AT(mychat_mls_member_list, count, 8);
AT(mychat_mls_member_list, items, 16);

SIZE(mychat_mls_received, 80);
AT(mychat_mls_received, struct_size, 0);
AT(mychat_mls_received, content, 4);
AT(mychat_mls_received, sender_type, 8);
AT(mychat_mls_received, sender, 12);
AT(mychat_mls_received, epoch, 16);
AT(mychat_mls_received, credential, 24);
AT(mychat_mls_received, data, 32);
AT(mychat_mls_received, data_size, 40);
AT(mychat_mls_received, aad, 48);
AT(mychat_mls_received, aad_size, 56);
AT(mychat_mls_received, proposal, 64);
AT(mychat_mls_received, commit, 72);

SIZE(mychat_mls_commit_options, 48);
AT(mychat_mls_commit_options, struct_size, 0);
AT(mychat_mls_commit_options, flags, 4);
AT(mychat_mls_commit_options, proposals, 8);
AT(mychat_mls_commit_options, proposals_size, 16);
AT(mychat_mls_commit_options, aad, 24);
AT(mychat_mls_commit_options, aad_size, 32);
AT(mychat_mls_commit_options, leaf, 40);

SIZE(mychat_mls_record, 32);
AT(mychat_mls_record, struct_size, 0);
AT(mychat_mls_record, is_erased, 4);
AT(mychat_mls_record, id, 8);
AT(mychat_mls_record, content, 16);
AT(mychat_mls_record, content_size, 24);

SIZE(mychat_mls_record_list, 24);
AT(mychat_mls_record_list, struct_size, 0);
AT(mychat_mls_record_list, count, 8);
AT(mychat_mls_record_list, items, 16);
