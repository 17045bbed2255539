// MLS groups over a delivery service that is a function call: the whole life of a group.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import * as mls from 'mychat/mls';
import { accept, ACCOUNT, ACCOUNT_PUBLIC, deliver, Person, talk, three } from './mls_support.mjs';
import { refused } from './support.mjs';

const { Group, KeyPackage } = mls;

test('three members: add, remove, coming in, storing', async () => {
  const people = await three();
  const [alice, bob, carol] = people;
  await talk(people);
  assert.deepEqual((await carol.group.members()).map(({ credential, leafIndex }) => [credential.handle, leafIndex]),
    [['alice@a.example', 0], ['bob@b.example', 1], ['carol@c.example', 2]]);
  const state = await bob.group.describe();
  assert.deepEqual([state.epoch, state.ownLeaf, state.memberCount, state.isActive, state.wasRemoved, state.reinit, state.suite],
    [1, 1, 3, true, false, null, 1]);
  const secrets = await Promise.all([bob, carol].map(({ group }) => group.exportSecret('label', { context: Buffer.from('x'), size: 40 })));
  assert.equal(secrets[0].bytes().length, 40);
  assert.deepEqual(secrets[0].bytes(), secrets[1].bytes());
  assert.deepEqual((await bob.group.resumptionPsk(1)).bytes(), (await carol.group.resumptionPsk(1)).bytes());
  for (const person of people) {
    await person.save();
    assert.deepEqual(await person.group.takeChanges(), []);
  }

  // Bob is put out, and Dave comes in by himself.
  const commit = await alice.group.commit([mls.proposeRemove(1)]);
  assert.equal(commit.welcome, null);
  const { removed, updated, epoch, hasPath, committer, committerType, proposals } = await commit.summary();
  assert.deepEqual([removed, updated, epoch, hasPath, committer, committerType], [[1], [0], 2, true, 0, 'member']);
  assert.deepEqual(proposals.map(({ type, leafIndex, sender, senderType }) => [type, leafIndex, sender, senderType]), [['remove', 1, 0, 'member']]);
  assert.equal((await bob.group.process(commit.message)).commit.removesUs, true);
  assert.equal((await bob.group.describe()).wasRemoved, true);
  await deliver(commit, alice, carol);
  await refused(bob.group.protect('x'), { status: 'invalidState', operation: 'protect' });
  const dave = new Person('dave@d.example');
  const coming = await Group.joinExternal(dave.options, await alice.group.exportInfo(), dave.leaf);
  for (const person of [alice, carol]) {
    const got = await person.group.process(coming.message);
    assert.deepEqual([got.content, got.senderType, got.commit.added], ['commit', 'newMemberCommit', [1]]);
  }
  await refused(alice.group.apply(coming), { status: 'invalidState', operation: 'apply' });
  dave.group = await coming.group();
  await refused(coming.group(), { status: 'invalidState', operation: 'group' });

  // All of them are stored and loaded, and go on.
  await dave.save();
  const now = [alice, carol, dave];
  for (let round = 0; round < 3; ++round) {
    await talk(now);
    for (const person of now) await person.restart();
  }
  await talk(now);

  // And again, in the place of his old leaf, with the tree beside the group info.
  const again = await Group.joinExternal(dave.options, await alice.group.exportInfo({ tree: false }), dave.leaf,
    { replaces: 1, tree: await alice.group.exportTree(), aad: Buffer.from('again') });
  for (const person of [alice, carol]) assert.equal((await person.group.process(again.message)).aad.toString(), 'again');
  dave.group.close();
  dave.group = await again.group();
  await talk(now);
});

