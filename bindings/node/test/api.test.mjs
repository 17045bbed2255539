// What can be known of the package without a node: parity with the C ABI, names, types of values, secrets.
import assert from 'node:assert/strict';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import * as mychat from 'mychat';
import * as federation from 'mychat/federation';
import * as mls from 'mychat/mls';
import * as testing from 'mychat/testing';
import { refused } from './support.mjs';

const require = createRequire(import.meta.url);
const { native } = require('../dist/native.js');
const { enumerations } = require('../dist/enums.js');
const { Bot, Client, MyChatError, Secret } = mychat;

const folder = mkdtempSync(join(tmpdir(), 'mychat-api-'));
after(() => rmSync(folder, { recursive: true }));
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

// Functions of the C ABI that have no method of their own, and why.
const INSTEAD = {
  mychat_client_await: 'the promise of the call',
  mychat_client_cancel: 'AbortSignal',
  mychat_client_event_fd: 'the event loop',
  mychat_client_poll: 'on() and events()',
  mychat_client_wakeup: 'nothing waits in mychat_client_poll() here',
  mychat_client_free: 'the collector, after close()',
  mychat_set_allocator: 'what the library hands out is copied into the heap of JavaScript at once',
  mychat_string_free: 'strings are copied', mychat_bytes_free: 'bytes are copied',
  mychat_error_init: 'MyChatError', mychat_client_options_init: 'ClientOptions',
  mychat_register_options_init: 'RegisterOptions', mychat_login_options_init: 'LoginOptions',
  mychat_send_options_init: 'SendOptions',
  mychat_account_free: 'copied', mychat_backup_free: 'copied', mychat_backup_report_free: 'copied',
  mychat_contact_free: 'copied', mychat_contact_list_free: 'copied', mychat_conversation_list_free: 'copied',
  mychat_event_free: 'copied', mychat_explanation_free: 'copied', mychat_message_free: 'copied',
  mychat_message_list_free: 'copied', mychat_store_report_free: 'copied',
  mychat_federation_options_init: 'FederationOptions', mychat_federation_document_options_init: 'DocumentOptions',
  mychat_federation_node_create: 'new Node()', mychat_federation_node_free: 'Node.close',
  mychat_federation_handshake_begin: 'Node.beginHandshake', mychat_federation_handshake_answer: 'Node.answerHandshake',
  mychat_federation_handshake_finish: 'Handshake.finish', mychat_federation_handshake_confirm: 'Handshake.confirm',
  mychat_federation_handshake_id: 'Handshake.id', mychat_federation_handshake_message: 'Handshake.message',
  mychat_federation_handshake_free: 'Handshake.close', mychat_federation_document_free: 'copied',
  mychat_federation_agreement_free: 'copied',
  mychat_mls_supported_suite: 'supportedSuites', mychat_mls_key_package_message: 'KeyPackage.message, read when it is made',
  mychat_mls_key_package_ref: 'KeyPackage.ref, the same', mychat_mls_key_package_is_last_resort: 'KeyPackage.isLastResort, the same',
  mychat_mls_commit_message: 'Commit.message, the same', mychat_mls_commit_welcome: 'Commit.welcome, the same',
  mychat_mls_key_package_free: 'KeyPackage.close', mychat_mls_group_free: 'Group.close', mychat_mls_commit_free: 'Commit.close',
  mychat_mls_join_proposal: 'KeyPackage.joinProposal',
  mychat_mls_options_init: 'MlsOptions', mychat_mls_leaf_options_init: 'LeafOptions', mychat_mls_group_options_init: 'NewGroup',
  mychat_mls_external_options_init: 'ExternalOptions', mychat_mls_commit_options_init: 'CommitOptions',
  mychat_mls_credential_free: 'copied', mychat_mls_proposal_free: 'copied', mychat_mls_proposal_list_free: 'copied',
  mychat_mls_message_free: 'copied', mychat_mls_summary_free: 'copied', mychat_mls_group_state_free: 'copied',
  mychat_mls_member_list_free: 'copied', mychat_mls_received_free: 'copied', mychat_mls_record_list_free: 'copied',
};
const METHODS = [
  [federation.Node, 'beginHandshake'], [federation.Node, 'answerHandshake'], [federation.Handshake, 'finish'],
  [federation.Handshake, 'confirm'], [federation.Handshake, 'id'], [federation.Handshake, 'message'],
  [federation.Node, 'close'], [federation.Handshake, 'close'],
  [mls.KeyPackage, 'close'], [mls.KeyPackage, 'joinProposal'], [mls.Group, 'close'], [mls.Commit, 'close'],
];

