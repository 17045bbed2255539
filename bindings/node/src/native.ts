/* The layer that SWIG generates from include/mychat, as TypeScript sees it. Nothing here is public. */
import { join } from 'node:path';

import type { NativeMls, RawList } from './native_mls';

export type { RawList } from './native_mls';

/** @internal */
export interface RawError {
  readonly status: number;
  readonly domain: number;
  readonly detail: number;
  readonly retryable: number;
  readonly message: string;
}
/** @internal */
export interface RawAccount {
  readonly logged_in: number;
  readonly has_identity: number;
  readonly signs_messages: number;
  readonly handle: string;
  readonly user_id: string;
  readonly node_url: string;
  readonly fingerprint: string;
  readonly avatar_url: string;
  readonly status_message: string;
  readonly backup_at: number;
}
/** @internal */
export interface RawContact {
  readonly trust: number;
  readonly handle: string;
  readonly nickname: string;
  readonly fingerprint: string;
  readonly pending_fingerprint: string;
  readonly pending_vouched: number;
  readonly signs_messages: number;
  readonly is_contact: number;
  readonly avatar_url: string;
  readonly status_message: string;
  readonly added_at: number;
  readonly last_message_at: number;
}
/** @internal */
export interface RawConversation {
  readonly unread: number;
  readonly peer: string;
  readonly last_message_id: string;
  readonly last_message_at: number;
}
/** @internal */
export interface RawMessage {
  readonly direction: number;
  readonly id: string;
  readonly peer: string;
  readonly sender: string;
  readonly position: number;
  readonly content_type: number;
  readonly status: number;
  readonly verification: number;
  readonly readable: number;
  readonly data: Buffer;
  readonly text: string | null;
  readonly sent_at: number;
  readonly created_at: number;
  readonly delivered_at: number;
  readonly read_at: number;
  readonly failure: number;
}
/** @internal */
export interface RawSession {
  readonly current: number;
  readonly id: string;
  readonly device_name: string;
  readonly created_at: number;
  readonly last_used: number;
}
/** @internal */
export interface RawNodeInfo {
  readonly registration_open: number;
  readonly domain: string;
  readonly version: string;
  readonly federation_enabled: number;
  readonly extended: number;
  readonly current_users: number;
  readonly max_users: number;
  readonly uptime_seconds: number;
  readonly max_message_size: number;
  readonly capabilities: string;
}
/** @internal */
export interface RawMessageList extends RawList<RawMessage> {
  readonly has_more: number;
  readonly next_before: number;
}
/** @internal */
export interface RawExplanation {
  readonly cause: number;
  readonly repair: number;
  readonly attempts: number;
  readonly retry_at: number;
  readonly description: string;
}
/** @internal */
export interface RawStoreReport {
  readonly healthy: number;
  readonly values_checked: number;
  readonly problems: readonly string[];
}
/** @internal */
export interface RawBackup {
  readonly data: Buffer;
  readonly file_name: string;
}
/** @internal */
export interface RawBackupReport {
  readonly has_v1_members: number;
  readonly has_sealed_member: number;
  readonly has_signing_key: number;
  readonly handle: string;
  readonly fingerprint: string;
  readonly created_at: number;
  readonly contacts: number;
  readonly verified_contacts: number;
  readonly matches_account: number;
  readonly losses: readonly string[];
}
/** @internal */
export interface RawConnection {
  readonly state: number;
  readonly error: RawError;
  readonly retry_at: number;
}
/** @internal */
export interface RawCompletion {
  readonly operation: number;
  readonly request: number;
  readonly error: RawError;
  readonly retry_after_ms: number;
  readonly account: RawAccount | null;
  readonly contact: RawContact | null;
  readonly sessions: RawList<RawSession> | null;
  readonly node_info: RawNodeInfo | null;
}
/** @internal */
export interface RawEvent {
  readonly type: number;
  readonly seq: number;
  readonly time: number;
  readonly completion: RawCompletion;
  readonly connection: RawConnection;
  readonly progress: { operation: number; request: number; primes_found: number; candidates: number };
  readonly message: RawMessage;
  readonly typing: { is_typing: number; peer: string };
  readonly presence: { status: number; peer: string; last_seen: number };
  readonly contact: RawContact;
}

