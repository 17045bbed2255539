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

function enumeration<const N extends string>(prefix: string, names: readonly N[]): Enumeration<N> {
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

type NameOf<E> = E extends Enumeration<infer N> ? N : never;

export const statuses = enumeration('MYCHAT_E_', [
  'invalidArgument', 'invalidState', 'outOfMemory', 'internal', 'cancelled', 'timeout', 'closed', 'notFound',
  'alreadyExists', 'unsupported', 'busy', 'random', 'malformed', 'tooLarge', 'crypto', 'decrypt', 'wrongPassword',
  'keyMismatch', 'signature', 'keyChanged', 'noKeyMaterial', 'policy', 'noIdentity', 'store', 'storeHeld', 'storeKey',
  'storeCorrupt', 'storeTooNew', 'io', 'network', 'dns', 'tls', 'plaintextRefused', 'protocol', 'unauthorized',
  'forbidden', 'registrationClosed', 'rateLimited', 'rejected', 'node',
]);
/** What went wrong: `MYCHAT_E_...`. */
export type Status = NameOf<typeof statuses>;

export const domains = enumeration('MYCHAT_DOMAIN_', [
  'none', 'api', 'crypto', 'keys', 'e2ee', 'store', 'system', 'network', 'node', 'protocol',
]);
/** The part of the library that an error comes from: `MYCHAT_DOMAIN_...`. */
export type ErrorDomain = NameOf<typeof domains>;

export const logLevels = enumeration('MYCHAT_LOG_', ['trace', 'debug', 'info', 'warning', 'error']);
/** Level of a line of the log: `MYCHAT_LOG_...`. */
export type LogLevel = NameOf<typeof logLevels>;

export const policies = enumeration('MYCHAT_POLICY_', ['requireSignatures', 'noReadReceipts', 'noTyping', 'noSenderCopy']);
/** A flag of the account's policy: `MYCHAT_POLICY_...`. */
export type PolicyFlag = NameOf<typeof policies>;

export const directions = enumeration('MYCHAT_DIRECTION_', ['in', 'out']);
/** Direction of a message: `MYCHAT_DIRECTION_...`. */
export type Direction = NameOf<typeof directions>;

export const contentTypes = enumeration('MYCHAT_CONTENT_', ['text', 'image', 'file']);
/** What a message's bytes are: `MYCHAT_CONTENT_...`. */
export type ContentType = NameOf<typeof contentTypes>;

export const messageStatuses = enumeration('MYCHAT_MESSAGE_', ['queued', 'pending', 'delivered', 'read', 'failed']);
/** How far a message has come: `MYCHAT_MESSAGE_...`. */
export type MessageStatus = NameOf<typeof messageStatuses>;

export const verifications = enumeration('MYCHAT_VERIFICATION_', ['none', 'unsigned', 'verified', 'unverified', 'invalid']);
/** What is known about who wrote a message: `MYCHAT_VERIFICATION_...`. */
export type Verification = NameOf<typeof verifications>;

export const repairs = enumeration('MYCHAT_REPAIR_', [
  'none', 'wait', 'restoreBackup', 'acceptKey', 'logIn', 'retry', 'askSender', 'change',
]);
/** What repairs a message: `MYCHAT_REPAIR_...`. */
export type Repair = NameOf<typeof repairs>;

export const trusts = enumeration('MYCHAT_TRUST_', ['unverified', 'verified', 'changed']);
/** How far a contact's key is trusted: `MYCHAT_TRUST_...`. */
export type Trust = NameOf<typeof trusts>;

export const presences = enumeration('MYCHAT_PRESENCE_', ['offline', 'away', 'online']);
/** Presence of a user: `MYCHAT_PRESENCE_...`. */
export type PresenceStatus = NameOf<typeof presences>;

export const keyFormats = enumeration('MYCHAT_KEY_', ['pem', 'jwk']);
/** Text form of a key: `MYCHAT_KEY_...`. */
export type KeyFormat = NameOf<typeof keyFormats>;

export const fingerprintForms = enumeration('MYCHAT_FINGERPRINT_', ['jwk', 'pem']);
/** What a fingerprint is taken over: `MYCHAT_FINGERPRINT_...`. */
export type FingerprintForm = NameOf<typeof fingerprintForms>;

export const scanResults = enumeration('MYCHAT_SCAN_', ['match', 'mismatch', 'otherUsers', 'newerVersion']);
/** What comparing a scanned code gave: `MYCHAT_SCAN_...`. */
export type ScanResult = NameOf<typeof scanResults>;

export const backupKinds = enumeration('MYCHAT_BACKUP_', ['full', 'v1', 'sealed']);
/** What a backup archive holds: `MYCHAT_BACKUP_...`. */
export type BackupKind = NameOf<typeof backupKinds>;

export const operations = enumeration('MYCHAT_OPERATION_', [
  'register', 'login', 'logout', 'deleteAccount', 'changePassword', 'setProfile', 'sessions', 'revokeSession',
  'nodeInfo', 'addContact', 'removeContact', 'lookup', 'rotateIdentity',
]);
/** Which networked call a progress belongs to: `MYCHAT_OPERATION_...`. */
export type Operation = NameOf<typeof operations>;

export const connectionStates = enumeration('MYCHAT_CONNECTION_', ['offline', 'connecting', 'online', 'polling', 'waiting']);
/** State of the connection: `MYCHAT_CONNECTION_...`. */
export type ConnectionState = NameOf<typeof connectionStates>;

export const eventTypes = enumeration('MYCHAT_EVENT_', [
  'completion', 'connection', 'progress', 'message', 'messageStatus', 'typing', 'presence', 'contact', 'keyChanged',
  'sessionEnded',
]);
/** Kind of an event: `MYCHAT_EVENT_...`. Completions are not seen: they settle the promise of their call. */
export type EventType = Exclude<NameOf<typeof eventTypes>, 'completion'>;

/** For the parity test: every enumeration and what its C constants begin with. */
export const enumerations: Readonly<Record<string, Enumeration<string>>> = {
  MYCHAT_E_: statuses, MYCHAT_DOMAIN_: domains, MYCHAT_LOG_: logLevels, MYCHAT_POLICY_: policies,
  MYCHAT_DIRECTION_: directions, MYCHAT_CONTENT_: contentTypes, MYCHAT_MESSAGE_: messageStatuses,
  MYCHAT_VERIFICATION_: verifications, MYCHAT_REPAIR_: repairs, MYCHAT_TRUST_: trusts, MYCHAT_PRESENCE_: presences,
  MYCHAT_KEY_: keyFormats, MYCHAT_FINGERPRINT_: fingerprintForms, MYCHAT_SCAN_: scanResults,
  MYCHAT_BACKUP_: backupKinds, MYCHAT_OPERATION_: operations, MYCHAT_CONNECTION_: connectionStates,
  MYCHAT_EVENT_: eventTypes,
};