// Functions, methods of the one whose handle they take first, and those that make one.
function isOfMls(name) {
  for (const [prefix, owner] of [['group_', mls.Group], ['commit_', mls.Commit], ['key_package_', mls.KeyPackage]]) {
    if (!name.startsWith(prefix)) continue;
    const method = camel(name.slice(prefix.length));
    return method in owner.prototype || typeof owner[method] === 'function';
  }
  return typeof mls[camel(name)] === 'function';
}

test('every function of the C ABI is here, or is listed with what stands in its place', () => {
  const source = process.env.MYCHAT_SOURCE_DIR;
  assert.ok(source, 'MYCHAT_SOURCE_DIR names the folder of the project');
  const symbols = readFileSync(join(source, 'tests/abi/symbols.txt'), 'utf8').trim().split('\n').map((line) => line.split(' ')[0]);
  assert.ok(symbols.length > 70);
  const missing = [];
  for (const symbol of symbols) {
    const method = camel(symbol.replace(/^mychat_client_/, ''));
    const ofNodes = camel(symbol.replace(/^mychat_federation_/, ''));
    const here = symbol.startsWith('mychat_mls_') ? isOfMls(symbol.slice('mychat_mls_'.length)) : symbol.startsWith('mychat_federation_')
      ? typeof federation[ofNodes] === 'function' || ofNodes in federation.Node.prototype
      : symbol.startsWith('mychat_client_')
      ? method in Client.prototype || method in Client
      : typeof mychat[camel(symbol.replace(/^mychat_/, ''))] === 'function';
    if (here === Object.hasOwn(INSTEAD, symbol)) missing.push(symbol);
  }
  assert.deepEqual(missing, [], 'neither a method nor listed, or both');
  const pack = mls.KeyPackage.create({ credential: mls.basicCredential(Buffer.from('anna')), privateKey: mls.newSignatureKey() });
  for (const name of ['message', 'ref', 'isLastResort']) assert.ok(name in pack, name);
  for (const [owner, name] of METHODS) assert.ok(name in owner.prototype, name);
  for (const name of Object.keys(INSTEAD)) assert.ok(symbols.includes(name), `${name} is no function of the ABI`);
});

test('every constant of the C ABI has its name here', () => {
  const others = /^MYCHAT_(OK|VERSION_|CLIENT_|MLS_DEFAULT_SUITE$|MLS_HYBRID_SUITE$|MLS_NO_LEAF$|[A-Z_]*_SIZE$)/;
  const constants = Object.getOwnPropertyNames(native).filter((name) => /^MYCHAT_[A-Z]/.test(name) && !others.test(name));
  assert.ok(constants.length > 120, `${constants.length}`);
  const missing = constants.filter((name) => !Object.entries(enumerations).some(([prefix, { names }]) =>
    name.startsWith(prefix) && names.includes(camel(name.slice(prefix.length).toLowerCase()))));
  assert.deepEqual(missing, []);
  assert.deepEqual([mls.DEFAULT_SUITE, mls.HYBRID_SUITE, mls.ACCOUNT_KEY_SIZE, mls.PSK_MAX_SIZE],
    [native.MYCHAT_MLS_DEFAULT_SUITE, native.MYCHAT_MLS_HYBRID_SUITE, native.MYCHAT_MLS_ACCOUNT_KEY_SIZE, native.MYCHAT_MLS_PSK_MAX_SIZE]);
  assert.equal(mls.readProposal(mls.proposeRemove(native.MYCHAT_MLS_NO_LEAF)).leafIndex, null, 'no leaf is null');
});

test('ES modules and CommonJS get the same', () => {
  const common = require('mychat');
  assert.equal(common.Client, Client);
  assert.equal(require('mychat/testing').startNode, testing.startNode);
  assert.equal(require('mychat/federation').Node, federation.Node);
  assert.equal(require('mychat/mls').Group, mls.Group);
  for (const name of Object.keys(common)) assert.ok(name in mychat, name);
});

test('functions without a client', () => {
  assert.match(mychat.versionString(), /^\d+\.\d+\.\d+$/);
  assert.equal(mychat.versionNumber(), native.MYCHAT_VERSION_NUMBER);
  assert.equal(mychat.statusName('storeHeld'), 'MYCHAT_E_STORE_HELD');
  assert.equal(mychat.eventTypeName('messageStatus'), 'message_status');
  assert.throws(() => mychat.statusName('nonsense'), TypeError);
  assert.throws(() => mychat.fingerprint('kein Schlüssel'), (error) => error instanceof MyChatError &&
    error.status === 'malformed' && error.code === 'MYCHAT_E_MALFORMED' && error.operation === 'fingerprint' &&
    error.name === 'MyChatError' && error.retryable === false && Number.isInteger(error.detail));
});