type Text = string | Uint8Array;
type Bytes = string | Uint8Array;

/** @internal An opaque client: only the collector frees it. */
export interface RawClient {
  close_now(): void;
}
/** @internal */
export interface RawClientOptions {
  flags: number;
  store_path: string;
  passphrase: Text;
  node_url: string;
  ca_file: string;
  tls_pins: string;
  connect_timeout_ms: number;
  request_timeout_ms: number;
  log_level: number;
  max_queued_events: number;
  set_store_key(key: Uint8Array): boolean;
  set_log(log: (level: number, component: string, message: string) => void): void;
}
/** @internal */
export interface RawRegisterOptions {
  username: string;
  password: Text;
  email: string | null;
  invite: string | null;
  device_name: string | null;
}
/** @internal */
export interface RawLoginOptions {
  username: string;
  password: Text;
  device_name: string | null;
}
/** @internal */
export interface RawSendOptions {
  content_type: number;
  recipient: string;
  message_id: string | null;
  set_data(data: Bytes): boolean;
}
/** @internal */
export interface RawWatcher {
  close(): void;
  ref(): void;
  unref(): void;
  pause(): void;
  resume(): void;
}

/** @internal */
export interface RawFederationNode { readonly node: unique symbol }
/** @internal */
export interface RawHandshake { readonly handshake: unique symbol }
/** @internal */
export interface RawFederationOptions {
  flags: number; domain: string; api_url: string; capabilities: string | null; ca_file: string | null; began_at: number;
  max_message_size: number; max_transaction_items: number; max_transaction_bytes: number;
}
/** @internal */
export interface RawDocumentOptions {
  sequence: number; issued_at: number; valid_until: number; next_key: string | null; previous: string | null;
}
interface RawPeerLimits {
  readonly max_message_size: number; readonly max_transaction_items: number; readonly max_transaction_bytes: number;
}
/** @internal */
export interface RawDocument extends RawPeerLimits {
  readonly continuity: number; readonly domain: string; readonly api_url: string; readonly key: string; readonly key_id: string;
  readonly next_key: string; readonly capabilities: string; readonly protocol: number; readonly rotations: number;
  readonly sequence: number; readonly issued_at: number; readonly valid_until: number; readonly clock_ahead: number;
  readonly json: string; readonly known: string;
}
/** @internal */
export interface RawAgreement extends RawPeerLimits {
  readonly protocol: number; readonly peer: string; readonly capabilities: string; readonly confirm: string;
  readonly clock_ahead: number; readonly known: string;
}

/** @internal */
export interface Native extends NativeMls {
  readonly MYCHAT_MLS_NO_LEAF: number;
  readonly MYCHAT_MLS_PSK_MAX_SIZE: number;
  readonly MYCHAT_MLS_DEFAULT_SUITE: number;
  readonly MYCHAT_MLS_HYBRID_SUITE: number;
  readonly MYCHAT_MLS_ACCOUNT_KEY_SIZE: number;
  readonly Watcher: new (fd: number, readable: () => void) => RawWatcher;
  readonly mychat_client_options: new () => RawClientOptions;
  readonly mychat_register_options: new () => RawRegisterOptions;
  readonly mychat_login_options: new () => RawLoginOptions;
  readonly mychat_send_options: new () => RawSendOptions;
  readonly mychat_federation_options: new () => RawFederationOptions;
  readonly mychat_federation_document_options: new () => RawDocumentOptions;

  mychat_version_number(): number;
  mychat_version_string(): string;
  mychat_build_info(): string;
  mychat_status_name(status: number): string;
  mychat_event_type_name(type: number): string;
  mychat_public_key_convert(key: Text, format: number): string;
  mychat_fingerprint(key: Text, form: number): string;
  mychat_verify_backup(client: RawClient | null, data: Bytes, password: Text): Promise<RawBackupReport>;
  mychat_backup_change_password(data: Bytes, password: Text, newPassword: Text): Promise<RawBackup>;

