/* What the library hands out, as plain objects: C fields in camelCase, 0 and 1 as booleans, times as Date (null when not
 * known). They are copies and stay valid. */
import {
  connectionStates, contentTypes, directions, messageStatuses, operations, presences, repairs, statuses, trusts,
  verifications, type ConnectionState, type ContentType, type Direction, type MessageStatus, type Operation,
  type PresenceStatus, type Repair, type Status, type Trust, type Verification,
} from './enums';
import { MyChatError } from './errors';
import type {
  RawAccount, RawBackup, RawBackupReport, RawCompletion, RawConnection, RawContact, RawConversation, RawError, RawEvent,
  RawExplanation,
  RawList, RawMessage, RawMessageList, RawNodeInfo, RawSession, RawStoreReport,
} from './native';

/** The account of a client. */
export interface Account {
  /** A session is stored. */
  loggedIn: boolean;
  /** The private key is here. */
  hasIdentity: boolean;
  /** A signing key is here and certified. */
  signsMessages: boolean;
  /** `username@domain`; empty before registration or login. */
  handle: string;
  userId: string;
  nodeUrl: string;
  /** Of the identity key; empty without one. */
  fingerprint: string;
  avatarUrl: string;
  statusMessage: string;
  /** When the last key backup was exported. */
  backupAt: Date | null;
}

/** A contact, or another user that was looked up. */
export interface Contact {
  handle: string;
  nickname: string;
  trust: Trust;
  /** Of the accepted key; empty when no key is known. */
  fingerprint: string;
  /** Of the new key when `trust` is `'changed'`. */
  pendingFingerprint: string;
  /** The old key signed the rotation to the pending one. */
  pendingVouched: boolean;
  /** Messages should be signed: a certified signing key is known. */
  signsMessages: boolean;
  /** In the contact list; else a peer that was only written with. */
  isContact: boolean;
  avatarUrl: string;
  statusMessage: string;
  addedAt: Date | null;
  lastMessageAt: Date | null;
}

/** A conversation. */
export interface Conversation {
  peer: string;
  /** Received messages not yet marked read. */
  unread: number;
  /** Empty when none. */
  lastMessageId: string;
  lastMessageAt: Date | null;
}

/** A message. */
export interface Message {
  id: string;
  /** Handle of the other party: the conversation. */
  peer: string;
  sender: string;
  direction: Direction;
  /** Place in this store's order of arrival. */
  position: number;
  contentType: ContentType;
  status: MessageStatus;
  verification: Verification;
  /** `data` holds the plaintext. */
  readable: boolean;
  data: Buffer;
  /** `data` as text when it is readable text without NULs. */
  text: string | null;
  /** The sender's clock. */
  sentAt: Date | null;
  /** When the node accepted it. */
  createdAt: Date | null;
  deliveredAt: Date | null;
  readAt: Date | null;
  /** Why it is unreadable or failed. */
  failure: Status | null;
}

/** A page of messages, newest first. */
export interface MessagePage {
  messages: Message[];
  hasMore: boolean;
  /** What to pass as `before` for the next page. */
  nextBefore: number;
}

/** A session of the account. */
export interface Session {
  id: string;
  /** This client's own. */
  current: boolean;
  deviceName: string;
  createdAt: Date | null;
  /** Rounded to about a minute by the node. */
  lastUsed: Date | null;
}

/** What a node says of itself. */
export interface NodeInfo {
  domain: string;
  version: string;
  registrationOpen: boolean;
  federationEnabled: boolean;
  /** It has a mailbox; else it is a plain v1 node, which is polled. */
  extended: boolean;
  currentUsers: number;
  maxUsers: number;
  uptimeSeconds: number;
  /** Most bytes of one message's ciphertext. */
  maxMessageSize: number;
  capabilities: string[];
}

/** Why a message could not be read or sent, and what repairs it. */
export interface Explanation {
  cause: Status | null;
  repair: Repair;
  attempts: number;
  retryAt: Date | null;
  /** English sentences for a person. */
  description: string;
}

/** What a check of the store found. */
export interface StoreReport {
  healthy: boolean;
  valuesChecked: number;
  problems: string[];
}

/** A backup archive. */
export interface Backup {
  /** A ZIP file. Save it with mode 0600. */
  data: Buffer;
  /** The name it should be saved under. */
  fileName: string;
}

