/* The native layer's structs as the objects of values.ts. */
import {
  connectionStates, contentTypes, directions, messageStatuses, operations, presences, repairs, statuses, trusts, verifications,
  type Operation, type Status,
} from './enums';
import { MyChatError } from './errors';
import type {
  RawAccount, RawBackup, RawBackupReport, RawCompletion, RawConnection, RawContact, RawConversation, RawError, RawEvent,
  RawExplanation, RawList, RawMessage, RawMessageList, RawNodeInfo, RawSession, RawStoreReport,
} from './native';
import type {
  Account, Backup, BackupReport, ClientEvent, Connection, Contact, Conversation, Explanation, Message, MessagePage, NodeInfo,
  Session, StoreReport,
} from './values';

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

/** @internal What listeners of an event's own name are given. */
export function payload(event: ClientEvent): unknown {
  switch (event.type) {
    case 'message':
    case 'messageStatus':
      return event.message;
    case 'connection':
    case 'sessionEnded':
      return event.connection;
    case 'progress':
      return event.progress;
    case 'typing':
      return event.typing;
    case 'presence':
      return event.presence;
    default:
      return event.contact;
  }
}