test('a key out of a store in all its forms, and back', async () => {
  const client = await Client.create({ store: join(folder, 'keys.mychat'), storeKey: Buffer.alloc(32, 7) });
  await refused(client.publicKey(), { status: 'noIdentity', operation: 'publicKey' });
  await client.close();
  await refused(Client.create({ store: join(folder, 'keys.mychat'), storeKey: Buffer.alloc(32, 8) }), { status: 'storeKey' });
  await assert.rejects(Client.create({ store: join(folder, 'keys.mychat'), storeKey: Buffer.alloc(31) }), RangeError);
  await (await Client.create({ store: join(folder, 'keys.mychat'), storeKey: new Secret(Buffer.alloc(32, 7)) })).close();
});

test('wrong types are refused before anything is done', async () => {
  await assert.rejects(Client.create({ store: 7, passphrase: 'x' }), TypeError);
  await assert.rejects(Client.create({ store: 'x', passphrase: {} }), TypeError);
  await assert.rejects(Client.create({ store: join(folder, 'x'), passphrase: 'a\0b' }), { status: 'invalidArgument' });
  const client = await Client.create({ store: join(folder, 'types.mychat'), passphrase: 'größe' });
  await assert.rejects(client.sendText('anna@localhost', 7), TypeError);
  await assert.rejects(client.setTyping('anna@localhost', 'yes'), TypeError);
  await assert.rejects(client.exportBackup('passwort', { kind: 'nonsense' }), TypeError);
  await assert.rejects(client.exportBackup(['p']), TypeError);
  assert.throws(() => client.setPolicy(['nonsense']), TypeError);
  await client.close();
});

test('nothing shows a secret', async () => {
  const secret = 'Öffne-dich-7391';
  const options = { store: join(folder, 'secret.mychat'), passphrase: secret, nodeUrl: 'http://127.0.0.1:9' };
  const client = await Client.create(options);
  const bot = new Bot({ ...options, username: 'bot', password: secret });
  const failed = await client.register({ username: 'anna', password: secret }).catch((error) => error);
  assert.ok(failed instanceof MyChatError);
  for (const value of [client, bot, failed, new Secret(secret)]) {
    const shown = [inspect(value, { depth: 10, showHidden: true }), String(value), JSON.stringify(value), inspect(Object.values(value), { depth: 10 })];
    for (const text of shown) assert.ok(!String(text).includes(secret), String(text).slice(0, 500));
    for (const text of shown) assert.ok(!String(text).includes(Buffer.from(secret).toString('hex').slice(0, 12)));
  }
  const held = new Secret(secret);
  assert.equal(held.text(), secret);
  held.wipe();
  assert.ok(held.bytes().every((byte) => byte === 0));
  await client.close();
});

test('the log comes to a function, with names for levels', async () => {
  const lines = [];
  const client = await Client.create({
    store: join(folder, 'log.mychat'), passphrase: 'größe', logLevel: 'trace', log: (...line) => lines.push(line),
  });
  await client.close();
  await new Promise(setImmediate);
  assert.ok(lines.length > 0);
  for (const [level, component, message] of lines) {
    assert.ok(['trace', 'debug', 'info', 'warning', 'error'].includes(level));
    assert.ok(component && message);
  }
});

test('creation can be given up, and closing is harmless twice', async () => {
  const abort = new AbortController();
  const options = { store: join(folder, 'abort.mychat'), passphrase: 'größe' };
  const made = Client.create({ ...options, signal: abort.signal });
  abort.abort(new Error('genug'));
  await assert.rejects(made, /genug/);
  let client;
  for (let tries = 0; !client; ++tries) {  // The client that was made nevertheless closes by itself.
    client = await Client.create(options).catch((error) => {
      if (error.status !== 'storeHeld' || tries > 200) throw error;
      return new Promise((resolve) => setTimeout(resolve, 20));
    });
  }
  const closed = new Promise((resolve) => client.once('close', resolve));
  await Promise.all([client.close(), client.close()]);
  await closed;
  await client.close();
  assert.equal(client.closed, true);
  const { done } = await client.events().next();
  assert.equal(done, true);
});