/** What a backup holds, or would lose. */
export interface BackupReport {
  hasV1Members: boolean;
  hasSealedMember: boolean;
  hasSigningKey: boolean;
  /** Empty when the archive does not say. */
  handle: string;
  fingerprint: string;
  createdAt: Date | null;
  contacts: number;
  verifiedContacts: number;
  /** Its key is the client's own; null when there is nothing to compare. */
  matchesAccount: boolean | null;
  /** English sentences: what a restore would not bring back. */
  losses: string[];
}

/** The connection changed. */
export interface Connection {
  state: ConnectionState;
  /** Why, when something failed. */
  error: MyChatError | null;
  /** The next attempt. */
  retryAt: Date | null;
}

/** A long request goes on. */
export interface Progress {
  operation: Operation;
  /** While keys are made: 0 to 2. */
  primesFound: number;
  /** Candidates tested so far. */
  candidates: number;
}

/** A peer types. */
export interface Typing {
  peer: string;
  isTyping: boolean;
}

/** A contact's presence. */
export interface Presence {
  peer: string;
  status: PresenceStatus;
  lastSeen: Date | null;
}

/** What every event has. */
export interface EventBase {
  /** Number in the durable journal; 0 when it is not in it. */
  seq: number;
  /** When it was made here. */
  time: Date;
}

/** An event. */
export type ClientEvent = EventBase & (
  | { type: 'message' | 'messageStatus'; message: Message }
  | { type: 'connection' | 'sessionEnded'; connection: Connection }
  | { type: 'progress'; progress: Progress }
  | { type: 'typing'; typing: Typing }
  | { type: 'presence'; presence: Presence }
  | { type: 'contact' | 'keyChanged'; contact: Contact }
);

const date = (milliseconds: number): Date | null => (milliseconds === 0 ? null : new Date(milliseconds));
const failure = (status: number): Status | null => (status === 0 ? null : statuses.name(status));

/** @internal */
export function account(raw: RawAccount): Account {
  return {
    loggedIn: raw.logged_in === 1,
    hasIdentity: raw.has_identity === 1,
    signsMessages: raw.signs_messages === 1,
    handle: raw.handle,
    userId: raw.user_id,
    nodeUrl: raw.node_url,
    fingerprint: raw.fingerprint,
    avatarUrl: raw.avatar_url,
    statusMessage: raw.status_message,
    backupAt: date(raw.backup_at),
  };
}

/** @internal */
export function contact(raw: RawContact): Contact {
  return {
    handle: raw.handle,
    nickname: raw.nickname,
    trust: trusts.name(raw.trust),
    fingerprint: raw.fingerprint,
    pendingFingerprint: raw.pending_fingerprint,
    pendingVouched: raw.pending_vouched === 1,
    signsMessages: raw.signs_messages === 1,
    isContact: raw.is_contact === 1,
    avatarUrl: raw.avatar_url,
    statusMessage: raw.status_message,
    addedAt: date(raw.added_at),
    lastMessageAt: date(raw.last_message_at),
  };
}

/** @internal */
export function contacts(raw: RawList<RawContact>): Contact[] {
  return raw.items.map(contact);
}

/** @internal */
export function conversations(raw: RawList<RawConversation>): Conversation[] {
  return raw.items.map((item) => ({
    peer: item.peer,
    unread: item.unread,
    lastMessageId: item.last_message_id,
    lastMessageAt: date(item.last_message_at),
  }));
}

/** @internal */
export function message(raw: RawMessage): Message {
  const text = raw.text;
  return {
    id: raw.id,
    peer: raw.peer,
    sender: raw.sender,
    direction: directions.name(raw.direction),
    position: raw.position,
    contentType: contentTypes.name(raw.content_type),
    status: messageStatuses.name(raw.status),
    verification: verifications.name(raw.verification),
    readable: raw.readable === 1,
    // The same bytes; JavaScript encodes a text faster than it copies from outside.
    data: text === null ? raw.data : Buffer.from(text, 'utf8'),
    text,
    sentAt: date(raw.sent_at),
    createdAt: date(raw.created_at),
    deliveredAt: date(raw.delivered_at),
    readAt: date(raw.read_at),
    failure: failure(raw.failure),
  };
}

/** @internal */
export function messagePage(raw: RawMessageList): MessagePage {
  return { messages: raw.items.map(message), hasMore: raw.has_more === 1, nextBefore: raw.next_before };
}

