// What the tests of this folder share.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MyChatError } from 'mychat';

export const LIMIT = 60_000; // Milliseconds that no single step ever needs.
export const TEXTS = [
  'Grüße aus Köln', 'Здравствуй, мир', '你好，世界', 'مرحبا بالعالم', '👩‍👩‍👧‍👦🏳️‍🌈', 'e\u0301 is not \u00e9', 'ß'.repeat(5000),
];

/** Every event of a client from now on, and a way to wait for one. */
export class Watch {
  events = [];
  #waiting = new Set();

  constructor(client) {
    client.on('event', (event) => {
      this.events.push(event);
      for (const look of [...this.#waiting]) look();
    });
  }

  /** The first event that `wanted` says yes to; it is taken out. */
  take(wanted, limit = LIMIT) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`No such event among ${this.events.map((event) => event.type).join(' ')}`));
      }, limit);
      const look = () => {
        const index = this.events.findIndex(wanted);
        if (index < 0) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(this.events.splice(index, 1)[0]);
      };
      this.#waiting.add(look);
      look();
    });
  }

  async message(text) {
    return (await this.take((event) => event.type === 'message' && event.message.text === text)).message;
  }

  async status(id, status) {
    return (await this.take((event) => event.type === 'messageStatus' && event.message.id === id && event.message.status === status)).message;
  }

  async state(state) {
    return (await this.take((event) => event.type === 'connection' && event.connection.state === state)).connection;
  }
}

/** That it rejects with a MyChatError that has these fields. */
export async function refused(promise, fields) {
  let error = null;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  assert.ok(error instanceof MyChatError, `no MyChatError but ${error}`);
  for (const [name, value] of Object.entries(fields)) assert.deepEqual(error[name], value, `${name} of ${error.stack}`);
  assert.ok(error.message.length > 5);
  assert.ok(error.operation);
  return error;
}

/** Waits until `look` gives something true. */
export async function eventually(look, limit = LIMIT) {
  const until = performance.now() + limit;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(performance.now() < until, 'it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs a program of test/programs with Node; its output, and how it ended. */
export function program(name, args = [], { flags = [], env = {}, node = process.execPath, limit = LIMIT } = {}) {
  const path = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
  return new Promise((resolve) => {
    const child = spawn(node, [...flags, path, ...args], {
      env: { ...process.env, NODE_TEST_CONTEXT: '', ...env }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, out, err });
    });
  });
}

/** That a program ended well. */
export async function runs(name, args, options) {
  const result = await program(name, args, options);
  assert.equal(result.code, 0, `${name} ${(args ?? []).join(' ')}: ${result.signal ?? result.code}\n${result.out}\n${result.err}`);
  return result.out;
}
