// People with keys, a disk and a group, over a delivery service that is a function call.
import assert from 'node:assert/strict';
import * as mls from 'mychat/mls';

export const ACCOUNT = Buffer.alloc(mls.ACCOUNT_KEY_SIZE, 7);
export const ACCOUNT_PUBLIC = mls.signaturePublicKey(ACCOUNT); // Suite 1 signs with Ed25519, as accounts do.

export function accept(credential, signatureKey) {
  mls.verifyAccount(credential.encoded, signatureKey, ACCOUNT_PUBLIC);
  return true;
}

export class Person {
  packages = [];
  disk = new Map();
  group = null;

  constructor(handle, options = {}) {
    this.key = mls.newSignatureKey();
    this.publicKey = mls.signaturePublicKey(this.key);
    this.leaf = { credential: mls.accountCredential(handle, 'phone', ACCOUNT, this.publicKey), privateKey: this.key };
    this.options = { accept, ...options };
  }
  publish() {
    this.packages.push(mls.KeyPackage.create(this.leaf));
    return this.packages.at(-1).message;
  }
  async create(more) {
    this.group = await mls.Group.create(this.options, this.leaf, more);
  }
  async join(welcome, more) {
    const { group, used } = await mls.Group.join(this.options, welcome, this.packages, more);
    this.group = group;
    this.packages.splice(this.packages.indexOf(used), 1);
    used.close();
  }
  async save() {
    this.disk = new Map((await this.group.save()).map(({ id, content }) => [id, content]));
  }
  async restart() {
    for (const { id, content, isErased } of await this.group.takeChanges()) {
      if (isErased) this.disk.delete(id);
      else this.disk.set(id, content);
    }
    this.group.close();
    this.group = await mls.Group.load(this.options, this.disk);
  }
}

/** A commit as the group's next. */
export async function deliver(commit, maker, ...others) {
  for (const other of others) await other.group.process(commit.message);
  await maker.group.apply(commit);
}

/** Alice, Bob and Carol in one group, at leaves 0 to 2 and epoch 1. */
export async function three(options) {
  const people = ['alice', 'bob', 'carol'].map((name) => new Person(`${name}@${name[0]}.example`, options));
  const [alice, bob, carol] = people;
  await alice.create();
  const commit = await alice.group.commit([mls.proposeAdd(bob.publish()), mls.proposeAdd(carol.publish())]);
  await alice.group.apply(commit);
  await Promise.all([bob.join(commit.welcome), carol.join(commit.welcome)]);
  return people;
}

/** That everybody can write to everybody, and all are in one epoch. */
export async function talk(people) {
  for (const sender of people) {
    const message = await sender.group.protect('Grüße', { aad: Buffer.from('seen'), padding: 64 });
    for (const receiver of people) {
      if (receiver === sender) continue;
      const got = await receiver.group.process(message);
      assert.deepEqual([got.content, got.data.toString(), got.aad.toString()], ['application', 'Grüße', 'seen']);
      assert.deepEqual(got.credential.encoded, sender.leaf.credential);
    }
  }
  const seen = new Set();
  for (const { group } of people) seen.add((await group.epochAuthenticator()).bytes().toString('hex'));
  assert.equal(seen.size, 1);
}
