import { domains, statuses, type ErrorDomain, type Status } from './enums';
import { native, type RawError } from './native';

/** What every call of this package throws, or rejects with, when the library says no. */
export class MyChatError extends Error {
  static {
    this.prototype.name = 'MyChatError';
  }
  /** What went wrong, by the naming rule of enumerations: `'storeHeld'`. */
  readonly status: Status;
  /** The C name of the same, as Node's own errors have codes: `'MYCHAT_E_STORE_HELD'`. */
  readonly code: string;
  /** The part of the library that it comes from. */
  readonly domain: ErrorDomain;
  /** A code of that domain: an HTTP status, an errno, SQLite's extended result code. */
  readonly detail: number;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** The method or function that failed: `'sendText'`. `'connection'` for what an event of the connection carries. */
  readonly operation: string;
  /** Milliseconds that the node asks to wait, with `'rateLimited'`; else 0. */
  readonly retryAfter: number;

  /** @internal */
  constructor(raw: RawError, operation: string, retryAfter = 0) {
    super(raw.message);
    this.status = statuses.name(raw.status);
    this.code = native.mychat_status_name(raw.status);
    this.domain = domains.name(raw.domain);
    this.detail = raw.detail;
    this.retryable = Boolean(raw.retryable);
    this.operation = operation;
    this.retryAfter = retryAfter;
  }
}

/** @internal An error of the native layer becomes a MyChatError of the operation; others stay what they are. */
export function translated(error: unknown, operation: string): unknown {
  if (!(error instanceof Error) || !('operation' in error) || !('domain' in error)) return error;
  return error instanceof MyChatError ? error : new MyChatError(error as unknown as RawError, operation);
}

/** @internal Runs a native call that answers at once. */
export function now<T>(operation: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw translated(error, operation);
  }
}

/** @internal Runs a native call that answers later. */
export async function later<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translated(error, operation);
  }
}

/** @internal What a call says of its arguments, or of when it was made, before the library sees it. */
export function ownError(status: 'invalidArgument' | 'invalidState', operation: string, message: string): MyChatError {
  return new MyChatError({ status: statuses.value(status), domain: 1, detail: 0, retryable: 0, message }, operation);
}

/** @internal What a call says of something that was closed. */
export function closedError(operation: string, what = 'client'): MyChatError {
  const status = statuses.value('closed');
  return new MyChatError({ status, domain: 1, detail: 0, retryable: 0, message: `The ${what} is closed.` }, operation);
}
