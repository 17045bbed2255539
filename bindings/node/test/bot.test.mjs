// Bots: answers once, also when the bot is killed between answering and acknowledging.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bot } from 'mychat';
import { startNode } from 'mychat/testing';
import { eventually, program, Watch } from './support.mjs';

let node;
let anna;
let watch;
before(async () => {
  node = await startNode();
  anna = await node.user('anna');
  watch = new Watch(anna);
});
after(() => node.stop());

const options = (username) => ({
  store: join(node.folder, `${username}.mychat`), passphrase: 'größe', nodeUrl: node.url, username, password: 'ein Paßwort',
});

test('a bot answers, and starts again where it was', async () => {
  let bot = new Bot(options('echo')).on('message', (message, reply) => reply(`Echo: ${message.text}`));
  const { handle } = await bot.start();
  await anna.sendText(handle, 'Grüße ✓');
  await watch.message('Echo: Grüße ✓');
  await bot.stop();
  await anna.sendText(handle, 'während du weg warst');
  bot = new Bot(options('echo')).on('message', async (message, reply) => {
    await reply(`Echo: ${message.text}`);
    await reply(Buffer.from([0, 1, 255]));
  });
  await bot.start();
  await watch.message('Echo: während du weg warst');
  const { message } = await watch.take((event) => event.type === 'message' && event.message.contentType === 'file');
  assert.ok(message.data.equals(Buffer.from([0, 1, 255])));
  await bot.stop();
  assert.equal(watch.events.filter((event) => event.type === 'message').length, 0);
});

test('a bot that is killed after it answered does not answer twice', async () => {
  const first = program('killed_bot.mjs', [JSON.stringify(options('crash')), 'kill']);
  await watch.take((event) => event.type === 'presence', 1).catch(() => undefined);
  let id;
  for (;;) {  // The bot registers first.
    try {
      await anna.lookup('crash@localhost');
      break;
    } catch (error) {
      assert.equal(error.status, 'notFound');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await anna.sendText('crash@localhost', 'eins ✓');
  id = (await watch.message('Antwort auf eins ✓')).id;
  assert.equal((await first).signal, 'SIGKILL');
  const second = program('killed_bot.mjs', [JSON.stringify(options('crash')), 'stay']);
  await anna.sendText('crash@localhost', 'zwei ✓');
  await watch.message('Antwort auf zwei ✓');
  await anna.sendText('crash@localhost', 'Schluß');
  const { code, out } = await second;
  assert.equal(code, 0);
  // It was given the first message again, and gave the same answer with the same id: nothing new came.
  assert.deepEqual(JSON.parse(out), ['eins ✓', 'zwei ✓', 'Schluß']);
  const { messages } = await anna.history('crash@localhost');
  assert.equal(messages.filter((message) => message.text === 'Antwort auf eins ✓').length, 1);
  assert.ok(messages.some((message) => message.id === id));
});

test('a message whose listener fails is tried again, and then left', async () => {
  const errors = [];
  let calls = 0;
  const bot = new Bot({ ...options('grumpy'), attempts: 3, retryDelay: 1 });
  bot.on('error', (error, message) => errors.push([error.message, message.text]));
  bot.on('message', async (message, reply) => {
    await reply(`gelesen: ${message.text}`);
    if (message.text === 'schlimm' && ++calls < 99) throw new Error('ach');
  });
  const { handle } = await bot.start();
  await anna.sendText(handle, 'schlimm');
  await anna.sendText(handle, 'gut');
  await watch.message('gelesen: gut');
  await watch.message('gelesen: schlimm');
  assert.deepEqual([errors, calls], [[['ach', 'schlimm']], 3]);
  await bot.stop();
  assert.equal(watch.events.filter((event) => event.type === 'message').length, 0);
});

test('a bot whose session was ended logs in again, while it runs and when it starts', async () => {
  const make = () => new Bot(options('revoked')).on('message', (message, reply) => reply(`Echo: ${message.text}`));
  let bot = make();
  const { handle } = await bot.start();
  const elsewhere = await node.client();
  await elsewhere.login({ username: 'revoked', password: options('revoked').password });
  const revoke = async () => {
    for (const session of await elsewhere.sessions()) if (!session.current) await elsewhere.revokeSession(session.id);
  };
  const ended = new Promise((resolve) => bot.client.once('sessionEnded', resolve));
  await revoke();
  await ended;
  await anna.sendText(handle, 'noch da?');
  await watch.message('Echo: noch da?');
  await eventually(async () => (await elsewhere.sessions()).length === 2);

  await bot.client.logout();  // As when the session was ended and the bot stopped before it could log in again.
  await bot.stop();
  bot = make();
  await bot.start();
  await anna.sendText(handle, 'und jetzt?');
  await watch.message('Echo: und jetzt?');

  await bot.stop();
  await revoke();
  bot = make();
  await bot.start();
  await anna.sendText(handle, 'und zuletzt?');
  await watch.message('Echo: und zuletzt?');
  await bot.stop();
  await elsewhere.close();
});

test('a bot that is stopped while it starts does not run', async () => {
  const bot = new Bot(options('early'));
  const starting = bot.start();
  await bot.stop();
  await assert.rejects(starting, { name: 'AbortError' });
  const again = new Bot(options('early'));  // Its store is free.
  await again.start();
  await again.stop();
});
