// Compiled, not run: what the types promise, and what they must refuse.
import { Bot, Client, MyChatError, Secret, type ClientEvent, type Message, type Status, type Trust } from 'mychat';
import { newKey, Node } from 'mychat/federation';
import { Group, KeyPackage, newSignatureKey, proposeAdd, type GroupRecord, type MlsOptions, type Received, type Relation } from 'mychat/mls';
import { startNode } from 'mychat/testing';

export async function use(signal: AbortSignal): Promise<void> {
  await using node = await startNode({ flags: [] });
  await using client = await Client.create({ store: 'a.mychat', passphrase: Buffer.from('x'), nodeUrl: node.url });
  client.on('message', (message, event) => {
    const text: string | null = message.text;
    const seq: number = event.seq;
    void [text, seq];
  });
  const account = await client.register({ username: 'anna', password: new Secret('geheim'), signal });
  const backupAt: Date | null = account.backupAt;
  for await (const event of client.events({ signal })) {
    if (event.type === 'message') show(event.message);
    if (event.type === 'presence') event.presence.lastSeen?.getTime();
    // @ts-expect-error: only messages carry one
    event.message;
  }
  try {
    await client.setPolicy(['noTyping']);
    // @ts-expect-error: no such flag
    await client.setPolicy(['nonsense']);
  } catch (error) {
    if (error instanceof MyChatError) {
      const status: Status = error.status;
      // @ts-expect-error: no such status
      if (error.status === 'nonsense') return;
      void status;
    }
  }
  // @ts-expect-error: presence is online or away
  await client.setPresence('offline');
  const trust: Trust = (await client.contact('anna@localhost')).trust;
  const bot: Bot = new Bot({ store: 'b', passphrase: 'p', username: 'bot', password: 'p' }).on('message', async (message, reply) => {
    await reply(message.text ?? '');
  });
  using own = new Node({ domain: 'a.example', apiUrl: 'https://a.example/f', privateKey: newKey() });
  using handshake = own.beginHandshake('b.example');
  void [backupAt, trust, bot, handshake];
}

export async function useGroups(credential: Uint8Array): Promise<GroupRecord[]> {
  const options: MlsOptions = {
    accept: async ({ handle }, signatureKey, groupId) => handle !== '' && signatureKey.length + groupId.length > 0,
    psk: ({ type }) => (type === 'external' ? newSignatureKey() : null),
    pastEpochs: 0,
  };
  // @ts-expect-error: a boolean, or a promise of one
  const wrong: MlsOptions = { accept: () => 'yes' };
  using pack = KeyPackage.create({ credential, privateKey: newSignatureKey(), lastResort: true });
  using group = await Group.create(options, { credential, privateKey: new Uint8Array(32) }, { groupId: new Uint8Array(8) });
  using commit = await group.commit([proposeAdd(pack.message)], { aad: new Uint8Array(1), noTree: true });
  // @ts-expect-error: nobody may have been added
  const welcome: Buffer = commit.welcome;
  await group.apply(commit);
  const { group: joined, used } = await Group.join(options, commit.welcome ?? new Uint8Array(0), [pack], { predecessor: group });
  const got: Received = await joined.process(await group.protect('text', { padding: 32 }));
  if (got.commit) got.commit.added.map((leaf) => leaf + 1);
  const relation: Relation = await joined.compare(await group.exportInfo({ tree: false }));
  // @ts-expect-error: a group is made by its functions
  new Group();
  void [wrong, welcome, used.isLastResort, got.data.length, relation];
  await Group.load(options, new Map([['id', new Uint8Array(1)]]));
  return group.takeChanges();
}

function show(message: Message): ClientEvent['type'] {
  return message.direction === 'in' ? 'message' : 'messageStatus';
}
