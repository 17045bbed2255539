// The Node peer of bindings/SCENARIOS.md: obeys lines of JSON, over the public API of the package.
import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { Client, fingerprint, MyChatError, versionString } from 'mychat';
import { mlsCalls } from './peer_mls.mjs';

const { domains, statuses } = createRequire(import.meta.url)('../dist/enums.js');
const { native } = createRequire(import.meta.url)('../dist/native.js');

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
const statusName = (status) => (status === null ? 'MYCHAT_OK' : native.mychat_status_name(statuses.value(status)));

const ENUMS = new Set(['trust', 'direction', 'contentType', 'status', 'verification', 'state', 'operation', 'repair', 'type']);
const STATUSES = new Set(['failure', 'cause']);

function errorToWire(error, operation) {
  if (error instanceof MyChatError)
    return {
      status: error.code, domain: domains.value(error.domain), detail: error.detail, retryable: error.retryable,
      operation: snake(error.operation), message: error.message,
    };
  return { status: 'EXCEPTION', domain: 0, detail: 0, retryable: false, operation, message: String(error?.message ?? error) };
}

function toWire(value, key = '') {
  if (STATUSES.has(key)) return statusName(value);
  if (key === 'matchesAccount') return value === null ? -1 : Number(value);
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.getTime();
  if (value instanceof MyChatError) return errorToWire(value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (key === 'capabilities') return value.join(' ');
  if (Array.isArray(value)) return value.map((item) => toWire(item));
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [snake(name), toWire(item, name)]));
  return typeof value === 'string' && ENUMS.has(key) ? snake(value) : value;
}

let client = null;
let kept = [];
let waiters = [];

function collect(stream) {
  (async () => {
    for await (const event of stream) {
      kept.push(toWire(event));
      for (const waiter of [...waiters]) waiter();
    }
  })().catch(() => undefined);
}

const matches = (payload, wanted) =>
  Object.entries(wanted ?? {}).every(([key, value]) => JSON.stringify(payload?.[key]) === JSON.stringify(value));
const payloadOf = (event) =>
  event.message ?? event.connection ?? event.progress ?? event.typing ?? event.presence ?? event.contact;

function takeKept({ type, match }) {
  const index = kept.findIndex((event) => event.type === type && matches(payloadOf(event), match));
  return index < 0 ? null : kept.splice(index, 1)[0];
}

async function wait(wanted) {
  const limit = wanted.timeout_ms ?? 30_000;
  const until = performance.now() + limit;
  for (;;) {
    const event = takeKept(wanted);
    if (event) return event;
    const left = until - performance.now();
    if (left <= 0)
      throw new MyChatError({ status: statuses.value('timeout'), domain: 1, detail: 0, retryable: 1, message: 'No such event came.' }, 'wait');
    await new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        waiters = waiters.filter((waiter) => waiter !== done);
        resolve();
      };
      const timer = setTimeout(done, left);
      waiters.push(done);
    });
  }
}

const page = (result) => toWire(result);
const nothing = async (promise) => {
  await promise;
  return {};
};

