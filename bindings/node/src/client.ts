import {
  backupKinds, contentTypes, keyFormats, logLevels, policies, presences, scanResults, type BackupKind, type KeyFormat,
  type PolicyFlag, type ScanResult,
} from './enums';
import { ClientCore, type CallOptions } from './core';
import { later, now } from './errors';
import { constant, native, type RawClientOptions } from './native';
import type { ClientOptions, LoginOptions, PageOptions, RegisterOptions, SendOptions } from './options';
import { reveal, Secret, type SecretInput } from './secret';
import * as convert from './convert';
import type {
  Account, Backup, BackupReport, Contact, Conversation, Explanation, Message, MessagePage, NodeInfo, Session, StoreReport,
} from './values';

const nothing = (): void => undefined;

// What the native layer copied of a secret or a message is wiped now, rather than when the options are collected.
function forget(raw: RawClientOptions): void {
  raw.passphrase = '';
  raw.set_store_key(new Uint8Array(constant('MYCHAT_STORE_KEY_SIZE')));
}

function configure(options: ClientOptions): RawClientOptions {
  const raw = new native.mychat_client_options();
  raw.store_path = options.store;
  if (options.passphrase !== undefined) raw.passphrase = reveal(options.passphrase);
  if (options.storeKey !== undefined && !raw.set_store_key(reveal(options.storeKey) as Uint8Array))
    throw new RangeError(`storeKey must have ${constant('MYCHAT_STORE_KEY_SIZE')} bytes`);
  if (options.nodeUrl !== undefined) raw.node_url = options.nodeUrl;
  if (options.caFile !== undefined) raw.ca_file = options.caFile;
  if (options.tlsPins !== undefined) raw.tls_pins = options.tlsPins;
  if (options.connectTimeout !== undefined) raw.connect_timeout_ms = options.connectTimeout;
  if (options.requestTimeout !== undefined) raw.request_timeout_ms = options.requestTimeout;
  if (options.maxQueuedEvents !== undefined) raw.max_queued_events = options.maxQueuedEvents;
  raw.flags =
    (options.allowPlaintext ? constant('MYCHAT_CLIENT_ALLOW_PLAINTEXT') : 0) |
    (options.storeMustExist ? constant('MYCHAT_CLIENT_STORE_MUST_EXIST') : 0) |
    (options.noWebSocket ? constant('MYCHAT_CLIENT_NO_WEBSOCKET') : 0);
  if (options.logLevel !== undefined) raw.log_level = logLevels.value(options.logLevel);
  const { log } = options;
  if (log) raw.set_log((level, component, message) => log(logLevels.name(level), component, message));
  return raw;
}

/**
 * One account on one node, its encrypted local store and its connection. Every method is that of the C ABI without
 * `mychat_client_`, in camelCase. Methods reject with a {@link MyChatError}.
 */
