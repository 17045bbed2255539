// The scenarios of bindings/SCENARIOS.md as a Node program writes them. One node, and users of their own for each.
import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client, fingerprint } from 'mychat';
import { startNode } from 'mychat/testing';
import { eventually, refused, TEXTS, Watch } from './support.mjs';

let node;
let number = 0;
before(async () => (node = await startNode()));
after(() => node.stop());

const name = (who) => `${who}_${++number}`;
const PASSPHRASE = 'Schlüssel ключ 鍵';
const PASSWORD = 'Paßwort пароль';

async function enter(username, options) {
  const client = await node.client({ passphrase: PASSPHRASE, ...options });
  const watch = new Watch(client);
  const account = await client.register({ username, password: PASSWORD });
  return { client, watch, handle: account.handle, username };
}

async function pair() {
  return Promise.all([enter(name('anna')), enter(name('bela'))]);
}

test('register', async () => {
  const client = await node.client();
  const watch = new Watch(client);
  assert.equal((await client.account()).handle, '');
  await refused(client.sendText('niemand@localhost', 'Grüße'), { status: 'invalidState', operation: 'sendText', code: 'MYCHAT_E_INVALID_STATE' });
  const username = name('anna');
  const account = await client.register({ username, password: Buffer.from(PASSWORD) });
  assert.equal(account.handle, `${username}@${node.domain}`);
  assert.deepEqual([account.loggedIn, account.hasIdentity, account.backupAt], [true, true, null]);
  assert.equal(account.fingerprint.length, 79);
  assert.equal(account.fingerprint, fingerprint(await client.publicKey('jwk')));
  assert.ok(watch.events.some((event) => event.type === 'progress' && event.progress.operation === 'register'));
  await watch.state('online');
  assert.equal(client.state, 'online');
  await refused(client.register({ username, password: PASSWORD }), { status: 'invalidState', domain: 'api', operation: 'register' });
  const other = await node.client();
  const error = await refused(other.register({ username, password: PASSWORD }), { status: 'alreadyExists', domain: 'node' });
  assert.ok([400, 409].includes(error.detail));
});

test('a slow loop leaves what comes in the journal, and gets everything in order', async () => {
  const [a, b] = await pair();
  await a.client.addContact(b.handle);
  const COUNT = 400, MARK = 4, READ_AT_ONCE = 128;
  const texts = Array.from({ length: COUNT }, (_, index) => `${index} ${TEXTS[1]}`);
  assert.throws(() => a.client.events({ highWaterMark: 0 }), RangeError);
  const events = a.client.events({ highWaterMark: MARK });
  for (const text of texts) await b.client.sendText(a.handle, text);
  const heard = () => a.watch.events.filter((event) => event.type === 'message').length;
  const got = [];
  let full = 0;
  for await (const event of events) {
    if (event.type !== 'message') continue;
    got.push(event.message.text);
    if (got.length === 1) {
      await eventually(async () => (await a.client.history(b.handle, { limit: 1 })).messages[0]?.text === texts.at(-1));
      full = heard();
    }
    // A completion comes although much waits before it.
    if (got.length === 2) assert.equal((await a.client.lookup(b.handle)).handle, b.handle);
    if (got.length === COUNT) break;
  }
  assert.ok(full <= MARK + READ_AT_ONCE, `${full} of ${COUNT} were read for a loop that stood still`);
  assert.deepEqual(got, texts);
});