/** @internal */
export function sessions(raw: RawList<RawSession>): Session[] {
  return raw.items.map((item) => ({
    id: item.id,
    current: item.current === 1,
    deviceName: item.device_name,
    createdAt: date(item.created_at),
    lastUsed: date(item.last_used),
  }));
}

/** @internal */
export function nodeInfo(raw: RawNodeInfo): NodeInfo {
  return {
    domain: raw.domain,
    version: raw.version,
    registrationOpen: raw.registration_open === 1,
    federationEnabled: raw.federation_enabled === 1,
    extended: raw.extended === 1,
    currentUsers: raw.current_users,
    maxUsers: raw.max_users,
    uptimeSeconds: raw.uptime_seconds,
    maxMessageSize: raw.max_message_size,
    capabilities: raw.capabilities.split(' ').filter((name) => name !== ''),
  };
}

/** @internal */
export function explanation(raw: RawExplanation): Explanation {
  return {
    cause: failure(raw.cause),
    repair: repairs.name(raw.repair),
    attempts: raw.attempts,
    retryAt: date(raw.retry_at),
    description: raw.description,
  };
}

/** @internal */
export function storeReport(raw: RawStoreReport): StoreReport {
  return { healthy: raw.healthy === 1, valuesChecked: raw.values_checked, problems: [...raw.problems] };
}

/** @internal */
export function backup(raw: RawBackup): Backup {
  return { data: raw.data, fileName: raw.file_name };
}

/** @internal */
export function backupReport(raw: RawBackupReport): BackupReport {
  return {
    hasV1Members: raw.has_v1_members === 1,
    hasSealedMember: raw.has_sealed_member === 1,
    hasSigningKey: raw.has_signing_key === 1,
    handle: raw.handle,
    fingerprint: raw.fingerprint,
    createdAt: date(raw.created_at),
    contacts: raw.contacts,
    verifiedContacts: raw.verified_contacts,
    matchesAccount: raw.matches_account === -1 ? null : raw.matches_account === 1,
    losses: [...raw.losses],
  };
}

/** @internal A completion, and what it carries. */
export interface Completed {
  operation: Operation;
  error: RawError | null;
  retryAfter: number;
  account: Account | null;
  contact: Contact | null;
  sessions: Session[] | null;
  nodeInfo: NodeInfo | null;
}

/** @internal */
export function completed(raw: RawCompletion): Completed {
  const { error } = raw;
  const failed = error.status !== 0;
  const [accountOf, contactOf, list, info] = failed ? [] : [raw.account, raw.contact, raw.sessions, raw.node_info];
  return {
    operation: operations.name(raw.operation),
    error: failed
      ? { status: error.status, domain: error.domain, detail: error.detail, retryable: error.retryable, message: error.message }
      : null,
    retryAfter: raw.retry_after_ms,
    account: accountOf ? account(accountOf) : null,
    contact: contactOf ? contact(contactOf) : null,
    sessions: list ? sessions(list) : null,
    nodeInfo: info ? nodeInfo(info) : null,
  };
}

function connection(raw: RawConnection): Connection {
  const error = raw.error;
  return {
    state: connectionStates.name(raw.state),
    error: error.status === 0 ? null : new MyChatError(error, 'connection'),
    retryAt: date(raw.retry_at),
  };
}

/** @internal Completions are not for here; null for a kind that this package does not know. */
export function event(raw: RawEvent, type: string): ClientEvent | null {
  const base = { seq: raw.seq, time: new Date(raw.time) };
  switch (type) {
    case 'message':
    case 'messageStatus':
      return { ...base, type, message: message(raw.message) };
    case 'connection':
    case 'sessionEnded':
      return { ...base, type, connection: connection(raw.connection) };
    case 'progress': {
      const progress = raw.progress;
      return {
        ...base,
        type,
        progress: {
          operation: operations.name(progress.operation),
          primesFound: progress.primes_found,
          candidates: progress.candidates,
        },
      };
    }
    case 'typing':
      return { ...base, type, typing: { peer: raw.typing.peer, isTyping: raw.typing.is_typing === 1 } };
    case 'presence': {
      const presence = raw.presence;
      return {
        ...base,
        type,
        presence: { peer: presence.peer, status: presences.name(presence.status), lastSeen: date(presence.last_seen) },
      };
    }
    case 'contact':
    case 'keyChanged':
      return { ...base, type, contact: contact(raw.contact) };
    default:
      return null;
  }
}
