// The calls of the Node peer that are about groups of MLS (bindings/SCENARIOS.md). They need no client.
import * as mls from 'mychat/mls';

const options = { acceptAll: true };
const base64 = (bytes) => bytes?.toString('base64') ?? null;
const bytes = (text) => Buffer.from(text, 'base64');
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const leaf = (name) => ({ credential: mls.basicCredential(Buffer.from(name)), privateKey: mls.newSignatureKey() });

let group = null;
let pack = null;

// Methods of Group here, functions with that prefix in C.
async function ofGroup(call) {
  try {
    return await call();
  } catch (error) {
    error.operation = `mls_group_${snake(error.operation ?? '')}`;
    throw error;
  }
}

export const mlsCalls = {
  mls_package({ name }) {
    pack = mls.KeyPackage.create(leaf(name));
    return { message: base64(pack.message) };
  },
  async mls_create({ name }) {
    group = await mls.Group.create(options, leaf(name));
    return {};
  },
  async mls_join({ welcome }) {
    ({ group } = await mls.Group.join(options, bytes(welcome), [pack]));
    return {};
  },
  async mls_join_external({ name, group_info }) {
    const commit = await mls.Group.joinExternal(options, bytes(group_info), leaf(name));
    group = await commit.group();
    return { commit: base64(commit.message) };
  },
  mls_commit: ({ add, remove }) => ofGroup(async () => {
    const proposals = [];
    if (add != null) proposals.push(mls.proposeAdd(bytes(add)));
    if (remove != null) proposals.push(mls.proposeRemove(remove));
    const commit = await group.commit(proposals);
    await group.apply(commit);
    return { commit: base64(commit.message), welcome: base64(commit.welcome) };
  }),
  mls_export_info: async () => ({ group_info: base64(await group.exportInfo()) }),
  mls_protect: ({ text }) => ofGroup(async () => ({ message: base64(await group.protect(text, { padding: 16 })) })),
  mls_process: ({ message }) => ofGroup(async () => {
    const got = await group.process(bytes(message));
    return { content: got.content, sender: got.sender, name: got.credential?.identity.toString() ?? null, text: got.data.toString() };
  }),
  async mls_state() {
    const [{ epoch, ownLeaf }, members, authenticator] = await Promise.all([group.describe(), group.members(), group.epochAuthenticator()]);
    return {
      epoch, own_leaf: ownLeaf, members: members.map(({ credential }) => credential.identity.toString()),
      authenticator: base64(authenticator.bytes()),
    };
  },
  async mls_restart() {
    const records = await group.save();
    group.close();
    group = await mls.Group.load(options, records.map(({ id, content }) => [id, content]));
    return {};
  },
};