test('backup and restore', async () => {
  const [a, b] = await pair();
  await a.client.addContact(b.handle, { nickname: TEXTS[2] });
  for (const text of TEXTS) await b.client.sendText(a.handle, text);
  for (const text of TEXTS) assert.equal((await a.watch.message(text)).readable, true);
  const backup = await a.client.exportBackup(Buffer.from('Sicherung ü'));
  const folder = join(node.folder, 'Ordner ✓');
  mkdirSync(folder);
  const file = join(folder, backup.fileName);
  writeFileSync(file, backup.data, { mode: 0o600 });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const data = readFileSync(file);
  const report = await a.client.verifyBackup(data, 'Sicherung ü');
  const account = await a.client.account();
  assert.ok(account.backupAt instanceof Date && Math.abs(account.backupAt - Date.now()) < 60_000);
  assert.deepEqual([report.handle, report.fingerprint, report.matchesAccount, report.contacts], [a.handle, account.fingerprint, true, 1]);
  await refused(a.client.verifyBackup(data, 'falsch falsch'), { status: 'wrongPassword', operation: 'verifyBackup' });
  await refused(a.client.verifyBackup(data.subarray(0, data.length / 2), 'Sicherung ü'), { status: 'malformed' });
  await refused(a.client.exportBackup('kurz ab'), { status: 'invalidArgument', operation: 'exportBackup' });
  await a.client.close();

  const again = await node.client({ passphrase: PASSPHRASE });
  const watch = new Watch(again);
  assert.equal((await again.importBackup(data, 'Sicherung ü')).fingerprint, account.fingerprint);
  const restored = await again.login({ username: a.username, password: PASSWORD });
  assert.equal(restored.fingerprint, account.fingerprint);
  await eventually(async () => (await again.contacts()).some((contact) => contact.handle === b.handle && contact.nickname === TEXTS[2]));
  await b.client.sendText(a.handle, 'nach der Wiederherstellung ✓');
  assert.equal((await watch.message('nach der Wiederherstellung ✓')).readable, true);
  await eventually(async () => (await again.history(b.handle)).messages.filter((message) => message.readable).length === TEXTS.length + 1);
});

test('contacts', async () => {
  const [a, b] = await pair();
  const added = await a.client.addContact(b.handle, { nickname: TEXTS[4] });
  assert.deepEqual([added.nickname, added.isContact, added.trust], [TEXTS[4], true, 'unverified']);
  assert.ok(added.addedAt instanceof Date);
  assert.deepEqual((await a.client.contacts()).map((contact) => contact.handle), [b.handle]);
  assert.equal((await a.client.contact(b.handle)).nickname, TEXTS[4]);
  await refused(a.client.addContact(b.handle), { status: 'alreadyExists', operation: 'addContact' });
  await refused(a.client.contact('niemand@localhost'), { status: 'notFound', operation: 'contact' });
  await refused(a.client.lookup('niemand@localhost'), { status: 'notFound', operation: 'lookup', domain: 'node' });
  await b.client.addContact(a.handle);
  const safety = await a.client.safetyNumber(b.handle);
  assert.equal(safety.replace(/\D/g, '').length, 60);
  assert.equal(await b.client.safetyNumber(a.handle), safety);
  assert.equal(await a.client.compareSafetyQr(b.handle, await b.client.safetyQr(a.handle)), 'match');
  await a.client.setVerified(b.handle, added.fingerprint, true);
  assert.equal((await a.client.contact(b.handle)).trust, 'verified');
  await a.client.removeContact(b.handle);
  assert.deepEqual(await a.client.contacts(), []);
});

test('send and receive', async () => {
  const [a, b] = await pair();
  await b.client.addContact(a.handle);
  const ids = [];
  for (const text of TEXTS) ids.push(await a.client.sendText(b.handle, text));
  for (const [index, text] of TEXTS.entries()) {
    const { message } = await b.watch.take((event) => event.type === 'message');
    assert.deepEqual([message.text, message.id, message.direction, message.readable], [text, ids[index], 'in', true]);
    assert.ok(['verified', 'unsigned'].includes(message.verification));
    assert.equal(message.data.toString('utf8'), text);
    assert.ok(message.createdAt instanceof Date && message.readAt === null && message.failure === null);
  }
  for (const id of ids) await a.watch.status(id, 'delivered');
  for (const text of TEXTS) await b.client.sendText(a.handle, text);
  for (const text of TEXTS) await a.watch.message(text);
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 256));
  await a.client.send({ recipient: b.handle, data: bytes });
  const { message } = await b.watch.take((event) => event.type === 'message' && event.message.contentType === 'file');
  assert.ok(message.data.equals(bytes));
  assert.equal(message.text, null);
  for (const [mine, peer] of [[a.client, b.handle], [b.client, a.handle]]) {
    const all = [];
    let before;
    for (let more = true; more;) {
      const page = await mine.history(peer, { limit: 3, before });
      assert.ok(page.messages.length <= 3);
      all.push(...page.messages);
      ({ hasMore: more, nextBefore: before } = page);
    }
    assert.equal(all.length, 2 * TEXTS.length + 1);
  }
  assert.equal((await b.client.conversations())[0].unread, TEXTS.length + 1);
  await b.client.markRead(a.handle);
  assert.equal((await b.client.conversations())[0].unread, 0);
  assert.ok((await a.watch.status(ids[0], 'read')).readAt instanceof Date);
  assert.equal((await a.client.search('GRÜSSE AUS', { peer: b.handle })).messages.length + (await a.client.search('köln')).messages.length > 0, true);
});

