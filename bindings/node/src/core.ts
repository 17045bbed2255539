/* What every method of a client stands on: the native handle, events off the descriptor, requests and their promises,
 * the order of local calls, acknowledgement. */
import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';

import { eventTypes, statuses } from './enums';
import { later, MyChatError, now, translated } from './errors';
import { EventStream } from './journal';
import { native, type RawClient, type RawEvent, type RawWatcher } from './native';
import { completed, event as toEvent, type ClientEvent, type Completed, type Connection, type Contact, type Message, type Presence, type Progress,
  type Typing } from './values';

/** Options of a networked call. */
export interface CallOptions {
  /** Aborting it cancels the request; the promise then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link ClientCore.events}. */
export interface EventsOptions extends CallOptions {
  /** While so many events wait for the loop, no more are read from the library, unless a networked call waits for its
   *  completion; listeners wait as well then. Default 1,024. */
  highWaterMark?: number | undefined;
}

/** The events of a client, and what its listeners are given. */
export interface ClientEvents {
  message: [message: Message, event: ClientEvent];
  messageStatus: [message: Message, event: ClientEvent];
  connection: [connection: Connection, event: ClientEvent];
  sessionEnded: [connection: Connection, event: ClientEvent];
  progress: [progress: Progress, event: ClientEvent];
  typing: [typing: Typing, event: ClientEvent];
  presence: [presence: Presence, event: ClientEvent];
  contact: [contact: Contact, event: ClientEvent];
  keyChanged: [contact: Contact, event: ClientEvent];
  /** Every event, after its own listeners. */
  event: [event: ClientEvent];
  /** Events cannot be read or acknowledged any more: the store failed. */
  error: [error: unknown];
  /** The client was closed. */
  close: [];
}

interface Pending {
  settle: (completion: Completed) => void;
  fail: (error: unknown) => void;
}

/** Longest time that one turn of the loop spends on events, in milliseconds. */
const TURN_MS = 2;
/** Most events that are read at a time. */
const BATCH = 128;

const typeNames = new Map(eventTypes.names.map((name) => [eventTypes.value(name), name]));
const openClients = new Set<WeakRef<ClientCore>>();
const keptAlive = new Set<ClientCore>();  // With requests or a connection: must not be collected.
const abandoned = new FinalizationRegistry<{ watcher: RawWatcher; ref: WeakRef<ClientCore> }>(({ watcher, ref }) => {
  watcher.close();
  openClients.delete(ref);
});

// A process that ends while threads of a client run would tear memory from under them.
process.on('exit', () => {
  for (const ref of openClients) ref.deref()?.closeNow();
});

/** What {@link Client} stands on: its life, its connection and its events. */
export abstract class ClientCore extends EventEmitter<ClientEvents> {
  readonly #handle: RawClient;
  readonly #watcher: RawWatcher;
  readonly #self: WeakRef<ClientCore>;
  readonly #automatic: boolean;
  readonly #pending = new Map<number, Pending>();
  readonly #early = new Map<number, Completed>();  // Of requests whose number is not known here yet.
  #beginning = 0;
  readonly #streams = new Set<EventStream>();
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | null = null;
  #closed = false;
  #started = false;
  #referenced = true;
  #state: Connection['state'] = 'offline';
  #given = 0;  // Highest number of the journal that listeners or streams were given.
  #acknowledged = 0;
  #acknowledging = false;
  #holding = false;  // A batch is done with, and the next is not read yet.
  #reading = false;  // A batch is under way.
  #rested: (() => void) | null = null;  // Waits for the end of that batch; nothing is read before it is gone.
  #missed = false;  // An event of the journal came while nobody was there for it.
  #unheard = Infinity;  // The first message among them, which must not be acknowledged.

