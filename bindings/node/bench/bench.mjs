// The Node part of ./dev bench bindings: bench.mjs FLOOR_PROGRAM TARBALL. Prints lines of JSON; times in microseconds unless
// the unit says otherwise. `floor` is what the C ABI takes for the same in the same run, `ratio` median / floor.
import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'mychat';
import { startNode } from 'mychat/testing';

const [, , floorProgram, tarball] = process.argv;
const require = createRequire(import.meta.url);
const { native } = require('../dist/native.js');
const ROUNDS = 15;
const MESSAGES = 1000;

function print(name, unit, samples, floor = null) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  const round = (value) => (value === null ? null : Number(value.toPrecision(4)));
  console.log(JSON.stringify({
    name: `node.${name}`, unit, median: round(at(0.5)), p95: round(at(0.95)), n: samples.length, floor: round(floor),
    ratio: floor ? round(at(0.5) / floor) : null,
  }));
}

function each(count, call) {
  const samples = [];
  for (let round = 0; round < ROUNDS; ++round) {
    const begun = performance.now();
    for (let i = 0; i < count; ++i) call(i);
    samples.push(((performance.now() - begun) * 1000) / count);
  }
  return samples;
}

const node = await startNode();
const store = join(node.folder, 'bench.mychat');
const [anna, bela] = await Promise.all([node.user('anna'), node.user('bela', { store, acknowledge: 'manual' })]);
await Promise.all([anna.addContact('bela@localhost'), bela.addContact('anna@localhost')]);

// Lag of the loop with 20 networked calls always under way.
const lag = monitorEventLoopDelay({ resolution: 1 });
await delay(200);
lag.enable();
await delay(2000);
const idle = lag.percentile(99) / 1e6;
lag.reset();
const until = performance.now() + 5000;
let calls = 0;
await Promise.all(Array.from({ length: 20 }, async () => {
  for (; performance.now() < until; ++calls) await anna.lookup('bela@localhost');
}));
lag.disable();
const p99 = lag.percentile(99) / 1e6;
print('loop_lag_p99_20_calls', 'ms', [p99], idle);
print('networked_calls', '1/s', [calls / 5]);

// A thousand messages in the journal of bela, given again and again.
let heard = 0;
bela.on('message', () => heard++);
await Promise.all(Array.from({ length: MESSAGES }, (_, index) => anna.sendText('bela@localhost', `Nachricht ${index} ✓`)));
for (let tries = 0; heard < MESSAGES && tries < 6000; ++tries) await delay(20);
if (heard < MESSAGES) throw new Error(`${heard} messages came`);
await bela.stop();
await delay(500);
const events = [];
for (let round = 0; round < ROUNDS; ++round) {
  heard = 0;
  const begun = performance.now();
  await bela.rewind();
  while (heard < MESSAGES) await new Promise(setImmediate);
  events.push(((performance.now() - begun) * 1000) / MESSAGES);
}
await bela.close();
const floor = JSON.parse(execFileSync(floorProgram, [store, 'geheim ß', String(ROUNDS)], { encoding: 'utf8' }));
const middle = floor.events.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] / 1000;
print('call', 'us', each(200_000, (i) => native.mychat_status_name(i & 7)), floor.name / 1000);
const quiet = await Client.create({ store, passphrase: 'geheim ß', acknowledge: 'manual' });
quiet.on('event', () => undefined);
await delay(500);
const handle = await native.mychat_client_create(Object.assign(new native.mychat_client_options(), {
  store_path: join(node.folder, 'empty.mychat'), passphrase: 'x',
}));
print('poll', 'us', each(50_000, () => native.mychat_client_poll(handle, 0)), floor.poll / 1000);
print('event', 'us', events, middle);
print('events', '1/s', events.map((microseconds) => 1e6 / microseconds), 1e6 / middle);
const local = [];
for (let i = 0; i < 500; ++i) {
  const begun = performance.now();
  await quiet.policy();
  local.push((performance.now() - begun) * 1000);
}
print('local_call_off_loop', 'us', local);
await quiet.close();
await node.stop();

const load = (code) => Array.from({ length: ROUNDS }, () => Number(spawnSync(process.execPath, ['-e',
  `const t = performance.now(); ${code}; process.stdout.write(String(performance.now() - t))`], { encoding: 'utf8' }).stdout));
print('require', 'ms', load(`require(${JSON.stringify(require.resolve('mychat'))})`));
if (tarball) print('tarball', 'bytes', [statSync(tarball).size]);
