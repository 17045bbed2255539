/* What the calls of a client are given. */
import type { CallOptions } from './core';
import type { ContentType, LogLevel } from './enums';
import type { Secret, SecretInput } from './secret';

/** How to create a client. */
export interface ClientOptions {
  /** File of the encrypted store. Its folder must exist. */
  store: string;
  /** Opens the store (Argon2id). This or `storeKey`. */
  passphrase?: SecretInput | undefined;
  /** Opens the store instead of a passphrase: 32 bytes out of the host's own key chain. */
  storeKey?: Uint8Array | Secret | undefined;
  /** `https://host[:port]`. Default: the one in the store. */
  nodeUrl?: string | undefined;
  /** PEM file of the certificate authorities to trust instead of the system's. */
  caFile?: string | undefined;
  /** `sha256//BASE64[;sha256//BASE64...]` of the node's SubjectPublicKeyInfo. */
  tlsPins?: string | undefined;
  /** Milliseconds, default 10,000. */
  connectTimeout?: number | undefined;
  /** Milliseconds, default 30,000. */
  requestTimeout?: number | undefined;
  /** Allow `http://` to other machines than this one. */
  allowPlaintext?: boolean | undefined;
  /** The store must exist; otherwise it is created. */
  storeMustExist?: boolean | undefined;
  /** Use polling even if the node offers a WebSocket. */
  noWebSocket?: boolean | undefined;
  /** Most connection, progress, typing and presence events kept in memory. Default 10,000. */
  maxQueuedEvents?: number | undefined;
  /** Receives the log; it holds no secrets. */
  log?: ((level: LogLevel, component: string, message: string) => void) | undefined;
  /** Least level to log. Default `'info'`. */
  logLevel?: LogLevel | undefined;
  /** `'auto'` (default): an event of the journal is acknowledged once its listeners returned and every iterator asked for
   *  the next. `'manual'`: it comes again, after a restart, until `ack`. */
  acknowledge?: 'auto' | 'manual' | undefined;
  /** Stops waiting for the creation; a client that is made nevertheless is closed. */
  signal?: AbortSignal | undefined;
}

/** How to register. */
export interface RegisterOptions extends CallOptions {
  /** 3 to 50 of a-z 0-9 _. */
  username: string;
  /** At least 8 characters. */
  password: SecretInput;
  email?: string | undefined;
  invite?: string | undefined;
  deviceName?: string | undefined;
}

/** How to log in. */
export interface LoginOptions extends CallOptions {
  username: string;
  password: SecretInput;
  deviceName?: string | undefined;
}

/** What to send. */
export interface SendOptions {
  /** Handle. */
  recipient: string;
  /** Text (sent as UTF-8) or bytes. */
  data: string | Uint8Array;
  /** Default: `'text'` for a string, `'file'` for bytes. */
  contentType?: ContentType | undefined;
  /** UUID of the caller's own making, as an idempotency key. */
  messageId?: string | undefined;
}

/** Which page of messages. */
export interface PageOptions {
  /** `nextBefore` of the page before; default: the newest. */
  before?: number | undefined;
  /** 1 to 500, default 50. */
  limit?: number | undefined;
}