  mychat_client_create(options: RawClientOptions): Promise<RawClient>;
  mychat_client_start(client: RawClient): void;
  mychat_client_stop(client: RawClient): Promise<void>;
  mychat_client_close(client: RawClient): Promise<void>;
  mychat_client_event_fd(client: RawClient): number;
  mychat_client_ack(client: RawClient, seq: number): Promise<void>;
  mychat_client_rewind(client: RawClient): Promise<void>;
  mychat_js_take(client: RawClient, most: number): Promise<RawEvent[]>;
  mychat_client_cancel(client: RawClient, request: number): void;

  mychat_client_register(client: RawClient, options: RawRegisterOptions): Promise<number>;
  mychat_client_login(client: RawClient, options: RawLoginOptions): Promise<number>;
  mychat_client_logout(client: RawClient): Promise<number>;
  mychat_client_delete_account(client: RawClient, password: Text): Promise<number>;
  mychat_client_change_password(client: RawClient, current: Text, next: Text): Promise<number>;
  mychat_client_account(client: RawClient): Promise<RawAccount>;
  mychat_client_set_profile(client: RawClient, avatar: string | null, message: string | null): Promise<number>;
  mychat_client_sessions(client: RawClient): Promise<number>;
  mychat_client_revoke_session(client: RawClient, id: string | null): Promise<number>;
  mychat_client_node_info(client: RawClient): Promise<number>;
  mychat_client_set_policy(client: RawClient, flags: number): Promise<void>;
  mychat_client_policy(client: RawClient): Promise<number>;
  mychat_client_check_store(client: RawClient): Promise<RawStoreReport>;
  mychat_client_backup_store(client: RawClient, path: string): Promise<void>;
  mychat_client_change_passphrase(client: RawClient, passphrase: Text): Promise<void>;

  mychat_client_send(client: RawClient, options: RawSendOptions): Promise<string>;
  mychat_client_send_text(client: RawClient, recipient: string, text: string): Promise<string>;
  mychat_client_retry(client: RawClient, id: string): Promise<void>;
  mychat_client_history(client: RawClient, peer: string, before: number, limit: number): Promise<RawMessageList>;
  mychat_client_search(
    client: RawClient, query: string, peer: string | null, before: number, limit: number): Promise<RawMessageList>;
  mychat_client_message(client: RawClient, id: string): Promise<RawMessage>;
  mychat_client_mark_read(client: RawClient, peer: string, id: string | null): Promise<void>;
  mychat_client_explain(client: RawClient, id: string): Promise<RawExplanation>;

  mychat_client_add_contact(client: RawClient, handle: string, nickname: string | null): Promise<number>;
  mychat_client_remove_contact(client: RawClient, handle: string): Promise<number>;
  mychat_client_lookup(client: RawClient, handle: string): Promise<number>;
  mychat_client_contacts(client: RawClient): Promise<RawList<RawContact>>;
  mychat_client_contact(client: RawClient, handle: string): Promise<RawContact>;
  mychat_client_conversations(client: RawClient): Promise<RawList<RawConversation>>;
  mychat_client_set_typing(client: RawClient, peer: string, typing: boolean): Promise<void>;
  mychat_client_set_presence(client: RawClient, status: number): void;

  mychat_client_public_key(client: RawClient, format: number): Promise<string>;
  mychat_client_export_private_key(client: RawClient, format: number): Promise<string>;
  mychat_client_import_private_key(client: RawClient, key: Text): Promise<void>;
  mychat_client_safety_number(client: RawClient, handle: string): Promise<string>;
  mychat_client_safety_qr(client: RawClient, handle: string): Promise<string>;
  mychat_client_compare_safety_qr(client: RawClient, handle: string, scanned: string): Promise<number>;
  mychat_client_set_verified(client: RawClient, handle: string, fingerprint: string, verified: boolean): Promise<void>;
  mychat_client_accept_key(client: RawClient, handle: string, fingerprint: string): Promise<void>;
  mychat_client_export_backup(client: RawClient, password: Text, kind: number): Promise<RawBackup>;
  mychat_client_import_backup(client: RawClient, data: Bytes, password: Text): Promise<RawBackupReport>;
  mychat_client_rotate_identity(client: RawClient, password: Text | null): Promise<number>;