const calls = {
  hello: () => ({ language: 'node', library: versionString(), protocol: 1 }),
  async open({ store, passphrase, node_url, must_exist }) {
    if (client && !client.closed) await client.close();
    client = await Client.create({
      store, passphrase, nodeUrl: node_url ?? undefined, storeMustExist: must_exist ?? false, acknowledge: 'manual',
    });
    kept = [];
    collect(client.events());
    return {};
  },
  start: () => nothing(client.start()),
  stop: () => nothing(client.stop()),
  close: () => nothing(client.close()),
  register: async ({ username, password, device_name }) =>
    toWire(await client.register({ username, password, deviceName: device_name ?? undefined })),
  login: async ({ username, password, device_name }) =>
    toWire(await client.login({ username, password, deviceName: device_name ?? undefined })),
  logout: () => nothing(client.logout()),
  account: async () => toWire(await client.account()),
  set_profile: async ({ avatar_url, status_message }) =>
    toWire(await client.setProfile({ avatarUrl: avatar_url ?? undefined, statusMessage: status_message ?? undefined })),
  change_password: ({ current_password, new_password }) => nothing(client.changePassword(current_password, new_password)),
  delete_account: ({ password }) => nothing(client.deleteAccount(password)),
  sessions: async () => ({ sessions: toWire(await client.sessions()) }),
  revoke_session: ({ session_id }) => nothing(client.revokeSession(session_id ?? undefined)),
  node_info: async () => toWire(await client.nodeInfo()),
  add_contact: async ({ handle, nickname }) => toWire(await client.addContact(handle, { nickname: nickname ?? undefined })),
  remove_contact: ({ handle }) => nothing(client.removeContact(handle)),
  lookup: async ({ handle }) => toWire(await client.lookup(handle)),
  contact: async ({ handle }) => toWire(await client.contact(handle)),
  contacts: async () => ({ contacts: toWire(await client.contacts()) }),
  conversations: async () => ({ conversations: toWire(await client.conversations()) }),
  set_typing: ({ peer, is_typing }) => nothing(client.setTyping(peer, is_typing)),
  set_presence: ({ status }) => nothing(client.setPresence(status)),
  send: async ({ to, text, data, content_type, message_id }) => ({
    id: text != null && !content_type
      ? await client.sendText(to, text, { messageId: message_id ?? undefined })
      : await client.send({
        recipient: to, data: text ?? Buffer.from(data, 'base64'), contentType: content_type ? camel(content_type) : undefined,
        messageId: message_id ?? undefined,
      }),
  }),
  retry: ({ message_id }) => nothing(client.retry(message_id)),
  message: async ({ message_id }) => toWire(await client.message(message_id)),
  history: async ({ peer, limit, before }) => page(await client.history(peer, { limit, before: before ?? undefined })),
  search: async ({ query, limit, peer, before }) =>
    page(await client.search(query, { limit, peer: peer ?? undefined, before: before ?? undefined })),
  mark_read: ({ peer, message_id }) => nothing(client.markRead(peer, message_id ?? undefined)),
  explain: async ({ message_id }) => toWire(await client.explain(message_id)),
  policy: async () => ({ policy: (await client.policy()).map(snake) }),
  set_policy: ({ policy }) => nothing(client.setPolicy(policy.map(camel))),
  public_key: async ({ format }) => ({ key: await client.publicKey(format ?? undefined) }),
  export_private_key: async ({ format }) => ({ key: (await client.exportPrivateKey(format ?? undefined)).text() }),
  import_private_key: ({ key }) => nothing(client.importPrivateKey(key)),
  fingerprint: ({ key }) => ({ fingerprint: fingerprint(key) }),
  safety_number: async ({ handle }) => ({ text: await client.safetyNumber(handle) }),
  safety_qr: async ({ handle }) => ({ text: await client.safetyQr(handle) }),
  compare_safety_qr: async ({ handle, scanned }) => ({ result: snake(await client.compareSafetyQr(handle, scanned)) }),
  set_verified: ({ handle, fingerprint: compared, verified }) => nothing(client.setVerified(handle, compared, verified)),
  accept_key: ({ handle, fingerprint: pending }) => nothing(client.acceptKey(handle, pending)),
  rotate_identity: async ({ password }) => toWire(await client.rotateIdentity({ password: password ?? undefined })),
  async export_backup({ password, path, kind }) {
    const backup = await client.exportBackup(password, { kind: kind ?? undefined });
    await writeFile(path, backup.data, { mode: 0o600 });
    return { file_name: backup.fileName, size: backup.data.length };
  },
  verify_backup: async ({ password, path }) => toWire(await client.verifyBackup(await readFile(path), password)),
  import_backup: async ({ password, path }) => toWire(await client.importBackup(await readFile(path), password)),
  check_store: async () => toWire(await client.checkStore()),
  backup_store: ({ path }) => nothing(client.backupStore(path)),
  change_passphrase: ({ new_passphrase }) => nothing(client.changePassphrase(new_passphrase)),
  wait,
  ack: ({ seq }) => nothing(client.ack(seq)),
  async rewind() {
    // Emptied when the last event before the rewind was kept, and none after it.
    await client.rewind();
    kept = [];
    return {};
  },
  async cancelled_register({ username, password }) {
    const abort = new AbortController();
    const registered = client.register({ username, password, signal: abort.signal });
    // The signal's reason would hide the library's own error, which the scenario is about.
    const cancelled = new MyChatError({ status: statuses.value('cancelled'), domain: 1, detail: 0, retryable: 0, message: 'Cancelled.' }, 'register');
    abort.abort(cancelled);
    return toWire(await registered);
  },
  ...mlsCalls,
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let request = {};
  let answer;
  try {
    request = JSON.parse(line);
    if (request.do === 'exit') {
      process.stdout.write(`${JSON.stringify({ id: request.id, ok: true, result: {} })}\n`);
      break;
    }
    if (!Object.hasOwn(calls, request.do)) throw new Error(`No such call: ${request.do}`);
    answer = { id: request.id, ok: true, result: await calls[request.do](request) };
  } catch (error) {
    answer = { id: request?.id ?? null, ok: false, error: errorToWire(error, request?.do ?? '') };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await client?.close();
process.stdin.destroy();  // Which whoever drives this may keep open.
