import { closedError, later, now } from './errors';

/** @internal Something native until it is closed, and the calls on it that are under way have ended. */
export class Owned<R> {
  readonly #raw: R;
  readonly #what: string;
  readonly #free: (raw: R) => void;
  #busy = 0;
  #closed = false;

  /** `what` is what it is called in errors. Without {@link Owned.close} the collector frees `raw`. */
  constructor(raw: R, what: string, free: (raw: R) => void) {
    this.#raw = raw;
    this.#what = what;
    this.#free = free;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A call that answers at once. */
  use<T>(operation: string, call: (raw: R) => T): T {
    if (this.#closed) throw closedError(operation, this.#what);
    return now(operation, () => call(this.#raw));
  }

  /** A call on another thread. */
  async useLater<T>(operation: string, call: (raw: R) => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError(operation, this.#what);
    ++this.#busy;
    try {
      return await later(operation, () => call(this.#raw));
    } finally {
      if (--this.#busy === 0 && this.#closed) this.#free(this.#raw);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#busy === 0) this.#free(this.#raw);
  }
}