test('a welcome without its tree, and one for somebody else', async () => {
  const [alice] = await three();
  const [dave, erin] = [new Person('dave@d.example'), new Person('erin@e.example')];
  const commit = await alice.group.commit([mls.proposeAdd(dave.publish())], { noTree: true });
  await alice.group.apply(commit);
  erin.publish();
  assert.equal((await refused(erin.join(commit.welcome), { status: 'notFound', domain: 'e2ee', operation: 'Group.join' })).detail, 801);
  assert.equal((await refused(dave.join(commit.welcome), { status: 'notFound' })).detail, 806);
  await dave.join(commit.welcome, { tree: await alice.group.exportTree() });
  assert.equal((await alice.group.process(await dave.group.protect('x'))).data.toString(), 'x');
});

test('proposals wait for a commit', async () => {
  const people = await three();
  const [alice, bob, carol] = people;
  const dave = new Person('dave@d.example');
  const messages = [
    [bob, await bob.group.proposeUpdate({ public: true })],
    [carol, await carol.group.propose(mls.proposeAdd(dave.publish()), { aad: Buffer.from('why') })],
  ];
  assert.equal(mls.readMessage(messages[0][1]).format, 'publicMessage');
  for (const [sender, message] of messages) {
    const { ownLeaf } = await sender.group.describe();
    for (const person of people)
      if (person !== sender) assert.equal((await person.group.process(message)).proposal.sender, ownLeaf);
  }
  const waiting = await alice.group.waiting();
  assert.deepEqual(waiting.map(({ type }) => type).sort(), ['add', 'update']);
  assert.ok(waiting.every(({ reference }) => reference.length === 32));
  assert.equal(waiting.find(({ type }) => type === 'add').credential.handle, 'dave@d.example');
  assert.deepEqual((await (await alice.group.commit([], { noWaiting: true, noPath: true })).summary()).proposals, []);
  const commit = await alice.group.commit();
  await deliver(commit, alice, bob, carol);
  await dave.join(commit.welcome);
  await talk([...people, dave]);
  await dave.group.proposeUpdate({ leaf: dave.leaf });
  assert.equal((await dave.group.waiting()).length, 1);
  await dave.group.dropWaiting();
  assert.deepEqual(await dave.group.waiting(), []);
});

test('a commit that was sent survives a crash; forks are seen', async () => {
  const people = await three();
  const [alice, bob, carol] = people;
  const commit = await alice.group.commit();
  const disk = (await commit.save()).map(({ id, content }) => [id, content]);
  for (const person of [bob, carol]) await person.group.process(commit.message);
  alice.group = await Group.load(alice.options, disk);
  await talk(people);
  const info = await bob.group.exportInfo();
  assert.equal(await alice.group.compare(info), 'same');
  await alice.group.apply(await alice.group.commit());
  assert.equal(await alice.group.compare(info), 'ahead');
  await bob.group.apply(await bob.group.commit());
  assert.equal(await alice.group.compare(await bob.group.exportInfo()), 'forked');
  assert.equal(await carol.group.compare(await bob.group.exportInfo()), 'behind');
  await refused(alice.group.apply(commit), { status: 'invalidState' });
});

