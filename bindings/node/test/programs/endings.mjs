// Ends in the way that the first argument names. The node is at the second, and its folder the third.
import { join } from 'node:path';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { Client } from 'mychat';

const [, , way, nodeUrl, folder] = isMainThread ? process.argv : [0, 0, workerData.way, workerData.nodeUrl, workerData.folder];
let stores = 0;
const open = (more) => Client.create({
  store: join(folder, `${way}-${process.pid}-${isMainThread ? 'main' : workerData.id}-${++stores}.mychat`), passphrase: 'größe', nodeUrl, ...more,
});
const username = () => `u${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
const tick = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));
async function collect() {
  for (let round = 0; round < 5; ++round) {
    globalThis.gc();
    await tick(5);
  }
}

const ways = {
  // Nothing is closed; nothing keeps the process alive.
  async leave() {
    const client = await open();
    client.on('message', () => undefined);
    await client.nodeInfo();
  },
  // Clients that nobody refers to any more are collected with what they hold.
  async collected() {
    const descriptors = await import('node:fs').then((fs) => () => fs.readdirSync('/proc/self/fd').length);
    const threads = await import('node:fs').then((fs) => () => fs.readdirSync('/proc/self/task').length);
    await (async () => { await (await open()).close(); })();
    await collect();
    const [descriptorsBefore, threadsBefore] = [descriptors(), threads()];
    await Promise.all(Array.from({ length: 8 }, async () => { await (await open()).nodeInfo(); }));
    await (async () => { const client = await open(); client.events(); client.on('event', () => undefined); })();
    for (let tries = 0; descriptors() > descriptorsBefore || threads() > threadsBefore; ++tries) {
      if (tries > 200) throw new Error(`descriptors ${descriptorsBefore} to ${descriptors()}, threads ${threadsBefore} to ${threads()}`);
      await collect();
    }
  },
  // Exit while calls are under way on other threads.
  async exit_busy() {
    const client = await open();
    await client.start();
    void client.register({ username: username(), password: 'paßwort1' });
    void client.checkStore();
    void open();
    void client.changePassphrase('neue größe');
    await tick(30);
    process.exit(0);
  },
  async exit_online() {
    const client = await open();
    await client.register({ username: username(), password: 'paßwort1' });
    void client.sendText('niemand@localhost', 'Grüße');
    process.exit(0);
  },
  // An exception ends the process as it ends any.
  async thrown() {
    const client = await open();
    client.on('connection', () => { throw new Error('aus einem Zuhörer'); });
    process.on('uncaughtException', (error) => {
      if (error.message === 'aus einem Zuhörer') process.exit(0);
    });
    await client.register({ username: username(), password: 'paßwort1' });
    await tick(5000);
    process.exitCode = 3;
  },
  // Closed under its own calls; they settle, one way or the other.
  async close_busy() {
    const client = await open();
    const all = [client.nodeInfo(), client.account(), client.checkStore(), client.history('anna@localhost'), client.setPolicy(['noTyping'])];
    const registered = client.register({ username: username(), password: 'paßwort1' });
    registered.catch(() => undefined);
    await client.close();
    const settled = await Promise.allSettled([...all, registered]);
    for (const { status, reason } of settled)
      if (status === 'rejected' && !['closed', 'cancelled'].includes(reason.status)) throw reason;
    if (settled.at(-1).status !== 'rejected' || settled[4].status !== 'fulfilled') throw new Error(JSON.stringify(settled));
  },
  // A started client keeps the process until it is closed, unless it is told not to.
  async unref() {
    const client = await open();
    await client.register({ username: username(), password: 'paßwort1' });
    client.unref();
  },
  async ref() {
    const client = await open();
    await client.register({ username: username(), password: 'paßwort1' });
    process.on('exit', () => { if (process.uptime() * 1000 < mark + 700) process.exitCode = 4; });
    const mark = process.uptime() * 1000;
    setTimeout(() => void client.close(), 800).unref();
  },
  // A client whose variable went away goes on while it is online.
  async forgotten() {
    let heard = 0;
    await (async () => {
      const client = await open();
      await client.register({ username: username(), password: 'paßwort1' });
      client.on('message', () => { heard++; process.exit(0); });
      const { handle } = await client.account();
      const other = await open();
      await other.register({ username: username(), password: 'paßwort1' });
      setTimeout(() => void other.sendText(handle, 'noch da?'), 200);
    })();
    for (let tries = 0; tries < 100; ++tries) { globalThis.gc(); await tick(50); }
    process.exitCode = 5;
  },
  async many() {
    const clients = await Promise.all(Array.from({ length: 12 }, () => open()));
    await Promise.all(clients.map((client) => client.nodeInfo()));
    for (const [index, client] of clients.entries()) if (index % 2) void client.close();
    clients.length = 0;
    globalThis.gc();
  },
  // Worker threads: clients of their own, ended in order, by terminate(), and by the exit of the process.
  async workers() {
    const make = (inner, id) => new Worker(new URL(import.meta.url), { workerData: { way: inner, nodeUrl, folder, id } });
    const end = (worker) => new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    const codes = await Promise.all([make('leave', 1), make('close_busy', 2), make('leave', 3), make('many_no_gc', 4)].map(end));
    if (codes.some((code) => code !== 0)) throw new Error(`codes ${codes}`);
    for (let id = 5; id < 11; ++id) {
      const worker = make('stay', id);
      const ended = end(worker);
      await new Promise((resolve) => worker.once(id % 2 ? 'online' : 'message', resolve));
      if (id % 3) await tick(id * 5);
      await worker.terminate();
      await ended;
    }
    make('stay', 11);
    await new Promise((resolve) => make('stay', 12).once('message', resolve));
    process.exit(0);
  },
  async many_no_gc() {
    const clients = await Promise.all(Array.from({ length: 4 }, () => open()));
    await Promise.all(clients.map((client) => client.nodeInfo()));
  },
  async stay() {
    const { parentPort } = await import('node:worker_threads');
    const client = await open({ log: () => undefined, logLevel: 'trace' });
    await client.start();
    void client.register({ username: username(), password: 'paßwort1' });
    parentPort.postMessage('here');
    await tick(60_000);
  },
};
await ways[way]();