  mychat_federation_new_key(): Buffer;
  mychat_federation_public_key(key: Bytes): string;
  mychat_federation_node_create(options: RawFederationOptions, key: Bytes): RawFederationNode;
  mychat_federation_sign_document(node: RawFederationNode, options: RawDocumentOptions, previousKey: Bytes): string;
  mychat_federation_verify_document(json: string, domain: string, known: string | null, flags: number, now: number): RawDocument;
  mychat_federation_discover(
    node: RawFederationNode, domain: string, known: string | null, timeout: number, now: number): Promise<RawDocument>;
  mychat_federation_handshake_begin(node: RawFederationNode, peer: string, now: number): RawHandshake;
  mychat_federation_hello_origin(node: RawFederationNode, hello: string): string;
  mychat_federation_handshake_answer(
    node: RawFederationNode, hello: string, document: string, known: string, now: number): RawHandshake;
  mychat_federation_handshake_finish(
    handshake: RawHandshake, welcome: string, document: string, known: string, now: number): RawAgreement;
  mychat_federation_handshake_confirm(handshake: RawHandshake, confirm: string, known: string, now: number): RawAgreement;
  mychat_federation_handshake_id(handshake: RawHandshake): string;
  mychat_federation_handshake_message(handshake: RawHandshake): string;
  mychat_federation_confirm_id(confirm: string): string;
  mychat_federation_sign_request(
    node: RawFederationNode, destination: string, method: string, uri: string, body: Bytes, now: number): string;
  mychat_federation_request_origin(headers: string): string;
  mychat_federation_verify_request(
    node: RawFederationNode, method: string, uri: string, headers: string, body: Bytes, known: string, now: number): void;
  mychat_federation_sign_response(
    node: RawFederationNode, method: string, uri: string, requestHeaders: string, status: number, body: Bytes,
    now: number): string;
  mychat_federation_verify_response(
    method: string, uri: string, requestHeaders: string, status: number, headers: string, body: Bytes, known: string,
    now: number): void;
  mychat_federation_judge(mode: number, allowed: string, blocked: string, domain: string): number;
  mychat_federation_address_kind(address: string): string;
  mychat_js_free_node(freed: RawFederationNode): void;
  mychat_js_free_handshake(freed: RawHandshake): void;
  mychat_federation_document_free(freed: RawDocument): void;
  mychat_federation_agreement_free(freed: RawAgreement): void;

  mychat_account_free(freed: RawAccount): void;
  mychat_backup_free(freed: RawBackup): void;
  mychat_backup_report_free(freed: RawBackupReport): void;
  mychat_contact_free(freed: RawContact): void;
  mychat_contact_list_free(freed: RawList<RawContact>): void;
  mychat_conversation_list_free(freed: RawList<RawConversation>): void;
  mychat_event_free(freed: RawEvent): void;
  mychat_explanation_free(freed: RawExplanation): void;
  mychat_message_free(freed: RawMessage): void;
  mychat_message_list_free(freed: RawMessageList): void;
  mychat_store_report_free(freed: RawStoreReport): void;
}

// Finds prebuilds/PLATFORM-ARCH/*.node, or build/Release/*.node where the package was built on this machine.
const load = require('node-gyp-build') as (root: string) => Native;

/** @internal */
export const native: Native = load(join(__dirname, '..'));

/** @internal The value of a C constant; a name that the library does not have is a fault of this package. */
export function constant(name: string): number {
  const value = (native as unknown as Record<string, unknown>)[name];
  if (typeof value !== 'number') throw new Error(`The library has no ${name}`);
  return value;
}
