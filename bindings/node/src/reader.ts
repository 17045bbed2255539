/* Events off a client's descriptor: read on another thread, as they may be in the store, and handed over on the loop. */
import { translated } from './errors';
import { native, type RawClient, type RawEvent, type RawWatcher } from './native';

/** Longest time that one turn of the loop spends on events, in milliseconds. */
const TURN_MS = 2;
/** Most events that are read at a time. */
const BATCH = 128;

/** @internal Who is given the events. */
export interface Taker {
  /** One event, which is freed afterwards. What it throws is thrown as from any callback of the loop. */
  take(raw: RawEvent): void;
  /** The events of a turn were taken. */
  took(): void;
  /** Whether it wants more now; else it says so with {@link EventReader.readOn}. */
  wants(): boolean;
  /** No more can be read. */
  failed(error: unknown): void;
}

/** @internal */
export class EventReader {
  readonly watcher: RawWatcher;
  readonly #handle: RawClient;
  readonly #taker: Taker;
  #closed = false;
  #holding = false;  // A batch is done with, and the next is not read yet.
  #reading = false;  // A batch is under way.
  #rested: (() => void) | null = null;  // Waits for the end of that batch; nothing is read before it is gone.

  /** It does not keep itself, or the taker, alive. */
  constructor(handle: RawClient, taker: Taker) {
    this.#handle = handle;
    this.#taker = taker;
    this.watcher = new native.Watcher(native.mychat_client_event_fd(handle), EventReader.#callback(new WeakRef(this)));
  }

  // A function of its own: a closure of the constructor would hold the reader, as it shares what the others there hold.
  static #callback(self: WeakRef<EventReader>): () => void {
    return () => {
      const reader = self.deref();
      if (reader !== undefined) reader.#read();
    };
  }

  close(): void {
    this.#closed = true;
    this.watcher.close();
  }

  /** Reads on after a batch, if the taker wants that. */
  readOn(): void {
    if (!this.#holding || this.#rested !== null || this.#closed || !this.#taker.wants()) return;
    this.#holding = false;
    this.watcher.resume();
  }

  /** Ends when no event is being read, and none will be until {@link EventReader.goOn}. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#rested = resolve;
      if (this.#reading) return;
      this.watcher.pause();
      this.#holding = true;
      resolve();
    });
  }

  goOn(): void {
    this.#rested = null;
    this.readOn();
  }

  #read(): void {
    this.watcher.pause();
    this.#reading = true;
    native.mychat_js_take(this.#handle, BATCH).then(
      (batch) => this.#handOver(batch, 0),
      (error: unknown) => {
        this.#reading = false;
        this.#rested?.();
        this.#taker.failed(translated(error, 'poll'));
      },
    ).catch((error: unknown) => process.nextTick(() => { throw error; }));  // Of a listener: as from any callback.
  }

  // For no longer than a turn of the loop may take, and the rest in the next ones.
  #handOver(batch: RawEvent[], first: number): void {
    const until = performance.now() + TURN_MS;
    let index = first;
    try {
      while (index < batch.length && !this.#closed) {
        const raw = batch[index++]!;
        try {
          this.#taker.take(raw);
        } finally {
          native.mychat_event_free(raw);
        }
        if ((index & 7) === 0 && performance.now() > until) break;
      }
    } finally {
      this.#taker.took();
      if (index < batch.length && !this.#closed) setImmediate(() => this.#handOver(batch, index));
      else this.#hasRead();
    }
  }

  #hasRead(): void {
    this.#reading = false;
    this.#holding = true;
    this.#rested?.();
    this.readOn();
  }
}
