import type { ClientEvent } from './values';

/** @internal What a sequence of events tells its client. */
export interface StreamOwner {
  /** An event was done with. */
  progressed(): void;
  /** The next event is asked for. */
  asked(): void;
  /** The loop left it. */
  left(): void;
  /** It ended, however. */
  ended(): void;
}

/** An endless sequence of events; see {@link Client.events}. Leaving the loop ends it. */
export class EventStream implements AsyncIterableIterator<ClientEvent> {
  readonly #waiting: ClientEvent[] = [];
  readonly #takers: { resolve: (result: IteratorResult<ClientEvent>) => void; reject: (reason: unknown) => void }[] = [];
  #inHand: ClientEvent | null = null;
  #ended = false;
  #failure: { reason: unknown } | null = null;
  readonly #most: number;
  readonly #owner: StreamOwner;

  /** @internal */
  constructor(most: number, owner: StreamOwner) {
    this.#most = most;
    this.#owner = owner;
  }

  /** @internal More should not be read for it. */
  get full(): boolean {
    return this.#waiting.length >= this.#most;
  }

  /** @internal */
  push(event: ClientEvent): void {
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#waiting.push(event);
      return;
    }
    this.#inHand = event;
    taker.resolve({ done: false, value: event });
  }

  /** @internal Ends it: after what waits, or with an error. */
  end(failure?: { reason: unknown }): void {
    if (!this.#ended) this.#owner.ended();
    this.#ended = true;
    this.#failure = failure ?? null;
    for (const taker of this.#takers.splice(0)) {
      if (failure) taker.reject(failure.reason);
      else taker.resolve({ done: true, value: undefined });
    }
  }

  /** @internal Ends it with an error at once. What waits is given to the next sequence, and so not to this one. */
  abort(reason: unknown): void {
    this.#waiting.length = 0;
    this.end({ reason });
  }

  /** @internal The lowest number of the journal that it was given and has not done with; infinite for none. */
  outstanding(): number {
    return this.unfinished()[0]?.seq ?? Infinity;
  }

  /** @internal What is of the journal, and was not done with by the loop. */
  unfinished(): ClientEvent[] {
    return [...(this.#inHand === null ? [] : [this.#inHand]), ...this.#waiting].filter((event) => event.seq !== 0);
  }

  /** @internal Forgets what waits and is of the journal, which will give it again. */
  forget(): void {
    const others = this.#waiting.filter((event) => event.seq === 0);
    this.#waiting.splice(0, Infinity, ...others);
  }

  /** The next event. Asking for it says that the one before is done with. */
  next(): Promise<IteratorResult<ClientEvent>> {
    const done = this.#inHand !== null;
    const event = this.#waiting.shift();
    this.#inHand = event ?? null;
    if (done) this.#owner.progressed();
    this.#owner.asked();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#failure !== null) {
      const { reason } = this.#failure;
      this.#failure = null;
      return Promise.reject(reason);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }));
  }

  /** Ends the sequence. The event in hand counts as not done with: it, and what waits, comes again to the next sequence, or
   *  after a restart, unless a listener or another sequence was given it as well. */
  return(): Promise<IteratorResult<ClientEvent>> {
    this.#owner.left();
    this.#waiting.length = 0;
    this.#inHand = null;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
