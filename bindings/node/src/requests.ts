/* Networked calls under way. */
import { closedError, later, MyChatError } from './errors';
import type { Completed } from './convert';

interface Pending {
  readonly operation: string;
  readonly settle: (completion: Completed) => void;
  readonly fail: (error: unknown) => void;
}

/** @internal The requests of one client by their numbers, and the promises of their completions. */
export class Requests {
  readonly #pending = new Map<number, Pending>();
  readonly #early = new Map<number, Completed>();  // Of requests whose number is not known here yet.
  readonly #changed: () => void;
  #beginning = 0;
  #closed = false;

  /** `changed` is called when the first one begins and the last one ends. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Some are begun, or waited for. */
  get underWay(): boolean {
    return this.#pending.size + this.#beginning > 0;
  }

  /** Completions are waited for. */
  get waiting(): boolean {
    return this.#pending.size > 0;
  }

  // A completion that comes while a request begins may be that request's: it is kept until its number is known.
  async begin(operation: string, begin: () => Promise<number>): Promise<{ id: number; completion: Promise<Completed> }> {
    ++this.#beginning;
    this.#changed();
    try {
      const id = await later(operation, begin);
      const completion = this.#completion(operation, id);
      completion.catch(() => undefined);  // Whoever began it hears of it.
      return { id, completion };
    } finally {
      if (--this.#beginning === 0) this.#early.clear();
      this.#changed();
    }
  }

  complete(request: number, completion: Completed): void {
    const pending = this.#pending.get(request);
    if (pending === undefined) {
      if (this.#beginning > 0) this.#early.set(request, completion);
      return;
    }
    this.#pending.delete(request);
    this.#changed();
    pending.settle(completion);
  }

  /** No completion will come any more. */
  fail(error: unknown): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const { fail } of all) fail(error);
  }

  close(): void {
    this.#closed = true;
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const { operation, fail } of all) fail(closedError(operation));
  }

  #completion(operation: string, id: number): Promise<Completed> {
    return new Promise((resolve, reject) => {
      const settle = (completion: Completed): void => {
        const { error } = completion;
        if (error === null) resolve(completion);
        else reject(new MyChatError(error, operation, completion.retryAfter));
      };
      const early = this.#early.get(id);
      if (early !== undefined) {
        this.#early.delete(id);
        settle(early);
      } else if (this.#closed) {
        reject(closedError(operation));
      } else {
        this.#pending.set(id, { operation, settle, fail: reject });
      }
    });
  }
}