test('offline', async () => {
  const [a, b] = await pair();
  await b.client.stop();
  const texts = TEXTS.slice(0, 3);
  for (const text of texts) await a.watch.status(await a.client.sendText(b.handle, text), 'pending');
  await b.client.start();
  for (const text of texts) assert.equal((await b.watch.take((event) => event.type === 'message')).message.text, text);
  await a.client.stop();
  const id = await a.client.sendText(b.handle, 'später ✓');
  assert.equal((await a.client.message(id)).status, 'queued');
  await a.client.start();
  await a.watch.status(id, 'delivered');
  await b.watch.message('später ✓');
  assert.equal(b.watch.events.filter((event) => event.type === 'message').length, 0);
});

test('reconnect', async () => {
  const own = await startNode();
  try {
    const [a, b] = await Promise.all([own.user('anna'), own.user('bela')]);
    const [watchA, watchB] = [new Watch(a), new Watch(b)];
    await own.halt();
    const waiting = await watchA.state('waiting');
    assert.ok(waiting.error.message && waiting.retryAt instanceof Date);
    assert.equal(waiting.error.operation, 'connection');
    await a.sendText('bela@localhost', TEXTS[1]);
    await own.start();
    await watchB.message(TEXTS[1]);
    await eventually(() => a.state === 'online' && b.state === 'online');
  } finally {
    await own.stop();
  }
});

test('journal', async () => {
  const a = await enter(name('anna'));
  // A client that acknowledges by itself once its listeners returned, and one that does not.
  const options = { store: join(node.folder, 'journal.mychat'), passphrase: PASSPHRASE, nodeUrl: node.url };
  let client = await Client.create({ ...options, acknowledge: 'manual' });
  const username = name('dora');
  const { handle } = await client.register({ username, password: PASSWORD });
  let watch = new Watch(client);
  await a.client.sendText(handle, 'eins ✓');
  const first = await watch.take((event) => event.type === 'message');
  await client.close();
  client = await Client.create({ ...options, acknowledge: 'manual' });
  watch = new Watch(client);
  await client.start();
  const second = await watch.take((event) => event.type === 'message');
  assert.deepEqual([second.seq, second.message.text], [first.seq, 'eins ✓']);
  await client.rewind();
  assert.equal((await watch.take((event) => event.type === 'message')).seq, first.seq);
  await client.ack(second);
  await client.close();
  client = await Client.create({ ...options });
  watch = new Watch(client);
  await client.start();
  await a.client.sendText(handle, 'zwei ✓');
  assert.equal((await watch.take((event) => event.type === 'message')).message.text, 'zwei ✓');
  await client.close();
  client = await Client.create({ ...options });
  watch = new Watch(client);
  await client.start();
  await a.client.sendText(handle, 'drei ✓');
  assert.equal((await watch.take((event) => event.type === 'message')).message.text, 'drei ✓');
  await client.close();
});

test('idempotence', async () => {
  const [a, b] = await pair();
  const messageId = '01890a5d-ac96-774b-bcce-b302099a8057';
  assert.equal(await a.client.sendText(b.handle, TEXTS[0], { messageId }), messageId);
  assert.equal(await a.client.sendText(b.handle, TEXTS[0], { messageId }), messageId);
  assert.equal(await a.client.sendText(b.handle, TEXTS[1], { messageId }), messageId);  // The first stands.
  await refused(a.client.sendText(a.handle, TEXTS[0], { messageId }), { status: 'alreadyExists', operation: 'sendText' });
  await a.client.sendText(b.handle, 'Ende ✓');
  await b.watch.message('Ende ✓');
  assert.equal(b.watch.events.filter((event) => event.type === 'message').length, 1);
});