  /** @internal */
  protected constructor(handle: RawClient, automatic: boolean) {
    super();
    this.#handle = handle;
    this.#automatic = automatic;
    const self = new WeakRef<ClientCore>(this);
    this.#self = self;
    this.#watcher = new native.Watcher(native.mychat_client_event_fd(handle), ClientCore.#reader(self));
    openClients.add(self);
    abandoned.register(this, { watcher: this.#watcher, ref: self }, this);
    EventEmitter.prototype.on.call(this, 'newListener', () => {
      if (this.#missed) this.#giveAgain();
    });
  }

  /** State of the connection, as the last event of it said. */
  get state(): Connection['state'] {
    return this.#state;
  }

  /** Whether {@link ClientCore.close} was called. */
  get closed(): boolean {
    return this.#closed || this.#closing !== null;
  }

  /** Lets a started client keep the process alive, as it does at first. */
  ref(): this {
    this.#referenced = true;
    this.#hold();
    return this;
  }

  /** Lets the process end while the client is started. Calls under way keep it alive nevertheless. */
  unref(): this {
    this.#referenced = false;
    this.#hold();
    return this;
  }

  /**
   * Events as an endless sequence, from now on; those of the journal that nobody was given before come first.
   * With `acknowledge: 'auto'` an event is acknowledged when the loop asks for the next one: a crash, or an exception
   * in the loop, lets it come again after a restart. The sequence ends when the client is closed.
   */
  events(options: EventsOptions = {}): EventStream {
    options.signal?.throwIfAborted();
    const { signal, highWaterMark = 1024 } = options;
    if (!Number.isSafeInteger(highWaterMark) || highWaterMark < 1) throw new RangeError('highWaterMark is not a positive integer');
    const aborted = (): void => leave({ reason: signal?.reason });
    const leave = (failure?: { reason: unknown }): void => {
      if (this.#streams.delete(stream)) this.#leaveBehind(stream.unfinished());
      this.#readOn();
      signal?.removeEventListener('abort', aborted);
      if (failure) stream.end(failure);
    };
    const stream = new EventStream(highWaterMark, () => this.#acknowledge(), () => this.#readOn(), leave);
    if (this.#closed) stream.end();
    else this.#streams.add(stream);
    signal?.addEventListener('abort', aborted, { once: true });
    if (this.#missed) this.#giveAgain();
    return stream;
  }

  /** Go online: resume the session, synchronise, send what waits, stay connected. Until `stop` or `close` the client
   *  keeps the process alive; see {@link ClientCore.unref}. */
  async start(): Promise<void> {
    this.#must('start');
    now('start', () => native.mychat_client_start(this.#handle));
    this.#started = true;
    this.#hold();
  }

  /** Go offline. Requests under way reject with `'cancelled'`. */
  async stop(): Promise<void> {
    this.#must('stop');
    await later('stop', () => native.mychat_client_stop(this.#handle));
    this.#started = false;
    this.#hold();
  }

  /** Acknowledge the journal up to and with an event: those never come again. For `acknowledge: 'manual'`. */
  async ack(event: ClientEvent | number): Promise<void> {
    const seq = typeof event === 'number' ? event : event.seq;
    await this.local('ack', (handle) => native.mychat_client_ack(handle, seq));
    if (seq > this.#acknowledged) this.#acknowledged = seq;
  }

  /** Let all events of the journal that are not acknowledged come again, the oldest first. */
  async rewind(): Promise<void> {
    await this.local('rewind', async (handle) => {
      await this.#rest();  // What is read again while the streams have not forgotten yet would be forgotten with the rest.
      try {
        await native.mychat_client_rewind(handle);
        this.#missed = false;
        this.#unheard = Infinity;
        this.#given = this.#acknowledged;
        for (const stream of this.#streams) stream.forget();
      } finally {
        this.#rested = null;
        this.#readOn();
      }
    });
  }

  /** End everything: connection, threads, store. Local calls made before are carried out first; requests under way reject
   *  with `'closed'`. Harmless the second time. */
  close(): Promise<void> {
    this.#closing ??= this.#last.then(async () => {
      try {
        const done = this.#done();
        if (this.#automatic && done > this.#acknowledged) await native.mychat_client_ack(this.#handle, done);
      } catch {
        // It comes again then.
      }
      try {
        await later('close', () => native.mychat_client_close(this.#handle));
      } finally {
        this.#ended();
      }
    });
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  [inspect.custom](): string {
    return `${this.constructor.name} { state: '${this.#closed ? 'closed' : this.#state}' }`;
  }

  /** @internal At the exit of the process. */
  closeNow(): void {
    this.#handle.close_now();
    this.#watcher.close();
  }

  /** @internal A local call: one after the other, so that what was called first happens first. */
  protected local<T>(operation: string, call: (handle: RawClient) => Promise<T>): Promise<T> {
    const run = this.#last.then(() => {
      this.#must(operation);
      return later(operation, () => call(this.#handle));
    });
    this.#last = run.catch(() => undefined);
    return this.#closing ? Promise.reject(closedError(operation)) : run;
  }

  /** @internal A call that only reads: it need not wait for its turn, and may use another thread meanwhile. */
  protected async reading<T>(operation: string, call: (handle: RawClient) => Promise<T>): Promise<T> {
    this.#must(operation);
    return later(operation, () => call(this.#handle));
  }

  /** @internal A networked call: `begin` gives the request, `pick` what the completion carries. */
  protected async request<T>(
    operation: string, begin: (handle: RawClient) => Promise<number>, pick: (completion: Completed) => T, options: CallOptions,
  ): Promise<T> {
    const { signal } = options;
    signal?.throwIfAborted();
    this.#must(operation);
    const { id, completion } = await this.#begin(operation, begin);
    const cancel = (): void => {
      try {
        native.mychat_client_cancel(this.#handle, id);
      } catch {
        // It completed already; its completion is on the way.
      }
    };
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    try {
      return pick(await completion);
    } catch (error) {
      if (signal?.aborted && error instanceof MyChatError && error.status === 'cancelled') throw signal.reason;
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  // A completion that comes while a request begins may be that request's: it is kept until its number is known.
  async #begin(
    operation: string, begin: (handle: RawClient) => Promise<number>,
  ): Promise<{ id: number; completion: Promise<Completed> }> {
    ++this.#beginning;
    this.#hold();
    this.#readOn();
    try {
      const id = await later(operation, () => begin(this.#handle));
      const completion = this.#completion(operation, id);
      completion.catch(() => undefined);  // Whoever began it hears of it.
      return { id, completion };
    } finally {
      if (--this.#beginning === 0) this.#early.clear();
      this.#hold();
    }
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
        this.#pending.set(id, { settle, fail: reject });
        this.#hold();
      }
    });
  }

  #must(operation: string): void {
    if (this.#closed) throw closedError(operation);
  }

  #hold(): void {
    const busy = !this.#closed && (this.#started || this.#pending.size + this.#beginning > 0);
    if (busy) keptAlive.add(this);
    else keptAlive.delete(this);
    if (!this.#closed && (this.#pending.size > 0 || (this.#started && this.#referenced))) this.#watcher.ref();
    else this.#watcher.unref();
  }

  #ended(): void {
    this.#closed = true;
    this.#state = 'offline';
    this.#watcher.close();
    openClients.delete(this.#self);
    abandoned.unregister(this);
    for (const { fail } of this.#pending.values()) fail(closedError('close'));
    this.#pending.clear();
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
    this.#hold();
    this.emit('close');
  }

  // A function of its own: a closure of the constructor would hold the client, as it shares what the others there hold.
  static #reader(self: WeakRef<ClientCore>): () => void {
    return () => {
      const client = self.deref();
      if (client !== undefined) client.#read();
    };
  }

  // The descriptor is readable. What is there is read on another thread, as it may be in the store, and handled here.
  #read(): void {
    this.#watcher.pause();
    this.#reading = true;
    native.mychat_js_take(this.#handle, BATCH).then(
      (batch) => this.#handleFrom(batch, 0),
      (error: unknown) => {
        this.#reading = false;
        this.#failed(translated(error, 'poll'));
      },
    ).catch((error: unknown) => process.nextTick(() => { throw error; }));  // Of a listener: as from any callback.
  }

  // Handles events for no longer than a turn of the loop may take, and the rest in the next ones.
  #handleFrom(batch: RawEvent[], first: number): void {
    const until = performance.now() + TURN_MS;
    let index = first;
    try {
      while (index < batch.length && !this.#closed) {
        const raw = batch[index++]!;
        try {
          this.#take(raw);
        } finally {
          native.mychat_event_free(raw);
        }
        if ((index & 7) === 0 && performance.now() > until) break;
      }
    } finally {
      this.#acknowledge();
      if (index < batch.length && !this.#closed) setImmediate(() => this.#handleFrom(batch, index));
      else this.#hasRead();
    }
  }

  #hasRead(): void {
    this.#reading = false;
    this.#holding = true;
    this.#rested?.();
    this.#readOn();
  }

  // Ends when no event is being read, and none will be until `#rested` is taken away.
  async #rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#rested = resolve;
      if (this.#reading) return;
      this.#watcher.pause();
      this.#holding = true;
      resolve();
    });
  }

  // Reads on after a batch, unless a stream is full. Completions come the same way: while one is waited for, it goes on.
  #readOn(): void {
    if (!this.#holding || this.#rested !== null || this.#closed) return;
    if (this.#pending.size + this.#beginning === 0) for (const stream of this.#streams) if (stream.full) return;
    this.#holding = false;
    this.#watcher.resume();
  }

  #failed(error: unknown): void {
    this.#rested?.();
    if (error instanceof MyChatError && error.status === 'closed') return;
    this.#watcher.close();  // It would stay readable.
    for (const { fail } of this.#pending.values()) fail(error);
    this.#pending.clear();
    for (const stream of this.#streams) stream.end({ reason: error });
    this.#hold();
    this.emit('error', error);
  }

  #take(raw: RawEvent): void {
    const type = typeNames.get(raw.type);
    if (type === undefined) return;
    if (type === 'completion') {
      const { completion } = raw;
      this.#complete(completion.request, completed(completion));
      return;
    }
    const event = toEvent(raw, type);
    if (event === null) return;
    if (event.type === 'connection') this.#state = event.connection.state;
    if (!this.#hears(type)) {
      if (event.seq !== 0) this.#missed = true;
      if (type === 'message') this.#unheard = Math.min(this.#unheard, event.seq);
      return;
    }
    for (const stream of this.#streams) stream.push(event);
    (this.emit as (name: string, ...values: unknown[]) => boolean)(type, payload(event), event);
    this.emit('event', event);
    if (event.seq > this.#given) this.#given = event.seq;
  }

  #hears(type: ClientEvent['type']): boolean {
    return this.#streams.size > 0 || this.listenerCount(type) > 0 || this.listenerCount('event') > 0;
  }

  // A sequence ended before it was done with these: they are kept for the next one.
  #leaveBehind(events: ClientEvent[]): void {
    const first = events.find((event) => !this.#hears(event.type));
    if (first === undefined) return;
    this.#missed = true;
    this.#unheard = Math.min(this.#unheard, first.seq);
  }

  #complete(request: number, completion: Completed): void {
    const { operation } = completion;
    if (completion.error === null) {
      if (operation === 'register' || operation === 'login') this.#started = true;
      if (operation === 'logout' || operation === 'deleteAccount') this.#started = false;
    }
    const pending = this.#pending.get(request);
    if (pending === undefined) {
      if (this.#beginning > 0) this.#early.set(request, completion);
      return;
    }
    this.#pending.delete(request);
    this.#hold();
    pending.settle(completion);
  }

  #giveAgain(): void {
    this.#missed = false;  // Once is enough.
    this.rewind().catch((error: unknown) => this.#failed(error));
  }

  // The number up to which nothing waits for anybody.
  #done(): number {
    let done = Math.min(this.#given, this.#unheard - 1);
    for (const stream of this.#streams) done = Math.min(done, stream.outstanding() - 1);
    return done;
  }

  // Acknowledges what every listener and stream is done with; one call at a time, so that a burst costs one commit.
  #acknowledge(): void {
    if (!this.#automatic || this.#acknowledging || this.closed) return;
    const done = this.#done();
    if (done <= this.#acknowledged) return;
    this.#acknowledging = true;
    this.ack(done).then(
      () => {
        this.#acknowledging = false;
        this.#acknowledge();
      },
      (error: unknown) => {
        this.#acknowledging = false;
        this.#failed(error);
      },
    );
  }
}

function closedError(operation: string): MyChatError {
  const status = statuses.value('closed');
  return new MyChatError({ status, domain: 1, detail: 0, retryable: 0, message: 'The client is closed.' }, operation);
}

function payload(event: ClientEvent): unknown {
  switch (event.type) {
    case 'message':
    case 'messageStatus':
      return event.message;
    case 'connection':
    case 'sessionEnded':
      return event.connection;
    case 'progress':
      return event.progress;
    case 'typing':
      return event.typing;
    case 'presence':
      return event.presence;
    default:
      return event.contact;
  }
}
