// What a client does when it is closed, left or given odd things to do: nothing is lost, done twice or left behind.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'mychat';
import { startNode } from 'mychat/testing';
import { eventually, program, refused } from './support.mjs';

let node;
before(async () => (node = await startNode()));
after(() => node.stop());

let number = 0;
const store = () => join(node.folder, `odd-${++number}.mychat`);
const open = (options) => Client.create({ store: store(), passphrase: 'größe', nodeUrl: node.url, ...options });

test('what is called after close() is refused, and not done', async () => {
  const path = store();
  const client = await open({ store: path });
  await client.register({ username: 'closing', password: 'ein Paßwort' });
  const anna = await node.user('anna_closing');
  client.on('message', () => undefined);
  const events = client.events();
  await anna.sendText('closing@localhost', 'Grüße');
  for (let event; event?.type !== 'message';) event = (await events.next()).value;
  await events.return();  // The message is to be acknowledged, which close() does first.
  await client.stop();
  const closing = client.close();
  const calls = Array.from({ length: 20 }, (_, index) => client.sendText('closing@localhost', `zu spät ${index}`));
  for (const call of calls) await refused(call, { status: 'closed', operation: 'sendText' });
  await refused(client.account(), { status: 'closed', operation: 'account' });
  await refused(client.nodeInfo(), { status: 'closed', operation: 'nodeInfo' });
  await closing;
  const again = await open({ store: path });
  assert.deepEqual((await again.history('closing@localhost')).messages, []);
  await again.close();
  await anna.close();
});

test('what was called before close() is done, and a request says which call was cut off', async () => {
  const path = store();
  const client = await open({ store: path });
  await client.register({ username: 'before', password: 'ein Paßwort' });
  await client.stop();
  const sent = client.sendText('before@localhost', 'noch');
  const asked = client.nodeInfo();
  asked.catch(() => undefined);
  await client.close();
  const id = await sent;
  try {
    await asked;  // It may have been as fast.
  } catch (error) {
    assert.deepEqual([error.status, error.operation], ['closed', 'nodeInfo']);
  }
  const again = await open({ store: path });
  assert.equal((await again.message(id)).text, 'noch');
  await again.close();
});

test('a sequence that is aborted ends at once, and what waited comes once to the next one', async () => {
  const [anna, bela] = await Promise.all([node.user('anna_abort'), node.user('bela_abort')]);
  const stopping = new AbortController();
  const first = bela.events({ signal: stopping.signal });
  for (let index = 0; index < 5; ++index) await anna.sendText('bela_abort@localhost', `${index}`);
  await eventually(async () => (await bela.history('anna_abort@localhost')).messages.length === 5);
  await new Promise((resolve) => setTimeout(resolve, 300));  // Now they wait in the sequence.
  const texts = [];
  const take = (event) => event.type === 'message' && texts.push(event.message.text);
  await assert.rejects(async () => {
    for await (const event of first) {
      take(event);
      if (texts.length === 2) stopping.abort(new Error('genug'));
    }
  }, /genug/);
  assert.deepEqual(texts, ['0', '1']);
  const second = bela.events();
  const again = [];
  for await (const event of second) {
    if (event.type === 'message') again.push(event.message.text);
    if (again.at(-1) === '4') break;
  }
  assert.deepEqual(again, ['1', '2', '3', '4']);  // 1 was in hand.
  await anna.close();
  await bela.close();
});

test('a signal that outlives its sequences is left as it was', async () => {
  const signal = new AbortController().signal;
  let listening = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args) => (++listening, addEventListener.apply(signal, args));
  signal.removeEventListener = (...args) => (--listening, removeEventListener.apply(signal, args));
  const client = await open();
  const left = client.events({ signal });
  client.events({ signal });
  assert.equal(listening, 2);
  await left.return();
  await left.return();
  assert.equal(listening, 1);
  await client.close();
  assert.equal(listening, 0);
});

test('removing all listeners does not remove what waits for the next one', async () => {
  const [anna, bela] = await Promise.all([node.user('anna_all'), node.user('bela_all')]);
  bela.on('typing', () => undefined);
  bela.removeAllListeners();
  bela.removeAllListeners('message');
  await anna.sendText('bela_all@localhost', 'niemand da');
  await eventually(async () => (await bela.history('anna_all@localhost')).messages.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const heard = new Promise((resolve) => bela.once('message', resolve));
  assert.equal((await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 10_000, {}))])).text, 'niemand da');
  await anna.close();
  await bela.close();
});

test('a node that was stopped says so', async () => {
  const other = await startNode();
  await other.halt();
  await other.start();
  await other.stop();
  await assert.rejects(other.start(), /was stopped/);
});

test('what is sent does not stay in memory until the collector comes', async () => {
  const { code, out, err } = await program('memory.mjs', [store()]);
  assert.equal(code, 0, err);
  assert.ok(Number(out) < 150, `${out} MB more`);
});
