import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

import { Client } from './client';
import { MyChatError } from './errors';
import type { EventStream } from './journal';
import type { ClientOptions } from './options';
import type { SecretInput } from './secret';
import type { Account, Message } from './values';

/** How to run a bot. */
export interface BotOptions extends Omit<ClientOptions, 'acknowledge' | 'signal'> {
  /** The bot's user: registered at the first start, logged in when the store is new but the user is not. */
  username: string;
  password: SecretInput;
  /** Invite token, where the node wants one. */
  invite?: string | undefined;
  /** How often a message is given to the listeners before it is left: default 3. */
  attempts?: number | undefined;
  /** Milliseconds before the second attempt, doubled for each one after: default 1,000. */
  retryDelay?: number | undefined;
}

/** Answers the message at hand. Sent once, however often the message is given to the bot: the id of the answer is made
 *  from the message's and the answer's place among its answers.
 *  @returns The answer's id. */
export type Reply = (data: string | Uint8Array) => Promise<string>;

/** The events of a bot. */
export interface BotEvents {
  /** A message arrived that can be read. The bot waits for what the listener returns before it goes on, and
   *  acknowledges the message then. */
  message: [message: Message, reply: Reply];
  /** A listener failed for the last time (the bot goes on with the next message), or the bot's client did (it is over). */
  error: [error: unknown, message: Message | null];
}

/** UUID of the `index`th answer to a message: the same after a restart. */
function replyId(handle: string, message: Message, index: number): string {
  const hash = createHash('sha256').update(`mychat bot\0${handle}\0${message.peer}\0${message.id}\0${index}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;  // Version 8: of the application's own making.
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/**
 * A program that answers messages. Messages are handled one after the other, in order; what was not handled when the
 * program ended is given to it again at the next start, and answers are sent once nevertheless.
 */
export class Bot extends EventEmitter<BotEvents> {
  readonly #options: BotOptions;
  #client: Client | null = null;
  #stream: EventStream | null = null;
  #work: Promise<void> = Promise.resolve();
  readonly #stopping = new AbortController();

  constructor(options: BotOptions) {
    super();
    this.#options = options;
  }

  /** The client, for everything else. */
  get client(): Client {
    if (this.#client === null) throw new Error('The bot has not started');
    return this.#client;
  }

  /** Opens the store, registers or logs in if that was not done yet, and goes online.
   *  @returns The account: its `handle` is where the bot is written to. */
  async start(): Promise<Account> {
    if (this.#client !== null) throw new Error('The bot has started');
    const client = await Client.create({ ...this.#options, acknowledge: 'manual' });
    this.#client = client;
    try {
      this.#stopping.signal.throwIfAborted();  // `stop` found nothing to close yet.
      client.on('error', (error) => this.emit('error', error, null));
      this.#stream = client.events();
      let account = await client.account();
      if (account.loggedIn) await client.start();
      else account = account.handle === '' ? await this.#enter(client) : await this.#logIn(client);
      this.#work = this.#run(this.#stream, client, account.handle);
      return account;
    } catch (error) {
      this.#client = null;
      await client.close();
      throw error;
    }
  }

  /** Lets the message at hand be handled, and ends. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#stream?.return();
    await this.#work;
    await this.#client?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  [inspect.custom](): string {
    return `Bot { username: '${this.#options.username}' }`;
  }

  async #enter(client: Client): Promise<Account> {
    const { username, password, invite } = this.#options;
    try {
      return await client.register({ username, password, invite });
    } catch (error) {
      if (!(error instanceof MyChatError) || error.status !== 'alreadyExists') throw error;
      return this.#logIn(client);
    }
  }

  #logIn(client: Client): Promise<Account> {
    const { username, password } = this.#options;
    return client.login({ username, password, signal: this.#stopping.signal });
  }

  // The node ended the session. Until it can be reached again nothing else is to be done.
  async #enterAgain(client: Client): Promise<void> {
    const { retryDelay = 1000 } = this.#options;
    for (let attempt = 0; ; ++attempt) {
      try {
        await this.#logIn(client);
        return;
      } catch (error) {
        if (!(error instanceof MyChatError) || !error.retryable) throw error;
      }
      await delay(retryDelay * 2 ** Math.min(attempt, 6), undefined, { signal: this.#stopping.signal });
    }
  }

  async #run(stream: EventStream, client: Client, handle: string): Promise<void> {
    try {
      for await (const event of stream) {
        if (event.type === 'sessionEnded') await this.#enterAgain(client);
        if (event.type === 'message' && event.message.direction === 'in' && event.message.readable)
          if (!(await this.#handle(client, handle, event.message))) return;
        if (event.seq !== 0) await client.ack(event);
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.emit('error', error, null);
    }
  }

  // False when the bot stops before the message was handled: it comes again.
  async #handle(client: Client, handle: string, message: Message): Promise<boolean> {
    const { attempts = 3, retryDelay = 1000 } = this.#options;
    for (let attempt = 1; ; ++attempt) {
      let index = 0;
      const reply: Reply = (data) => send(client, message.peer, data, replyId(handle, message, index++));
      try {
        for (const listener of this.listeners('message')) await listener.call(this, message, reply);
        return true;
      } catch (error) {
        if (attempt >= attempts) {
          this.emit('error', error, message);
          return true;
        }
      }
      try {
        await delay(retryDelay * 2 ** (attempt - 1), undefined, { signal: this.#stopping.signal });
      } catch {
        return false;
      }
    }
  }
}

async function send(client: Client, recipient: string, data: string | Uint8Array, messageId: string): Promise<string> {
  try {
    return await client.send({ recipient, data, messageId });
  } catch (error) {
    // Answered before, in other words: the first answer stands.
    if (error instanceof MyChatError && error.status === 'alreadyExists') return messageId;
    throw error;
  }
}