test('the program decides who is in, now or later', async () => {
  const [alice, bob, carol] = await three();
  const stranger = new Person('stranger@s.example');
  stranger.leaf.credential = mls.accountCredential('stranger@s.example', 'x', Buffer.alloc(32, 8), stranger.publicKey);
  // What accept() threw.
  await refused(alice.group.commit([mls.proposeAdd(stranger.publish())]), { status: 'signature', operation: 'verifyAccount' });

  const asked = [];
  const refusing = new Person('dave@d.example', {
    accept: async (credential, signatureKey, groupId) => {
      await pause(1);
      asked.push([credential.handle, signatureKey.length, groupId.length > 0]);
      return credential.handle !== 'bob@b.example';
    },
  });
  let commit = await alice.group.commit([mls.proposeAdd(refusing.publish())]);
  const error = await refused(refusing.join(commit.welcome), { status: 'signature', domain: 'e2ee', detail: 102, operation: 'Group.join' });
  assert.ok(error.message.includes(mls.ruleText(102)));
  assert.equal(mls.ruleSection(102), '7.3');
  assert.ok(asked.some(([handle, size, known]) => handle === 'bob@b.example' && size === 32 && known));

  // Rejections come out as they are; so does what is no boolean.
  const gone = new TypeError('the directory is away');
  for (const judge of [() => Promise.reject(gone), () => { throw gone; }])
    await assert.rejects(Group.create({ accept: judge }, alice.leaf), gone);
  for (const judge of [() => 1, () => undefined, async () => 'yes'])
    await assert.rejects(Group.create({ accept: judge }, alice.leaf), /accept gives a boolean/);
  await refused(Group.create({ accept: () => false }, alice.leaf), { status: 'signature' });

  const seen = [];
  const erin = new Person('erin@e.example', { acceptCommit: async (summary) => { seen.push(summary); return false; } });
  commit = await alice.group.commit([mls.proposeAdd(erin.publish())]);
  await deliver(commit, alice, bob, carol);
  await erin.join(commit.welcome);
  commit = await bob.group.commit();
  await refused(erin.group.process(commit.message), { status: 'policy', operation: 'process' });
  assert.equal(seen[0].committer, 1);
  assert.equal((await erin.group.describe()).epoch, 2);

  await refused(Group.create({}, alice.leaf), { status: 'invalidArgument', operation: 'Group.create' });
  await refused(Group.create({ accept, acceptAll: true }, alice.leaf), { status: 'invalidArgument' });
  await assert.rejects(Group.create({ accept: 'yes' }, alice.leaf), TypeError);
  await Group.create({ acceptAll: true }, stranger.leaf);
});

test('the event loop turns while a group works and waits', async () => {
  const [alice, bob] = await three();
  let turns = 0;
  let go;
  const dave = new Person('dave@d.example', { accept: () => new Promise((resolve) => (go = () => resolve(true))) });
  const commit = await alice.group.commit([mls.proposeAdd(dave.publish())]);
  await deliver(commit, alice, bob);
  const joined = dave.join(commit.welcome);
  for (let asked = 0; asked < 4;) {
    await pause(1);
    ++turns;
    if (go) {
      go();
      go = undefined;
      ++asked;
    }
    assert.ok(turns < 5000);
  }
  await joined;
  assert.equal((await dave.group.describe()).memberCount, 4);
});

test('more calls that wait than there are threads on the pool', async () => {
  const person = new Person('alice@a.example');
  const open = [];
  const slow = { accept: () => new Promise((resolve) => open.push(resolve)) };
  const made = Array.from({ length: 100 }, () => Group.create(slow, person.leaf));
  while (open.length < 64) await pause(1);
  // What uses libuv's pool still gets its turn, and the others come when these have ended.
  assert.equal((await Group.load({ acceptAll: true }, []).catch(({ status }) => status)), 'storeCorrupt');
  for (let answered = 0; answered < 100;) {
    for (; open.length > 0; ++answered) open.shift()(true);
    await pause(1);
  }
  assert.equal((await Promise.all(made)).length, 100);
});

test('what is asked may not use the group', async () => {
  const [alice, bob, carol] = await three();
  const failures = [];
  let other;
  const dave = new Person('dave@d.example', {
    acceptCommit: async () => {
      failures.push(await dave.group.describe().catch((error) => error));
      await other.describe(); // Another group may be used.
      return true;
    },
  });
  other = await Group.create({ acceptAll: true }, dave.leaf);
  const commit = await alice.group.commit([mls.proposeAdd(dave.publish())]);
  await deliver(commit, alice, bob, carol);
  await dave.join(commit.welcome);
  await dave.group.process((await alice.group.commit()).message);
  assert.deepEqual(failures.map(({ status, operation }) => [status, operation]), [['invalidState', 'describe']]);
  assert.equal((await dave.group.describe()).epoch, 3);
});

