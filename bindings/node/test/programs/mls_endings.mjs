// Ends in the way that the first argument names, with groups of MLS under way.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import * as mls from 'mychat/mls';

const way = isMainThread ? process.argv[2] : workerData;
const tick = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));
const key = mls.newSignatureKey();
const leaf = { credential: mls.basicCredential(Buffer.from('anna')), privateKey: key };
const second = { credential: mls.basicCredential(Buffer.from('bela')), privateKey: mls.newSignatureKey() };
const all = { acceptAll: true };

async function two(options = all) {
  const group = await mls.Group.create(options, leaf);
  const pack = mls.KeyPackage.create(second);
  const commit = await group.commit([mls.proposeAdd(pack.message)]);
  await group.apply(commit);
  return [group, (await mls.Group.join(options, commit.welcome, [pack])).group];
}
async function collect() {
  for (let round = 0; round < 5; ++round) {
    globalThis.gc();
    await tick(5);
  }
}
async function until(look) {
  for (let tries = 0; !look(); ++tries) {
    if (tries > 200) throw new Error(`${way}: it did not come about`);
    await collect();
  }
}

const ways = {
  // Nothing is closed; nothing keeps the process alive.
  async leave() {
    const [a, b] = await two();
    await b.process(await a.protect('x'));
  },
  // Groups that nobody refers to any more are collected, whatever is under way on them.
  async collected() {
    const seen = [];
    await (async () => {
      for (let round = 0; round < 20; ++round) {
        const [a, b] = await two();
        for (const one of [a, b, await a.commit()]) seen.push(new WeakRef(one));
        void b.process(await a.protect('x'));
        void a.members();
      }
    })();
    await until(() => seen.every((one) => one.deref() === undefined));
  },
  // What is asked may hold the group that asks it.
  async cycles() {
    let gone;
    await (async () => {
      const judge = { accept: () => judge.accept !== undefined, group: null };
      gone = new WeakRef(judge);
      judge.group = await mls.Group.create({ accept: () => judge.accept() }, leaf);
      await judge.group.members();
    })();
    await until(() => gone.deref() === undefined);
  },
  // Nothing grows with the calls made: groups, messages, key packages, failures.
  async memory() {
    const [a, b] = await two({ accept: async () => true });
    const data = Buffer.alloc(400_000, 1);
    const round = async () => {
      await b.process(await a.protect(data));
      await b.process(data).catch(() => undefined);
      const group = await mls.Group.create({ accept: async () => true, psk: () => null }, leaf);
      await group.commit([mls.proposePsk(data.subarray(0, 100))]).catch(() => undefined);
      const commit = await group.commit();
      await group.apply(commit);
      await group.save();
      mls.KeyPackage.create(leaf).close();
      group.close();
      commit.close();
    };
    for (let count = 0; count < 50; ++count) await round();
    await collect();
    const before = process.memoryUsage().rss;
    for (let count = 0; count < 150; ++count) await round();
    await collect();
    const grown = Math.round((process.memoryUsage().rss - before) / 1e6);
    if (grown > 40) throw new Error(`${grown} MB`);
  },
  // Exit while a call waits for an answer that never comes.
  async exit_asked() {
    let asked = 0;
    for (let count = 0; count < 70; ++count)  // More than run at once.
      void mls.Group.create({ accept: () => { ++asked; return new Promise(() => undefined); } }, leaf);
    while (asked < 3) await tick(1);
    process.exit(0);
  },
  async exit_busy() {
    const [a, b] = await two();
    const message = await a.protect('x');
    for (let count = 0; count < 50; ++count) {
      void mls.Group.create({ accept: () => true }, leaf);
      void b.process(message).catch(() => undefined);
      void a.save();
    }
    await tick(2);
    process.exit(0);
  },
  // What is asked throws while nobody waits for the call: it ends the process as any unhandled rejection does.
  async thrown() {
    process.on('unhandledRejection', (error) => process.exit(error.message === 'aus einer Frage' ? 0 : 7));
    void mls.Group.create({ accept: () => { throw new Error('aus einer Frage'); } }, leaf);
    await tick(5000);
    process.exitCode = 3;
  },
  async close_busy() {
    for (let round = 0; round < 30; ++round) {
      const [a, b] = await two();
      const calls = [a.commit(), a.protect('x'), a.save(), b.members(), b.commit()];
      a.close();
      b.close();
      await Promise.all(calls);
    }
  },
  // Worker threads that end by themselves, and that are terminated while calls are asked and under way.
  async workers() {
    const make = (inner) => new Worker(new URL(import.meta.url), { workerData: inner });
    const end = (worker) => new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    const codes = await Promise.all([make('leave'), make('close_busy')].map(end));
    if (codes.some((code) => code !== 0)) throw new Error(`codes ${codes}`);
    for (let count = 0; count < 8; ++count) {
      const worker = make(count % 2 ? 'stay' : 'stay_asked');
      const ended = end(worker);
      await new Promise((resolve) => worker.once('message', resolve));
      await tick(count);
      await worker.terminate();
      await ended;
    }
    const last = make('stay_asked');
    await new Promise((resolve) => last.once('message', resolve));
    process.exit(0);
  },
  async stay() {
    const [a, b] = await two();
    parentPort.postMessage('here');
    for (;;) await b.process(await a.protect('x'));
  },
  async stay_asked() {
    void mls.Group.create({ accept: () => { parentPort.postMessage('here'); return new Promise(() => undefined); } }, leaf);
    await tick(60_000);
  },
};
await ways[way]();
