/* Enumerations: the names of the C constants without what they have in common, in camelCase, as strings.
 * MYCHAT_TRUST_VERIFIED is 'verified', MYCHAT_EVENT_MESSAGE_STATUS 'messageStatus', MYCHAT_E_STORE_HELD 'storeHeld'. */
import { constant } from './native';

export interface Enumeration<N extends string> {
  readonly names: readonly N[];
  /** The name of a C value. */
  name(value: number): N;
  /** The C value of a name; throws a TypeError for another name. */
  value(name: N): number;
}

// The names are keys, so that the compiler finds one too many and one too few.
function enumeration<N extends string>(prefix: string, keys: Record<N, 1>): Enumeration<N> {
  const names = Object.keys(keys) as N[];
  const byValue = new Map<number, N>();
  const byName = new Map<string, number>();
  for (const name of names) {
    const value = constant(prefix + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
    byValue.set(value, name);
    byName.set(name, value);
  }
  return {
    names,
    name: (value) => byValue.get(value) ?? (`unknown${value}` as N),
    value: (name) => {
      const value = byName.get(name);
      if (value === undefined) throw new TypeError(`'${name}' is none of: ${names.join(', ')}`);
      return value;
    },
  };
}

/** What went wrong: `MYCHAT_E_...`. */
export type Status = 'invalidArgument' | 'invalidState' | 'outOfMemory' | 'internal' | 'cancelled' |
  'timeout' | 'closed' | 'notFound' | 'alreadyExists' | 'unsupported' | 'busy' | 'random' | 'malformed' |
  'tooLarge' | 'crypto' | 'decrypt' | 'wrongPassword' | 'keyMismatch' | 'signature' | 'keyChanged' |
  'noKeyMaterial' | 'policy' | 'noIdentity' | 'stale' | 'replay' | 'downgrade' | 'store' | 'storeHeld' |
  'storeKey' | 'storeCorrupt' | 'storeTooNew' | 'io' | 'network' | 'dns' | 'tls' | 'plaintextRefused' | 'protocol' | 'unauthorized' |
  'forbidden' | 'registrationClosed' | 'rateLimited' | 'rejected' | 'node';
export const statuses = enumeration<Status>('MYCHAT_E_', { invalidArgument: 1, invalidState: 1, outOfMemory: 1,
  internal: 1, cancelled: 1, timeout: 1, closed: 1, notFound: 1, alreadyExists: 1, unsupported: 1, busy: 1,
  random: 1, malformed: 1, tooLarge: 1, crypto: 1, decrypt: 1, wrongPassword: 1, keyMismatch: 1, signature: 1,
  keyChanged: 1, noKeyMaterial: 1, policy: 1, noIdentity: 1, stale: 1, replay: 1, downgrade: 1,
  store: 1, storeHeld: 1, storeKey: 1, storeCorrupt: 1, storeTooNew: 1, io: 1, network: 1, dns: 1, tls: 1, plaintextRefused: 1, protocol: 1,
  unauthorized: 1, forbidden: 1, registrationClosed: 1, rateLimited: 1, rejected: 1, node: 1 });

/** The part of the library that an error comes from: `MYCHAT_DOMAIN_...`. */
export type ErrorDomain = 'none' | 'api' | 'crypto' | 'keys' | 'e2ee' | 'store' | 'system' | 'network' |
  'node' | 'protocol' | 'federation';
export const domains = enumeration<ErrorDomain>('MYCHAT_DOMAIN_', { none: 1, api: 1, crypto: 1, keys: 1,
  e2ee: 1, store: 1, system: 1, network: 1, node: 1, protocol: 1, federation: 1 });

/** Level of a line of the log: `MYCHAT_LOG_...`. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warning' | 'error';
export const logLevels = enumeration<LogLevel>('MYCHAT_LOG_', { trace: 1, debug: 1, info: 1, warning: 1,
  error: 1 });

/** A flag of the account's policy: `MYCHAT_POLICY_...`. */
export type PolicyFlag = 'requireSignatures' | 'noReadReceipts' | 'noTyping' | 'noSenderCopy';
export const policies = enumeration<PolicyFlag>('MYCHAT_POLICY_', { requireSignatures: 1, noReadReceipts: 1,
  noTyping: 1, noSenderCopy: 1 });

/** Direction of a message: `MYCHAT_DIRECTION_...`. */
export type Direction = 'in' | 'out';
export const directions = enumeration<Direction>('MYCHAT_DIRECTION_', { in: 1, out: 1 });

/** What a message's bytes are: `MYCHAT_CONTENT_...`. */
export type ContentType = 'text' | 'image' | 'file';
export const contentTypes = enumeration<ContentType>('MYCHAT_CONTENT_', { text: 1, image: 1, file: 1 });

/** How far a message has come: `MYCHAT_MESSAGE_...`. */
export type MessageStatus = 'queued' | 'pending' | 'delivered' | 'read' | 'failed';
export const messageStatuses = enumeration<MessageStatus>('MYCHAT_MESSAGE_', { queued: 1, pending: 1,
  delivered: 1, read: 1, failed: 1 });

/** What is known about who wrote a message: `MYCHAT_VERIFICATION_...`. */
export type Verification = 'none' | 'unsigned' | 'verified' | 'unverified' | 'invalid';
export const verifications = enumeration<Verification>('MYCHAT_VERIFICATION_', { none: 1, unsigned: 1,
  verified: 1, unverified: 1, invalid: 1 });

/** What repairs a message: `MYCHAT_REPAIR_...`. */
export type Repair = 'none' | 'wait' | 'restoreBackup' | 'acceptKey' | 'logIn' | 'retry' | 'askSender' |
  'change';
export const repairs = enumeration<Repair>('MYCHAT_REPAIR_', { none: 1, wait: 1, restoreBackup: 1,
  acceptKey: 1, logIn: 1, retry: 1, askSender: 1, change: 1 });

/** How far a contact's key is trusted: `MYCHAT_TRUST_...`. */
export type Trust = 'unverified' | 'verified' | 'changed';
export const trusts = enumeration<Trust>('MYCHAT_TRUST_', { unverified: 1, verified: 1, changed: 1 });

/** Presence of a user: `MYCHAT_PRESENCE_...`. */
export type PresenceStatus = 'offline' | 'away' | 'online';
export const presences = enumeration<PresenceStatus>('MYCHAT_PRESENCE_', { offline: 1, away: 1, online: 1 });

/** Text form of a key: `MYCHAT_KEY_...`. */
export type KeyFormat = 'pem' | 'jwk';
export const keyFormats = enumeration<KeyFormat>('MYCHAT_KEY_', { pem: 1, jwk: 1 });

/** What a fingerprint is taken over: `MYCHAT_FINGERPRINT_...`. */
export type FingerprintForm = 'jwk' | 'pem';
export const fingerprintForms = enumeration<FingerprintForm>('MYCHAT_FINGERPRINT_', { jwk: 1, pem: 1 });

/** What comparing a scanned code gave: `MYCHAT_SCAN_...`. */
export type ScanResult = 'match' | 'mismatch' | 'otherUsers' | 'newerVersion';
export const scanResults = enumeration<ScanResult>('MYCHAT_SCAN_', { match: 1, mismatch: 1, otherUsers: 1,
  newerVersion: 1 });

/** What a backup archive holds: `MYCHAT_BACKUP_...`. */
export type BackupKind = 'full' | 'v1' | 'sealed';
export const backupKinds = enumeration<BackupKind>('MYCHAT_BACKUP_', { full: 1, v1: 1, sealed: 1 });

/** Which networked call a progress belongs to: `MYCHAT_OPERATION_...`. */
export type Operation = 'register' | 'login' | 'logout' | 'deleteAccount' | 'changePassword' | 'setProfile' |
  'sessions' | 'revokeSession' | 'nodeInfo' | 'addContact' | 'removeContact' | 'lookup' | 'rotateIdentity';
export const operations = enumeration<Operation>('MYCHAT_OPERATION_', { register: 1, login: 1, logout: 1,
  deleteAccount: 1, changePassword: 1, setProfile: 1, sessions: 1, revokeSession: 1, nodeInfo: 1,
  addContact: 1, removeContact: 1, lookup: 1, rotateIdentity: 1 });

/** State of the connection: `MYCHAT_CONNECTION_...`. */
export type ConnectionState = 'offline' | 'connecting' | 'online' | 'polling' | 'waiting';
export const connectionStates = enumeration<ConnectionState>('MYCHAT_CONNECTION_', { offline: 1, connecting: 1,
  online: 1, polling: 1, waiting: 1 });

/** Kind of an event: `MYCHAT_EVENT_...`. Completions are not seen: they settle the promise of their call. */
export type EventType = 'connection' | 'progress' | 'message' | 'messageStatus' | 'typing' | 'presence' |
  'contact' | 'keyChanged' | 'sessionEnded';
export const eventTypes = enumeration<EventType | 'completion'>('MYCHAT_EVENT_', { completion: 1,
  connection: 1, progress: 1, message: 1, messageStatus: 1, typing: 1, presence: 1, contact: 1, keyChanged: 1,
  sessionEnded: 1 });

/** Whether a node's document follows from what was known of it: `MYCHAT_FEDERATION_...`. */
export type Continuity = 'first' | 'same' | 'renewed' | 'rotated';
export const continuities = enumeration<Continuity>('MYCHAT_FEDERATION_', { first: 1, same: 1, renewed: 1, rotated: 1 });

/** Which nodes an operator lets in: `MYCHAT_FEDERATION_...`. */
export type FederationMode = 'open' | 'allowList' | 'approval';
export const federationModes = enumeration<FederationMode>('MYCHAT_FEDERATION_', { open: 1, allowList: 1, approval: 1 });

/** What the rules say of a node: `MYCHAT_FEDERATION_...`. */
export type Verdict = 'allowed' | 'blocked' | 'notListed' | 'awaitsApproval';
export const verdicts = enumeration<Verdict>('MYCHAT_FEDERATION_', { allowed: 1, blocked: 1, notListed: 1,
  awaitsApproval: 1 });

/** What is allowed to a node for development: `MYCHAT_FEDERATION_...`. */
export const federationFlags = enumeration<'allowHttp' | 'allowNonPublic'>('MYCHAT_FEDERATION_', { allowHttp: 1,
  allowNonPublic: 1 });

/** Types of credentials: `MYCHAT_MLS_CREDENTIAL_...`. */
export type CredentialType = 'basic' | 'x509';
export const credentialTypes = enumeration<CredentialType>('MYCHAT_MLS_CREDENTIAL_', { basic: 1, x509: 1 });

/** Types of proposals: `MYCHAT_MLS_...`. */
export type ProposalType = 'add' | 'update' | 'remove' | 'psk' | 'reinit' | 'externalInit' | 'groupContextExtensions' |
  'selfRemove';
export const proposalTypes = enumeration<ProposalType>('MYCHAT_MLS_', { add: 1, update: 1, remove: 1, psk: 1, reinit: 1,
  externalInit: 1, groupContextExtensions: 1, selfRemove: 1 });

/** Who a message of a group is from: `MYCHAT_MLS_SENDER_...`. */
export type SenderType = 'member' | 'external' | 'newMemberProposal' | 'newMemberCommit';
export const senderTypes = enumeration<SenderType>('MYCHAT_MLS_SENDER_', { member: 1, external: 1, newMemberProposal: 1,
  newMemberCommit: 1 });

/** Kinds of pre-shared keys: `MYCHAT_MLS_PSK_...`. */
export type PskType = 'external' | 'resumption';
export const pskTypes = enumeration<PskType>('MYCHAT_MLS_PSK_', { external: 1, resumption: 1 });

/** What the key of an epoch is for: `MYCHAT_MLS_PSK_USAGE_...`. */
export type PskUsage = 'none' | 'application' | 'reinit' | 'branch';
export const pskUsages = enumeration<PskUsage>('MYCHAT_MLS_PSK_USAGE_', { none: 1, application: 1, reinit: 1, branch: 1 });

/** Kinds of messages: `MYCHAT_MLS_...`. */
export type Format = 'publicMessage' | 'privateMessage' | 'welcome' | 'groupInfo' | 'keyPackage';
export const formats = enumeration<Format>('MYCHAT_MLS_', { publicMessage: 1, privateMessage: 1, welcome: 1, groupInfo: 1,
  keyPackage: 1 });

/** What a message of a group holds: `MYCHAT_MLS_CONTENT_...`. */
export type Content = 'none' | 'application' | 'proposal' | 'commit';
export const contents = enumeration<Content>('MYCHAT_MLS_CONTENT_', { none: 1, application: 1, proposal: 1, commit: 1 });

/** How one member's state of a group is to another's: `MYCHAT_MLS_RELATION_...`. */
export type Relation = 'same' | 'behind' | 'ahead' | 'forked';
export const relations = enumeration<Relation>('MYCHAT_MLS_RELATION_', { same: 1, behind: 1, ahead: 1, forked: 1 });

/** Flags, which are members of options here: `MYCHAT_MLS_...`. */
export const leafFlags = enumeration<'selfRemove' | 'lastResort'>('MYCHAT_MLS_LEAF_', { selfRemove: 1, lastResort: 1 });
export const mlsFlags = enumeration<'acceptAll' | 'ignoreLifetimes' | 'privateHandshakes'>('MYCHAT_MLS_', { acceptAll: 1,
  ignoreLifetimes: 1, privateHandshakes: 1 });
export const infoFlags = enumeration<'tree' | 'externalPub'>('MYCHAT_MLS_INFO_', { tree: 1, externalPub: 1 });
export const handshakeFlags = enumeration<'public' | 'noWaiting' | 'noPath' | 'noTree'>('MYCHAT_MLS_', { public: 1,
  noWaiting: 1, noPath: 1, noTree: 1 });

/** For the parity test: every enumeration and what its C constants begin with. */
export const enumerations: Readonly<Record<string, Enumeration<string>>> = {
  MYCHAT_FEDERATION_: {
    ...continuities,
    names: [...continuities.names, ...federationModes.names, ...verdicts.names, ...federationFlags.names],
  },
  MYCHAT_E_: statuses, MYCHAT_DOMAIN_: domains, MYCHAT_LOG_: logLevels, MYCHAT_POLICY_: policies,
  MYCHAT_DIRECTION_: directions, MYCHAT_CONTENT_: contentTypes, MYCHAT_MESSAGE_: messageStatuses,
  MYCHAT_VERIFICATION_: verifications, MYCHAT_REPAIR_: repairs, MYCHAT_TRUST_: trusts, MYCHAT_PRESENCE_: presences,
  MYCHAT_KEY_: keyFormats, MYCHAT_FINGERPRINT_: fingerprintForms, MYCHAT_SCAN_: scanResults,
  MYCHAT_BACKUP_: backupKinds, MYCHAT_OPERATION_: operations, MYCHAT_CONNECTION_: connectionStates,
  MYCHAT_EVENT_: eventTypes,
  MYCHAT_MLS_: {
    ...proposalTypes,
    names: [...proposalTypes.names, ...formats.names, ...mlsFlags.names, ...handshakeFlags.names],
  },
  MYCHAT_MLS_CREDENTIAL_: credentialTypes, MYCHAT_MLS_SENDER_: senderTypes, MYCHAT_MLS_PSK_: pskTypes,
  MYCHAT_MLS_PSK_USAGE_: pskUsages, MYCHAT_MLS_CONTENT_: contents, MYCHAT_MLS_RELATION_: relations,
  MYCHAT_MLS_LEAF_: leafFlags, MYCHAT_MLS_INFO_: infoFlags,
};
