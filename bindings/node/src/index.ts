/**
 * MyChat for Node: federated, end-to-end-encrypted chat.
 *
 * @packageDocumentation
 */
export { Bot, type BotEvents, type BotOptions, type Reply } from './bot';
export { Client } from './client';
export { ClientCore, type CallOptions, type EventsOptions } from './core';
export type {
  BackupKind, ConnectionState, ContentType, Direction, ErrorDomain, EventType, FingerprintForm, KeyFormat, LogLevel,
  MessageStatus, Operation, PolicyFlag, PresenceStatus, Repair, ScanResult, Status, Trust, Verification,
} from './enums';
export { MyChatError } from './errors';
export { EventStream } from './journal';
export {
  backupChangePassword, buildInfo, eventTypeName, fingerprint, publicKeyConvert, statusName, verifyBackup, versionNumber,
  versionString,
} from './keys';
export type { ClientOptions, LoginOptions, PageOptions, RegisterOptions, SendOptions } from './options';
export { Secret, type SecretInput } from './secret';
export type {
  Account, Backup, BackupReport, ClientEvent, ClientEvents, Connection, Contact, Conversation, EventBase, Explanation, Message, MessagePage,
  NodeInfo, Presence, Progress, Session, StoreReport, Typing,
} from './values';
