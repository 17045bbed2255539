// What groups of MLS ask the program: when it fails, asks by itself, and many ask at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as mls from 'mychat/mls';
import { accept, deliver, Person, three } from './mls_support.mjs';

const { Group } = mls;

test('what a question throws ends a call that could do without the answer', async () => {
  const [alice, bob, carol] = await three();
  const gone = new TypeError('the directory is away');
  let away = false;
  const judging = new Person('erin@e.example', { accept: (...given) => { if (away) throw gone; return accept(...given); } });
  let commit = await alice.group.commit([mls.proposeAdd(judging.publish())]);
  await deliver(commit, alice, bob, carol);
  await judging.join(commit.welcome);
  const dave = new Person('dave@d.example');
  await judging.group.process(await bob.group.propose(mls.proposeAdd(dave.publish())));
  away = true;
  await assert.rejects(judging.group.commit(), gone);
  away = false;
  commit = await judging.group.commit();
  assert.notEqual(commit.welcome, null, 'who waits is added once the directory is back');
});

test('a key package that is given twice is used once', async () => {
  const [alice, bob] = [new Person('alice@a.example'), new Person('bob@b.example')];
  await alice.create();
  const commit = await alice.group.commit([mls.proposeAdd(bob.publish())]);
  const [own] = bob.packages;
  const { group, used } = await Group.join(bob.options, commit.welcome, [own, own]);
  assert.equal(used, own);
  assert.equal((await group.describe()).memberCount, 2);
});

test('a question within a question cannot use a group that waits for it', async () => {
  const [alice] = await three();
  const outer = new Person('dave@d.example', { accept: async (...given) => { await inner(); return accept(...given); } });
  let answered = [];
  const inner = async () => {
    const erin = new Person('erin@e.example', {
      accept: async (...given) => {
        answered.push(await outer.group?.describe().catch(({ status }) => status));
        return accept(...given);
      },
    });
    await erin.create();
  };
  const commit = await alice.group.commit([mls.proposeAdd(outer.publish())]);
  await alice.group.apply(commit);
  await outer.join(commit.welcome);
  answered = [];
  await outer.group.process(await alice.group.propose(mls.proposeAdd(new Person('frank@f.example').publish())));
  assert.ok(answered.length > 0 && answered.every((status) => status === 'invalidState'), JSON.stringify(answered));
});

test('more calls than there are threads wait for calls of their own', { timeout: 60_000 }, async () => {
  const asks = Array.from({ length: 80 }, (_, i) => new Person(`person${i}@p.example`, {
    accept: async () => {
      const within = new Person('within@w.example');
      await within.create();
      return true;
    },
  }));
  await Promise.all(asks.map((one) => one.create()));
  assert.ok(asks.every(({ group }) => group !== null));
});