test('names and keys change', async () => {
  const people = await three();
  const [alice, bob, carol] = people;
  const key = mls.newSignatureKey();
  const credential = mls.accountCredential('bob@new.example', 'phone', ACCOUNT, mls.signaturePublicKey(key));
  const leaf = { credential, privateKey: key };
  await refused(bob.group.commit([], { leaf }), { status: 'signature' });
  for (const person of people) {
    await person.save();
    person.options.isSuccessor = (before, after) => before.deviceId === after.deviceId;
    await person.restart();
  }
  await deliver(await bob.group.commit([], { leaf }), bob, alice, carol);
  bob.leaf = leaf;
  await talk(people);
  assert.equal((await alice.group.members())[1].credential.handle, 'bob@new.example');
});

test('pre-shared keys go in', async () => {
  const known = new Map([['name', mls.newSignatureKey()]]);
  const asked = [];
  const psk = async (id) => {
    asked.push(id);
    return known.get(id.id.toString());
  };
  const [alice, bob] = [new Person('alice@a.example', { psk }), new Person('bob@b.example', { psk: () => known.get('name').bytes() })];
  await alice.create({ groupId: Buffer.from('group') });
  const commit = await alice.group.commit([mls.proposePsk(Buffer.from('name')), mls.proposeAdd(bob.publish())]);
  await alice.group.apply(commit);
  await bob.join(commit.welcome);
  await talk([alice, bob]);
  assert.deepEqual([asked[0].type, asked[0].usage, asked[0].id.toString()], ['external', 'none', 'name']);
  await refused(alice.group.commit([mls.proposePsk(Buffer.from('other'))]), { status: 'notFound', detail: 604 });
  await alice.group.commit([mls.proposeResumptionPsk(Buffer.from('group'), 0)]);
  for (const wrong of [Buffer.alloc(mls.PSK_MAX_SIZE + 1), Buffer.alloc(0)]) {
    known.set('name', wrong);
    await refused(alice.group.commit([mls.proposePsk(Buffer.from('name'))]), { status: 'invalidArgument', operation: 'psk' });
  }
  known.set('name', 'a text');
  await assert.rejects(alice.group.commit([mls.proposePsk(Buffer.from('name'))]), TypeError);
  known.set('name', Buffer.alloc(mls.PSK_MAX_SIZE, 1));
  await alice.group.commit([mls.proposePsk(Buffer.from('name'))]);
});

test('groups follow others', async () => {
  const people = await three();
  const [alice, bob, carol] = people;
  let founded = await alice.group.branch(alice.leaf, [bob.publish()], { groupId: Buffer.from('branch') });
  const { group: branch } = await Group.join(bob.options, founded.welcome, bob.packages, { predecessor: bob.group });
  const mine = await founded.group();
  assert.equal((await branch.process(await mine.protect('x'))).data.toString(), 'x');
  assert.equal((await branch.describe()).groupId.toString(), 'branch');

  await refused(alice.group.reinitialise(alice.leaf, []), { status: 'invalidState', operation: 'reinitialise' });
  const required = mls.requiredCapabilities({ credentialTypes: [1] });
  await deliver(await bob.group.commit([mls.proposeReinit({ groupId: Buffer.from('new'), extensions: [required] })]), bob, alice, carol);
  const { reinit, isActive } = await alice.group.describe();
  assert.deepEqual([isActive, reinit.type, reinit.groupId.toString(), reinit.suite], [false, 'reinit', 'new', 1]);
  assert.deepEqual(reinit.extensions, required);
  await refused(alice.group.protect('x'), { status: 'invalidState', detail: 709 });
  founded = await alice.group.reinitialise(alice.leaf, [bob.publish(), carol.publish()]);
  for (const person of [bob, carol]) await person.join(founded.welcome, { predecessor: person.group });
  alice.group = await founded.group();
  await talk(people);
});

