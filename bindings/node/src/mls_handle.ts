/* Handles of MLS: calls on one happen one after the other, in the order in which they were made. */
import { AsyncLocalStorage } from 'node:async_hooks';

import { closedError, later, now, ownError } from './errors';

/** @internal While a function of the program is asked: the handles of the call that asks. */
export interface Scope {
  readonly handles: readonly Handle<unknown>[];
  /** Of the question within which that call was made. */
  readonly outer: Scope | undefined;
  open: boolean;
}

/** @internal */
export const scopes = new AsyncLocalStorage<Scope>();

/** @internal Something native until it is closed, and the calls on it that were made before have ended. */
export class Handle<R> {
  readonly raw: R;
  readonly #what: string;
  readonly #free: (raw: R) => void;
  #last: Promise<unknown> = Promise.resolve();
  #busy = 0;
  #closed = false;

  /** `what` is what it is called in errors. Without {@link Handle.close} the collector frees `raw`. */
  constructor(raw: R, what: string, free: (raw: R) => void) {
    this.raw = raw;
    this.#what = what;
    this.#free = free;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Throws when no call may be made. */
  check(operation: string): void {
    if (this.#closed) throw closedError(operation, this.#what);
    for (let scope = scopes.getStore(); scope !== undefined; scope = scope.outer) {
      if (scope.open && scope.handles.includes(this as Handle<unknown>))
        throw ownError('invalidState', operation, `The ${this.#what} is in use by the call that asks this function.`);
    }
  }

  /** A call that only reads what never changes, and answers at once. */
  read<T>(operation: string, call: (raw: R) => T): T {
    this.check(operation);
    return now(operation, () => call(this.raw));
  }

  /** The turn of a call: it has come when `ready` is settled, and is over with `leave`. */
  enter(): { ready: Promise<unknown>; leave: () => void } {
    const ready = this.#last;
    ++this.#busy;
    let over: (value?: unknown) => void;
    this.#last = new Promise((resolve) => (over = resolve));
    return {
      ready,
      leave: () => {
        over();
        if (--this.#busy === 0 && this.#closed) this.#free(this.raw);
      },
    };
  }

  /** A call on another thread. */
  call<T>(operation: string, call: (raw: R) => Promise<T>): Promise<T> {
    return together(operation, [this as Handle<unknown>], () => call(this.raw));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#busy === 0) this.#free(this.raw);
  }
}

/** @internal A call on another thread that uses several handles: at its turn on all of them. */
export async function together<T>(
  operation: string, handles: readonly Handle<unknown>[], call: () => Promise<T>,
): Promise<T> {
  for (const handle of handles) handle.check(operation);
  // Each once: a second turn of the same would wait for the first.
  const turns = [...new Set(handles)].map((handle) => handle.enter());
  try {
    await Promise.all(turns.map(({ ready }) => ready));
    return await later(operation, call);
  } finally {
    for (const { leave } of turns) leave();
  }
}
