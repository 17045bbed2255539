/**
 * Test kit: a throw-away node, and clients on it.
 *
 * @packageDocumentation
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Client } from './client';
import type { ClientOptions } from './options';

/** How to start a node. */
export interface NodeOptions {
  /** The mychat-server program. Default: `MYCHAT_SERVER`, else `mychat-server` in `PATH`. */
  server?: string | undefined;
  /** The part of its users' handles after the `@`: default `localhost`. */
  domain?: string | undefined;
  /** The port to listen on: default any that is free. */
  port?: number | undefined;
  /** More arguments of `mychat-server dev`. */
  flags?: readonly string[] | undefined;
  /** Milliseconds to wait for it: default 30,000. */
  timeout?: number | undefined;
}

function findServer(options: NodeOptions): string {
  const named = options.server ?? process.env['MYCHAT_SERVER'];
  if (named) return named;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'mychat-server');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next one.
    }
  }
  throw new Error('No mychat-server: set MYCHAT_SERVER, or put it into PATH');
}

function ended(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** A throw-away node on loopback. */
export class TestNode {
  readonly #options: NodeOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mychat-test-'));
  readonly #clients = new Set<Client>();
  #process: ChildProcess | null = null;
  #port = 0;
  #url = '';
  #output = '';
  #stores = 0;
  #stopped = false;

  /** @internal Use {@link startNode}. */
  constructor(options: NodeOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  /** Where it listens: `http://127.0.0.1:PORT`. */
  get url(): string {
    return this.#url;
  }
  get port(): number {
    return this.#port;
  }
  /** The part of its users' handles after the `@`. */
  get domain(): string {
    return this.#options.domain ?? 'localhost';
  }
  /** A folder that is removed with the node, for stores and other files. */
  get folder(): string {
    return this.#folder;
  }
  /** What the node wrote. */
  get output(): string {
    return this.#output;
  }

  /** Starts it; again after {@link TestNode.halt}, on the same port and data, but not after {@link TestNode.stop}. */
  async start(): Promise<this> {
    if (this.#stopped) throw new Error('The node was stopped, and its folder removed: start another one');
    if (this.#process !== null) return this;
    const { flags = [], timeout = 30_000 } = this.#options;
    const ready = join(this.#folder, 'ready');
    rmSync(ready, { force: true });
    // The node ends, and erases its folder, when its standard input ends: however this process ended.
    const child = spawn(findServer(this.#options), ['dev', '--lifeline', '--port', String(this.#port), '--data-dir',
      this.#folder, '--domain', this.domain, '--ready-file', ready, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.on('error', (error) => (this.#output += String(error)));
    child.stdin.on('error', () => undefined);
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => (this.#output = (this.#output + text).slice(-100_000)));
      (output as unknown as { unref(): void }).unref();
    }
    (child.stdin as unknown as { unref(): void }).unref();
    child.unref();
    this.#process = child;
    const until = performance.now() + timeout;
    while (!(await this.#ready(ready))) {
      await delay(20);  // In which it is heard why a process could not begin at all.
      if (ended(child) || performance.now() > until) {
        await this.stop();
        throw new Error(`The node did not start: ${this.#output}`);
      }
    }
    return this;
  }

  async #ready(file: string): Promise<boolean> {
    try {
      const facts = new Map(readFileSync(file, 'utf8').split('\n').map((line) => line.split('=', 2) as [string, string]));
      if (!facts.get('PORT') || !facts.get('URL')) return false;
      this.#port = Number(facts.get('PORT'));
      this.#url = facts.get('URL')!;
      const answer = await fetch(`${this.#url}/ready`, { signal: AbortSignal.timeout(2000) });
      return answer.ok;
    } catch {
      return false;
    }
  }

  /** Ends the node but keeps its data and clients, for tests of lost connections. */
  async halt(): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    this.#process = null;
    if (ended(child)) return;
    const gone = once(child, 'exit');
    child.ref();
    child.kill('SIGTERM');
    await gone;
  }

  /** A client on this node, with a store in {@link TestNode.folder}; closed with the node. */
  async client(options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = await Client.create({
      store: join(this.#folder, `client-${++this.#stores}.mychat`), passphrase: 'geheim ß', nodeUrl: this.#url, ...options,
    });
    this.#clients.add(client);
    return client;
  }

  /** A client whose user is registered and online. */
  async user(username: string, options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = await this.client(options);
    await client.register({ username, password: `${username}'s password` });
    return client;
  }

  /** Ends the node and its clients, and removes its folder. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled([...this.#clients].map((client) => client.close()));
    this.#clients.clear();
    await this.halt();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts a throw-away node: `await using node = await startNode()`. It ends with the process at the latest. */
export function startNode(options: NodeOptions = {}): Promise<TestNode> {
  return new TestNode(options).start();
}