test('proposals come from outside', async () => {
  const people = await three();
  const [alice, bob, carol] = people;
  const [node, dave] = [new Person('node@n.example'), new Person('dave@d.example')];
  const named = mls.externalSender(node.leaf.credential, node.publicKey);
  await deliver(await alice.group.commit([mls.proposeExtensions([mls.externalSenders([named])])]), alice, bob, carol);
  const { groupId, epoch } = await alice.group.describe();
  const propose = (by, sender, proposal) =>
    mls.externalProposal({ groupId, epoch, sender, privateKey: by.key, proposal, aad: Buffer.from('why') });

  await refused(bob.group.process(propose(dave, 0, mls.proposeRemove(2))), { status: 'signature', detail: 404 });
  await refused(bob.group.process(propose(node, 1, mls.proposeRemove(2))), { status: 'malformed', detail: 403 });
  assert.throws(() => propose(node, 0, mls.proposeSelfRemove()), { status: 'malformed', detail: 607, operation: 'externalProposal' });
  assert.throws(() => propose({ key: Buffer.from('x') }, 0, mls.proposeRemove(2)), { status: 'malformed' });
  assert.throws(() => mls.externalSender(node.leaf.credential, Buffer.from('x')), { status: 'malformed' });
  assert.throws(() => mls.externalSenders([Buffer.from('x')]), { status: 'malformed' });

  dave.publish();
  const wish = dave.packages[0].joinProposal(groupId, epoch);
  const putOut = propose(node, 0, mls.proposeRemove(2));
  for (const { group } of people) {
    const got = await group.process(putOut);
    assert.deepEqual([got.senderType, got.sender, got.aad.toString()], ['external', 0, 'why']);
    const wished = await group.process(wish);
    assert.deepEqual([wished.senderType, wished.sender], ['newMemberProposal', null]);
  }
  const commit = await bob.group.commit();
  await deliver(commit, bob, alice, carol);
  assert.equal((await carol.group.describe()).wasRemoved, true);
  await dave.join(commit.welcome);
  await talk([alice, bob, dave]);
  const closed = mls.KeyPackage.create(dave.leaf);
  closed.close();
  assert.throws(() => closed.joinProposal(groupId, epoch), { status: 'closed' });
});

test('a member goes', async () => {
  const [alice, bob] = [new Person('alice@a.example'), new Person('bob@b.example')];
  for (const person of [alice, bob]) person.leaf.selfRemove = true;
  await alice.create();
  const commit = await alice.group.commit([mls.proposeAdd(bob.publish())]);
  await alice.group.apply(commit);
  await bob.join(commit.welcome);
  await alice.group.process(await bob.group.propose(mls.proposeSelfRemove(), { public: true }));
  await deliver(await alice.group.commit(), alice, bob);
  assert.equal((await bob.group.describe()).wasRemoved, true);
});

test('options of a group have their effect', async () => {
  const [alice, bob] = [new Person('alice@a.example'), new Person('bob@b.example', { pastEpochs: 0, privateHandshakes: true, maxWaitingProposals: 1 })];
  await alice.create();
  const commit = await alice.group.commit([mls.proposeAdd(bob.publish())]);
  await alice.group.apply(commit);
  await bob.join(commit.welcome);
  await refused(bob.group.process(await alice.group.propose(mls.proposeRemove(1), { public: true })), { detail: 411, domain: 'e2ee' });
  const late = await alice.group.protect('late');
  await bob.group.propose(mls.proposePsk(Buffer.from('a')));
  await refused(bob.group.propose(mls.proposePsk(Buffer.from('b'))), { status: 'busy', operation: 'propose' });
  await alice.group.dropWaiting();
  await deliver(await alice.group.commit(), alice, bob);
  await refused(bob.group.process(late), { detail: 402 });
  for (const wrong of [{ pastEpochs: -1 }, { maxMessagesAhead: 0 }, { resumptionEpochs: 1.5 }, { maxLifetime: NaN }])
    await refused(Group.create({ acceptAll: true, ...wrong }, alice.leaf), { status: 'invalidArgument', operation: 'Group.create' });
  const brief = KeyPackage.create({ ...bob.leaf, lifetime: 500 * 86_400_000 });
  await refused(alice.group.commit([mls.proposeAdd(brief.message)]), { domain: 'e2ee' });
});