export class Client extends ClientCore {
  /** Open or create the store and make a client over it, offline. Takes some tenths of a second (Argon2id), off the loop. */
  static async create(options: ClientOptions): Promise<Client> {
    const { signal } = options;
    signal?.throwIfAborted();
    const raw = now('create', () => configure(options));
    const made = later('create', () => native.mychat_client_create(raw)).finally(() => forget(raw)).then(
      (handle) => new Client(handle, options.acknowledge !== 'manual'));
    if (!signal) return made;
    return new Promise<Client>((resolve, reject) => {
      const abort = (): void => {
        reject(signal.reason);
        made.then((client) => client.close()).catch(nothing);
      };
      signal.addEventListener('abort', abort, { once: true });
      made.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  // ---- Account

  /** Register this client's user, with a new RSA-4096 key (`'progress'` events tell how far it is), and go online. Save a
   *  backup before relying on the account. */
  register(options: RegisterOptions): Promise<Account> {
    return this.request('register', (handle) => {
      const raw = new native.mychat_register_options();
      raw.username = options.username;
      raw.password = reveal(options.password);
      if (options.email !== undefined) raw.email = options.email;
      if (options.invite !== undefined) raw.invite = options.invite;
      if (options.deviceName !== undefined) raw.device_name = options.deviceName;
      return native.mychat_client_register(handle, raw).finally(() => (raw.password = ''));
    }, ({ account }) => account!, options);
  }

  /** Log in and go online. Without a private key messages arrive unreadable until a backup is imported. */
  login(options: LoginOptions): Promise<Account> {
    return this.request('login', (handle) => {
      const raw = new native.mychat_login_options();
      raw.username = options.username;
      raw.password = reveal(options.password);
      if (options.deviceName !== undefined) raw.device_name = options.deviceName;
      return native.mychat_client_login(handle, raw).finally(() => (raw.password = ''));
    }, ({ account }) => account!, options);
  }

  /** End the session at the node and forget it here. Keys and history stay. */
  logout(options: CallOptions = {}): Promise<void> {
    return this.request('logout', (handle) => native.mychat_client_logout(handle), nothing, options);
  }

  /** Delete the account at the node. The local store stays. */
  deleteAccount(password: SecretInput, options: CallOptions = {}): Promise<void> {
    return this.request('deleteAccount', (handle) => native.mychat_client_delete_account(handle, reveal(password)),
      nothing, options);
  }

  /** Change the account's password at the node; all other sessions end. */
  changePassword(current: SecretInput, next: SecretInput, options: CallOptions = {}): Promise<void> {
    return this.request('changePassword',
      (handle) => native.mychat_client_change_password(handle, reveal(current), reveal(next)), nothing, options);
  }

  /** The account, from the local store. */
  account(): Promise<Account> {
    return this.reading('account', async (handle) => {
      const raw = await native.mychat_client_account(handle);
      return freed(raw, convert.account, native.mychat_account_free);
    });
  }

  /** Set the public profile: what is not given stays, an empty string removes. */
  setProfile(
    profile: { avatarUrl?: string | undefined; statusMessage?: string | undefined }, options: CallOptions = {},
  ): Promise<Account> {
    return this.request('setProfile', (handle) => native.mychat_client_set_profile(
      handle, profile.avatarUrl ?? null, profile.statusMessage ?? null), ({ account }) => account!, options);
  }

  /** Ask the node for the account's sessions. */
  sessions(options: CallOptions = {}): Promise<Session[]> {
    return this.request('sessions', (handle) => native.mychat_client_sessions(handle),
      ({ sessions }) => sessions!, options);
  }

  /** End one session, or all but this one. */
  revokeSession(id?: string, options: CallOptions = {}): Promise<void> {
    return this.request('revokeSession', (handle) => native.mychat_client_revoke_session(handle, id ?? null), nothing,
      options);
  }

  /** Ask the node about itself; no account is needed. */
  nodeInfo(options: CallOptions = {}): Promise<NodeInfo> {
    return this.request('nodeInfo', (handle) => native.mychat_client_node_info(handle),
      ({ nodeInfo }) => nodeInfo!, options);
  }

  /** Set the policy: these flags and no others. */
  setPolicy(flags: readonly PolicyFlag[]): Promise<void> {
    const bits = flags.reduce((sum, flag) => sum | policies.value(flag), 0);
    return this.local('setPolicy', (handle) => native.mychat_client_set_policy(handle, bits));
  }

  /** Read the policy. */
  async policy(): Promise<PolicyFlag[]> {
    const bits = await this.reading('policy', (handle) => native.mychat_client_policy(handle));
    return policies.names.filter((flag) => (bits & policies.value(flag)) !== 0);
  }

  // ---- Messages

  /** Put a message into the outbox; it is sent once, in order, as soon as the node can be reached, also after a restart.
   *  @returns Its id. */
  send(options: SendOptions): Promise<string> {
    return this.#send('send', options);
  }

  #send(operation: string, options: SendOptions): Promise<string> {
    return this.local(operation, (handle) => {
      const raw = new native.mychat_send_options();
      raw.recipient = options.recipient;
      const usual = typeof options.data === 'string' ? 'text' : 'file';
      raw.content_type = contentTypes.value(options.contentType ?? usual);
      if (options.messageId !== undefined) raw.message_id = options.messageId;
      raw.set_data(options.data);
      return native.mychat_client_send(handle, raw).finally(() => raw.set_data(''));
    });
  }

  /** {@link Client.send} of a text. */
  sendText(recipient: string, text: string, options: { messageId?: string | undefined } = {}): Promise<string> {
    if (options.messageId !== undefined) return this.#send('sendText', { recipient, data: text, messageId: options.messageId });
    return this.local('sendText', (handle) => native.mychat_client_send_text(handle, recipient, text));
  }

  /** Send a failed message again. */
  retry(messageId: string): Promise<void> {
    return this.local('retry', (handle) => native.mychat_client_retry(handle, messageId));
  }

  /** A page of a conversation from the local store, newest first. */
  history(peer: string, { before = 0, limit = 50 }: PageOptions = {}): Promise<MessagePage> {
    return this.reading('history', async (handle) => freed(
      await native.mychat_client_history(handle, peer, before, limit), convert.messagePage, native.mychat_message_list_free));
  }

  /** Search the local history for text, without regard to case, newest first. */
  search(
    query: string, { peer, before = 0, limit = 50 }: PageOptions & { peer?: string | undefined } = {},
  ): Promise<MessagePage> {
    return this.reading('search', async (handle) => freed(
      await native.mychat_client_search(handle, query, peer ?? null, before, limit), convert.messagePage,
      native.mychat_message_list_free));
  }

  /** One message of the local store. */
  message(messageId: string): Promise<Message> {
    return this.reading('message', async (handle) => freed(
      await native.mychat_client_message(handle, messageId), convert.message, native.mychat_message_free));
  }

  /** Mark the received messages of a conversation read: all, or up to and with one. */
  markRead(peer: string, messageId?: string): Promise<void> {
    return this.local('markRead', (handle) => native.mychat_client_mark_read(handle, peer, messageId ?? null));
  }

  /** Why a message could not be read or sent, and what repairs it. */
  explain(messageId: string): Promise<Explanation> {
    return this.reading('explain', async (handle) => freed(
      await native.mychat_client_explain(handle, messageId), convert.explanation, native.mychat_explanation_free));
  }

  // ---- Contacts, conversations, notices

  /** Add a user to the contact list and fetch the user's keys. */
  addContact(handle: string, options: { nickname?: string | undefined } & CallOptions = {}): Promise<Contact> {
    return this.request('addContact', (client) => native.mychat_client_add_contact(client, handle, options.nickname ?? null),
      ({ contact }) => contact!, options);
  }

  /** Remove a contact. History and the accepted key stay. */
  removeContact(handle: string, options: CallOptions = {}): Promise<void> {
    return this.request('removeContact', (client) => native.mychat_client_remove_contact(client, handle), nothing, options);
  }

  /** Ask the node for a user's profile and keys, and note a changed key. */
  lookup(handle: string, options: CallOptions = {}): Promise<Contact> {
    return this.request('lookup', (client) => native.mychat_client_lookup(client, handle),
      ({ contact }) => contact!, options);
  }

  /** The contact list, from the local store. */
  contacts(): Promise<Contact[]> {
    return this.reading('contacts', async (handle) => freed(
      await native.mychat_client_contacts(handle), convert.contacts, native.mychat_contact_list_free));
  }

  /** One contact or known peer, from the local store. */
  contact(handle: string): Promise<Contact> {
    return this.reading('contact', async (client) => freed(
      await native.mychat_client_contact(client, handle), convert.contact, native.mychat_contact_free));
  }

  /** The conversations, from the local store, the latest first. */
  conversations(): Promise<Conversation[]> {
    return this.reading('conversations', async (handle) => freed(
      await native.mychat_client_conversations(handle), convert.conversations, native.mychat_conversation_list_free));
  }

  /** Tell a peer that this user is typing, or no longer. Sent once if connected. */
  setTyping(peer: string, isTyping: boolean): Promise<void> {
    return this.local('setTyping', (handle) => native.mychat_client_set_typing(handle, peer, isTyping));
  }

  /** Set this user's presence, kept over reconnections until the client closes. */
  setPresence(status: 'online' | 'away'): Promise<void> {
    return this.local('setPresence', async (handle) => native.mychat_client_set_presence(handle, presences.value(status)));
  }

  // ---- Keys

  /** This account's public identity key. */
  publicKey(format: KeyFormat = 'pem'): Promise<string> {
    return this.reading('publicKey', (handle) => native.mychat_client_public_key(handle, keyFormats.value(format)));
  }

  /** This account's private identity key, in the clear. Prefer a backup. */
  exportPrivateKey(format: KeyFormat = 'pem'): Promise<Secret> {
    return this.reading('exportPrivateKey', async (handle) => new Secret(
      await native.mychat_client_export_private_key(handle, keyFormats.value(format))));
  }

  /** Give a private identity key to a client that has none. */
  importPrivateKey(key: SecretInput): Promise<void> {
    return this.local('importPrivateKey', (handle) => native.mychat_client_import_private_key(handle, reveal(key)));
  }

  /** Safety number of this user and a contact: 60 digits, the same on both sides. */
  safetyNumber(handle: string): Promise<string> {
    return this.reading('safetyNumber', (client) => native.mychat_client_safety_number(client, handle));
  }

  /** The same as the text of a QR code, for the other side to scan. */
  safetyQr(handle: string): Promise<string> {
    return this.reading('safetyQr', (client) => native.mychat_client_safety_qr(client, handle));
  }

  /** Compare a code scanned from the contact's screen. It changes nothing; call {@link Client.setVerified} then. */
  async compareSafetyQr(handle: string, scanned: string): Promise<ScanResult> {
    return scanResults.name(await this.reading('compareSafetyQr',
      (client) => native.mychat_client_compare_safety_qr(client, handle, scanned)));
  }

  /** Mark a contact's accepted key, given by its fingerprint, as verified by the user, or no longer. */
  setVerified(handle: string, fingerprint: string, verified: boolean): Promise<void> {
    return this.local('setVerified', (client) => native.mychat_client_set_verified(client, handle, fingerprint, verified));
  }

  /** Accept a contact's changed key, given by its fingerprint. Messages waiting for it are sent. */
  acceptKey(handle: string, fingerprint: string): Promise<void> {
    return this.local('acceptKey', (client) => native.mychat_client_accept_key(client, handle, fingerprint));
  }

  /** Make a new identity key and announce it to contacts. The account's password is needed when the old key is not here. */
  rotateIdentity(options: { password?: SecretInput | undefined } & CallOptions = {}): Promise<Account> {
    return this.request('rotateIdentity', (handle) => native.mychat_client_rotate_identity(
      handle, options.password === undefined ? null : reveal(options.password)),
    ({ account }) => account!, options);
  }

  /** Make a key backup. Takes about a second, off the loop. */
  exportBackup(password: SecretInput, { kind = 'full' }: { kind?: BackupKind | undefined } = {}): Promise<Backup> {
    return this.local('exportBackup', async (handle) => freed(
      await native.mychat_client_export_backup(handle, reveal(password), backupKinds.value(kind)), convert.backup,
      native.mychat_backup_free));
  }

  /** Restore a backup into a client that has no identity, or whose identity is the same. All or nothing. */
  importBackup(data: Uint8Array, password: SecretInput): Promise<BackupReport> {
    return this.local('importBackup', async (handle) => freed(
      await native.mychat_client_import_backup(handle, data, reveal(password)), convert.backupReport,
      native.mychat_backup_report_free));
  }

  /** Prove a backup against this client: restore it into a scratch store, and say what would be lost. */
  verifyBackup(data: Uint8Array, password: SecretInput): Promise<BackupReport> {
    return this.reading('verifyBackup', async (handle) => freed(
      await native.mychat_verify_backup(handle, data, reveal(password)), convert.backupReport,
      native.mychat_backup_report_free));
  }

  // ---- Store

  /** Check the open store: SQLite's own check, and every sealed value. */
  checkStore(): Promise<StoreReport> {
    return this.reading('checkStore', async (handle) => freed(
      await native.mychat_client_check_store(handle), convert.storeReport, native.mychat_store_report_free));
  }

  /** Copy the open store to a file that does not exist; it is opened by the same passphrase. */
  backupStore(path: string): Promise<void> {
    return this.local('backupStore', (handle) => native.mychat_client_backup_store(handle, path));
  }

  /** Replace the passphrase of the store. */
  changePassphrase(passphrase: SecretInput): Promise<void> {
    return this.local('changePassphrase', (handle) => native.mychat_client_change_passphrase(handle, reveal(passphrase)));
  }
}

// Copies what came out, and frees it now rather than with the next collection.
function freed<R, T>(raw: R, copy: (raw: R) => T, free: (raw: R) => void): T {
  try {
    return copy(raw);
  } finally {
    free(raw);
  }
}
