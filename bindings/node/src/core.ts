/* What every method of a client stands on: the native handle, the order of local calls, who hears of events, and their
 * acknowledgement. */
import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';

import { completed, event as toEvent, payload, type Completed } from './convert';
import { eventTypes } from './enums';
import { closedError, later, MyChatError, now } from './errors';
import { EventStream } from './journal';
import { native, type RawClient, type RawEvent, type RawWatcher } from './native';
import { EventReader } from './reader';
import { Requests } from './requests';
import type { ClientEvent, ClientEvents, Connection } from './values';

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
  readonly #reader: EventReader;
  readonly #self: WeakRef<ClientCore>;
  readonly #automatic: boolean;
  readonly #requests: Requests;
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
  #missed = false;  // An event of the journal came while nobody was there for it.
  #unheard = Infinity;  // The first message among them, which must not be acknowledged.

  /** @internal */
  protected constructor(handle: RawClient, automatic: boolean) {
    super();
    this.#handle = handle;
    this.#automatic = automatic;
    const self = new WeakRef<ClientCore>(this);
    this.#self = self;
    this.#requests = new Requests(() => {
      this.#hold();
      this.#reader.readOn();
    });
    this.#reader = new EventReader(handle, {
      take: (raw) => this.#take(raw),
      took: () => this.#acknowledge(),
      wants: () => this.#wants(),
      failed: (error) => this.#failed(error),
    });
    openClients.add(self);
    abandoned.register(this, { watcher: this.#reader.watcher, ref: self }, this);
    this.#lookForListeners();
  }

  // Who listens for the first time is given what nobody was there for.
  #lookForListeners(): void {
    EventEmitter.prototype.on.call(this, 'newListener', () => {
      if (this.#missed) this.#giveAgain();
    });
  }

  override removeAllListeners(event?: keyof ClientEvents): this {
    if (event === undefined) super.removeAllListeners();
    else super.removeAllListeners(event);
    if (this.listenerCount('newListener' as keyof ClientEvents) === 0) this.#lookForListeners();
    return this;
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
    const leave = (): void => {
      if (this.#streams.delete(stream)) this.#leaveBehind(stream.unfinished());
      this.#reader.readOn();
    };
    const aborted = (): void => {
      leave();
      stream.abort(signal?.reason);
    };
    const stream = new EventStream(highWaterMark, {
      progressed: () => this.#acknowledge(),
      asked: () => this.#reader.readOn(),
      left: leave,
      ended: () => signal?.removeEventListener('abort', aborted),
    });
    signal?.addEventListener('abort', aborted, { once: true });
    if (this.#closed) stream.end();
    else this.#streams.add(stream);
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
      await this.#reader.rest();  // What is read again while the streams have not forgotten yet would be forgotten with the rest.
      try {
        await native.mychat_client_rewind(handle);
        this.#missed = false;
        this.#unheard = Infinity;
        this.#given = this.#acknowledged;
        for (const stream of this.#streams) stream.forget();
      } finally {
        this.#reader.goOn();
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
    this.#reader.close();
  }

  /** @internal A local call: one after the other, so that what was called first happens first. */
  protected local<T>(operation: string, call: (handle: RawClient) => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(closedError(operation));
    const run = this.#last.then(() => later(operation, () => call(this.#handle)));  // `close` waits for it.
    this.#last = run.catch(() => undefined);
    return run;
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
    const { id, completion } = await this.#requests.begin(operation, () => begin(this.#handle));
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

  #must(operation: string): void {
    if (this.closed) throw closedError(operation);
  }

  #hold(): void {
    const busy = !this.#closed && (this.#started || this.#requests.underWay);
    if (busy) keptAlive.add(this);
    else keptAlive.delete(this);
    if (!this.#closed && (this.#requests.waiting || (this.#started && this.#referenced))) this.#reader.watcher.ref();
    else this.#reader.watcher.unref();
  }

  #ended(): void {
    this.#closed = true;
    this.#state = 'offline';
    this.#reader.close();
    openClients.delete(this.#self);
    abandoned.unregister(this);
    this.#requests.close();
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
    this.#hold();
    this.emit('close');
  }

  // No stream is full. Completions come the same way as events: while one is waited for, it goes on.
  #wants(): boolean {
    if (this.#requests.underWay) return true;
    for (const stream of this.#streams) if (stream.full) return false;
    return true;
  }

  #failed(error: unknown): void {
    if (error instanceof MyChatError && error.status === 'closed') return;
    this.#reader.watcher.close();  // It would stay readable.
    this.#requests.fail(error);
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
    this.#requests.complete(request, completion);
    this.#hold();
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
