/* What the library hands out, as plain objects: C fields in camelCase, 0 and 1 as booleans, times as Date (null when not
 * known). They are copies and stay valid. */
import type {
  ConnectionState, ContentType, Direction, MessageStatus, Operation, PresenceStatus, Repair, Status, Trust, Verification,
} from './enums';
import type { MyChatError } from './errors';

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

/** The events of a client, and what its listeners are given. */
export interface ClientEvents {
  message: [message: Message, event: ClientEvent];
  messageStatus: [message: Message, event: ClientEvent];
  connection: [connection: Connection, event: ClientEvent];
  sessionEnded: [connection: Connection, event: ClientEvent];
  progress: [progress: Progress, event: ClientEvent];
  typing: [typing: Typing, event: ClientEvent];
  presence: [presence: Presence, event: ClientEvent];
  contact: [contact: Contact, event: ClientEvent];
  keyChanged: [contact: Contact, event: ClientEvent];
  /** Every event, after its own listeners. */
  event: [event: ClientEvent];
  /** Events cannot be read or acknowledged any more: the store failed. */
  error: [error: unknown];
  /** The client was closed. */
  close: [];
}