test('errors', async () => {
  const a = await enter(name('anna'));
  await refused(a.client.sendText('ohne', 'Grüße'), { status: 'invalidArgument', domain: 'api', operation: 'sendText', retryable: false });
  await refused(a.client.message('keine UUID'), { status: 'notFound' });
  await refused(a.client.sendText(a.handle, 'x', { messageId: 'keine UUID' }), { status: 'invalidArgument' });
  await refused(a.client.sendText('bela@localhost', 'ß'.repeat(5_500_000)), { status: 'tooLarge' });
  await refused(a.client.sendText('bela@localhost', 'mit \0 NUL'), { status: 'invalidArgument', operation: 'sendText' });
  const store = join(node.folder, 'errors.mychat');
  const open = (more) => Client.create({ store, passphrase: PASSPHRASE, nodeUrl: node.url, ...more });
  const held = await open();
  await refused(open(), { status: 'storeHeld', operation: 'create' });
  await held.close();
  await refused(open({ passphrase: 'falsch' }), { status: 'storeKey' });
  await refused(open({ store: join(node.folder, 'fehlt'), storeMustExist: true }), { status: 'notFound' });
  await refused(open({ nodeUrl: 'http://example.org' }), { status: 'plaintextRefused' });
  const client = await open();
  await refused(client.login({ username: a.username, password: 'falsch falsch' }), { status: 'unauthorized', domain: 'node', detail: 401, operation: 'login' });
  await client.close();
  const nowhere = await open({ nodeUrl: 'http://127.0.0.1:9' });
  await refused(nowhere.nodeInfo(), { status: 'network', retryable: true, operation: 'nodeInfo' });
  await nowhere.close();
  await refused(nowhere.account(), { status: 'closed', operation: 'account' });
  await refused(nowhere.sendText('bela@localhost', 'x'), { status: 'closed', operation: 'sendText' });
  await refused(nowhere.nodeInfo(), { status: 'closed', operation: 'nodeInfo' });
});

test('account', async () => {
  const [a, b] = await pair();
  assert.equal((await a.client.setProfile({ statusMessage: TEXTS[3] })).statusMessage, TEXTS[3]);
  assert.equal((await b.client.lookup(a.handle)).statusMessage, TEXTS[3]);
  assert.deepEqual((await a.client.sessions()).map((session) => session.current), [true]);
  const backup = await a.client.exportBackup('die Sicherung', { kind: 'sealed' });
  const second = await node.client();
  const watch = new Watch(second);
  await second.importBackup(backup.data, 'die Sicherung');
  await second.login({ username: a.username, password: PASSWORD, deviceName: 'zweites Gerät' });
  const other = (await a.client.sessions()).find((session) => !session.current);
  assert.equal(other.deviceName, 'zweites Gerät');
  await a.client.revokeSession(other.id);
  await watch.take((event) => event.type === 'sessionEnded');
  await a.client.changePassword(PASSWORD, 'ein neues Paßwort');
  await refused(second.login({ username: a.username, password: PASSWORD }), { status: 'unauthorized' });
  await a.client.setPolicy(['noTyping', 'requireSignatures']);
  assert.deepEqual(await a.client.policy(), ['requireSignatures', 'noTyping']);
  const info = await a.client.nodeInfo();
  assert.equal(info.domain, node.domain);
  assert.ok(info.capabilities.length > 0 && info.extended);
  await a.client.deleteAccount('ein neues Paßwort');
  await refused(b.client.lookup(a.handle), { status: 'notFound' });
});

test('a rewind while messages come gives all of them again, in order', async () => {
  const [a, b] = [await enter(name('anna'), { acknowledge: 'manual' }), await enter(name('bela'))];
  const COUNT = 300, REWINDS = 60;
  let texts = [];
  (async () => {
    for await (const event of a.client.events({ highWaterMark: 16 })) if (event.type === 'message') texts.push(event.message.text);
  })();
  const wanted = Array.from({ length: COUNT }, (_, index) => `${index} ${TEXTS[3]}`);
  const sent = (async () => {
    for (const text of wanted) await b.client.sendText(a.handle, text);
  })();
  for (let index = 0; index < REWINDS; ++index) {
    await a.client.rewind();
    texts = [];
    await eventually(() => texts.length > 0);
    assert.deepEqual(texts, wanted.slice(0, texts.length));
  }
  await sent;
  await eventually(() => texts.length === COUNT);
  assert.deepEqual(texts, wanted);
});