test('messages are seen from outside', async () => {
  const [alice, bob] = await three();
  const pack = KeyPackage.create({ ...bob.leaf, lastResort: true });
  let seen = mls.readMessage(pack.message);
  assert.deepEqual([seen.format, seen.references, pack.isLastResort, seen.suite], ['keyPackage', [pack.ref], true, 1]);
  assert.deepEqual([seen.credential.handle, seen.credential.deviceId], ['bob@b.example', 'phone']);
  assert.deepEqual(seen.signatureKey, bob.publicKey);
  const again = KeyPackage.load(pack.save());
  assert.deepEqual([again.ref, again.message], [pack.ref, pack.message]);
  seen = mls.readMessage(await alice.group.protect('x'));
  assert.deepEqual([seen.format, seen.content, seen.epoch, seen.credential], ['privateMessage', 'application', 1, null]);
  assert.deepEqual(seen.groupId, (await alice.group.describe()).groupId);
  const dave = new Person('dave@d.example');
  const commit = await alice.group.commit([mls.proposeAdd(dave.publish())]);
  assert.deepEqual(mls.readMessage(commit.welcome).references, [dave.packages[0].ref]);
  for (const wrong of [Buffer.alloc(0), Buffer.from('x'), commit.welcome.subarray(0, -1)])
    await refused((async () => mls.readMessage(wrong))(), { status: 'malformed', operation: 'readMessage' });
});

test('values are encoded and read', async () => {
  const no = (call, fields) => refused((async () => call())(), fields);
  assert.ok(mls.supportedSuites().includes(mls.DEFAULT_SUITE));
  const credential = mls.readCredential(mls.basicCredential(Buffer.from('anything')));
  assert.deepEqual([credential.type, credential.identity.toString(), credential.handle], ['basic', 'anything', '']);
  assert.equal(mls.extension(0xf001, Buffer.from('abc')).toString('hex'), 'f00103616263');
  let proposal = mls.readProposal(mls.proposeRemove(3));
  assert.deepEqual([proposal.type, proposal.leafIndex, proposal.sender, proposal.psk], ['remove', 3, null, null]);
  const two = [mls.extension(1, Buffer.from('x')), mls.extension(2, Buffer.from('y'))];
  proposal = mls.readProposal(mls.proposeExtensions(two));
  assert.equal(proposal.type, 'groupContextExtensions');
  assert.deepEqual(proposal.extensions, Buffer.concat(two));
  proposal = mls.readProposal(mls.proposeResumptionPsk(Buffer.from('g'), 2 ** 40));
  assert.deepEqual([proposal.psk.type, proposal.psk.epoch, proposal.psk.groupId.toString()], ['resumption', 2 ** 40, 'g']);
  assert.throws(() => mls.proposeExtensions(Buffer.from('x')), TypeError);
  assert.throws(() => mls.proposeAdd('text'), TypeError);
  assert.throws(() => mls.signaturePublicKey('text'), TypeError);
  await no(() => mls.newSignatureKey({ suite: 99 }), { status: 'unsupported', operation: 'newSignatureKey' });
  await no(() => mls.accountCredential('bob', 'x', ACCOUNT, Buffer.from('key')), { status: 'invalidArgument' });
  await no(() => mls.verifyAccount(mls.basicCredential(Buffer.from('x')), Buffer.from('key'), ACCOUNT_PUBLIC), { status: 'signature' });
  await no(() => KeyPackage.create({ credential: Buffer.alloc(0), lifetime: -1 }), { status: 'invalidArgument', operation: 'KeyPackage.create' });
  await no(() => KeyPackage.load(Buffer.from('x')), { status: 'storeCorrupt', operation: 'KeyPackage.load' });
  assert.equal(mls.ruleText(1), '');
  assert.deepEqual(mls.supportedSuites().map((suite) => mls.signaturePublicKey(mls.newSignatureKey({ suite }), { suite }).length > 30),
    mls.supportedSuites().map(() => true));
});