test('a loop that is left loses nothing', async () => {
  const [a, b] = await pair();
  a.client.removeAllListeners();  // Nobody else is there for events.
  const texts = ['eins', 'zwei', 'drei', 'vier', 'fünf'];
  const first = a.client.events();
  for (const text of texts) await b.client.sendText(a.handle, text);
  await eventually(async () => (await a.client.history(b.handle)).messages.length === texts.length);
  await new Promise((resolve) => setTimeout(resolve, 200));  // The rest waits for the loop by now.
  for await (const event of first) if (event.type === 'message') break;
  await b.client.sendText(a.handle, 'sechs');
  await eventually(async () => (await a.client.history(b.handle)).messages.length === texts.length + 1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const got = [];
  for await (const event of a.client.events()) {
    if (event.type === 'message') got.push(event.message.text);
    if (got.length === texts.length + 1) break;
  }
  assert.deepEqual(got, [...texts, 'sechs']);
});

test('notices', async () => {
  const [a, b] = await pair();
  await Promise.all([a.watch.state('online'), b.watch.state('online')]);  // Who is not there gets no notice.
  await Promise.all([a.client.addContact(b.handle), b.client.addContact(a.handle)]);
  await a.client.setTyping(b.handle, true);
  await b.watch.take((event) => event.type === 'typing' && event.typing.peer === a.handle && event.typing.isTyping);
  await a.client.setTyping(b.handle, false);
  await b.watch.take((event) => event.type === 'typing' && !event.typing.isTyping);
  await a.client.setPresence('away');
  await b.watch.take((event) => event.type === 'presence' && event.presence.status === 'away');
  await a.client.close();
  await b.watch.take((event) => event.type === 'presence' && event.presence.status === 'offline');
});

test('key change', async () => {
  const [a, b] = await pair();
  await Promise.all([a.client.addContact(b.handle), b.client.addContact(a.handle)]);
  await a.client.sendText(b.handle, 'vorher ✓');
  await b.watch.message('vorher ✓');
  await b.client.rotateIdentity();
  const { contact } = await a.watch.take((event) => event.type === 'keyChanged');
  assert.deepEqual([contact.handle, contact.trust, contact.pendingVouched], [b.handle, 'changed', true]);
  await refused(a.client.sendText(b.handle, 'nein'), { status: 'keyChanged' });
  await refused(a.client.acceptKey(b.handle, contact.fingerprint), { status: 'keyMismatch' });
  await a.client.acceptKey(b.handle, contact.pendingFingerprint);
  await a.watch.status(await a.client.sendText(b.handle, 'nachher ✓'), 'delivered');
  const { messages } = await b.client.history(a.handle);
  assert.deepEqual(messages.map((message) => message.text), ['nachher ✓', 'vorher ✓']);
});

test('cancel', async () => {
  const client = await node.client();
  const username = name('anna');
  const abort = new AbortController();
  const registered = client.register({ username, password: PASSWORD, signal: abort.signal });
  abort.abort(new Error('genug'));
  await assert.rejects(registered, /genug/);
  const timed = client.register({ username, password: PASSWORD, signal: AbortSignal.timeout(1) });
  await assert.rejects(timed, { name: 'TimeoutError' });
  await assert.rejects(client.nodeInfo({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal((await client.register({ username, password: PASSWORD })).loggedIn, true);
});

test('store', async () => {
  const [a, b] = await pair();
  for (const text of TEXTS.slice(0, 3)) await a.client.sendText(b.handle, text);
  const report = await a.client.checkStore();
  assert.deepEqual([report.healthy, report.problems], [true, []]);
  assert.ok(report.valuesChecked > 3);
  const copy = join(node.folder, 'Kopie ✓.mychat');
  await a.client.backupStore(copy);
  await refused(a.client.backupStore(copy), { status: 'alreadyExists' });
  const copied = await Client.create({ store: copy, passphrase: PASSPHRASE, storeMustExist: true });
  assert.deepEqual((await copied.history(b.handle)).messages.map((message) => message.text).sort(), TEXTS.slice(0, 3).sort());
  await copied.changePassphrase('neu ß');
  await copied.close();
  await refused(Client.create({ store: copy, passphrase: PASSPHRASE }), { status: 'storeKey' });
  await (await Client.create({ store: copy, passphrase: 'neu ß' })).close();
});
