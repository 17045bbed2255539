// Nodes of one's own, in JavaScript: with each other, and with a real mychat-server.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { fingerprint, Secret } from 'mychat';
import * as federation from 'mychat/federation';
import { startNode } from 'mychat/testing';
import { eventually, refused, Watch } from './support.mjs';

const { Node, verifyDocument } = federation;
const NOW = new Date('2027-01-15T08:00:00Z');
const DAY = 86_400_000;
const URI = 'https://b.example/api/federation/transactions';
const later = (ms) => new Date(NOW.getTime() + ms);

function one(domain) {
  const key = federation.newKey();
  const node = new Node({ domain, apiUrl: `https://${domain}/f`, privateKey: key, capabilities: ['messages', 'receipts'] });
  const json = node.signDocument({ sequence: 1, now: NOW });
  return { key, node, json, document: verifyDocument(json, domain, null, { now: NOW }) };
}
const a = one('a.example');
const b = one('b.example');
const no = (call, status) => refused((async () => call())(), { status });

test('a document says who a node is', async () => {
  const { document } = b;
  assert.equal(document.continuity, 'first');
  assert.deepEqual([document.domain, document.apiUrl, document.protocol], ['b.example', 'https://b.example/f', 2]);
  assert.deepEqual(document.capabilities, ['messages', 'receipts']);
  assert.deepEqual([document.issuedAt, document.validUntil], [NOW, later(7 * DAY)]);
  assert.deepEqual([document.key, document.nextKey, document.rotations], [federation.publicKey(b.key), '', 0]);
  assert.deepEqual([document.maxMessageSize, document.maxTransactionItems, document.clockAhead], [10_485_760, 256, 0]);
  const whole = JSON.stringify({ federation: JSON.parse(b.json) });
  assert.equal(verifyDocument(whole, 'b.example', document.known, { now: NOW }).continuity, 'same');
  const error = await no(() => verifyDocument(b.json, 'a.example', null, { now: NOW }), 'keyMismatch');
  assert.deepEqual([error.domain, error.operation], ['federation', 'verifyDocument']);
  await no(() => verifyDocument(b.json, 'b.example', null, { now: later(8 * DAY) }), 'stale');
  await no(() => verifyDocument('{}', 'b.example', null, { now: NOW }), 'unsupported');
  await no(() => verifyDocument('{}', 'b.example', document.known, { now: NOW }), 'downgrade');
  await no(() => verifyDocument('{', 'b.example', null, { now: NOW }), 'malformed');
  assert.throws(() => verifyDocument(b.json, 'b.example', null, { now: new Date(NaN) }), TypeError);
});

test('a key is handed over', async () => {
  const key = federation.newKey();
  const next = new Node({ domain: 'b.example', apiUrl: 'https://b.example/f', privateKey: key });
  const announced = b.node.signDocument({ sequence: 2, nextKey: federation.publicKey(key), previous: b.json, now: NOW });
  assert.equal(verifyDocument(announced, 'b.example', null, { now: NOW }).nextKey, federation.publicKey(key));
  await no(() => next.signDocument({ sequence: 3, previous: announced, now: NOW }), 'keyMismatch');
  const rotated = next.signDocument({ sequence: 3, previous: announced, previousPrivateKey: b.key, now: NOW });
  const shown = verifyDocument(rotated, 'b.example', b.document.known, { now: NOW });
  assert.deepEqual([shown.continuity, shown.rotations], ['rotated', 1]);
  const stolen = next.signDocument({ sequence: 4, now: NOW });
  await no(() => verifyDocument(stolen, 'b.example', b.document.known, { now: NOW }), 'keyChanged');
});

test('two nodes shake hands and speak', async () => {
  const begun = a.node.beginHandshake('b.example', { now: NOW });
  assert.equal(begun.id, '');
  assert.equal(b.node.helloOrigin(begun.message), 'a.example');
  const answered = b.node.answerHandshake(begun.message, a.json, a.document.known, { now: later(1000) });
  const agreed = begun.finish(answered.message, b.json, b.document.known, { now: NOW });
  assert.deepEqual([agreed.peer, agreed.protocol, agreed.clockAhead], ['b.example', 2, 1000]);
  assert.equal(federation.confirmId(agreed.confirm), answered.id);
  assert.equal(answered.confirm(agreed.confirm, a.document.known, { now: NOW }).peer, 'a.example');
  await no(() => answered.finish(answered.message, b.json, b.document.known, { now: NOW }), 'invalidState');
  await no(() => begun.finish(answered.message, b.json, b.document.known, { now: later(61_000) }), 'stale');

  const body = Buffer.from('{}');
  const headers = a.node.signRequest('b.example', 'POST', URI, body, { now: NOW });
  assert.equal(federation.requestOrigin(headers), 'a.example');
  assert.equal(federation.requestOrigin(new Headers(headers)), 'a.example');
  assert.equal(federation.requestOrigin({ 'X-Origin-Node': ['a.example'], other: undefined }), 'a.example');
  const { known } = a.document;
  await no(() => b.node.verifyRequest('POST', URI, headers, Buffer.from('[]'), known, { now: NOW }), 'signature');
  b.node.verifyRequest('POST', URI, headers, body, known, { now: NOW });
  await no(() => b.node.verifyRequest('POST', URI, headers, body, known, { now: NOW }), 'replay');
  const answer = b.node.signResponse('POST', URI, headers, 200, Buffer.from('yes'), { now: NOW });
  const received = {
    method: 'POST', targetUri: URI, requestHeaders: headers, status: 200, headers: answer, known: b.document.known, now: NOW,
  };
  federation.verifyResponse({ ...received, body: Buffer.from('yes') });
  await no(() => federation.verifyResponse({ ...received, body: Buffer.from('no') }), 'signature');
  assert.throws(() => federation.requestOrigin([['A', 'b\r\nC: d']]), TypeError);
  assert.throws(() => federation.requestOrigin([['A\0', 'b']]), TypeError);
  await no(() => federation.requestOrigin({}), 'signature');
  const restarted = new Node({ domain: 'b.example', apiUrl: 'https://b.example/f', privateKey: b.key, beganAt: later(1000) });
  await no(() => restarted.verifyRequest('POST', URI, headers, body, known, { now: later(1000) }), 'stale');
  const old = later(-400 * DAY);  // Before the present, when the node of the next line begins.
  const present = new Node({ domain: 'b.example', apiUrl: 'https://b.example/f', privateKey: b.key });
  const captured = a.node.signRequest('b.example', 'GET', URI, undefined, { now: old });
  await no(() => present.verifyRequest('GET', URI, captured, new Uint8Array(0), known, { now: old }), 'stale');
});

test('closed nodes and handshakes say so; handshakes go on without their nodes', async () => {
  const [x, y] = [one('x.example'), one('y.example')];
  const begun = x.node.beginHandshake('y.example', { now: NOW });
  const answered = y.node.answerHandshake(begun.message, x.json, x.document.known, { now: NOW });
  const discovering = x.node.discover('127.0.0.1:9', null, { timeout: 5000 });
  for (const node of [x.node, y.node]) {
    node.close();
    node.close();
  }
  await refused(discovering, { status: 'policy', operation: 'discover' });  // It was under way.
  assert.equal(inspect(x.node), "Node { domain: 'x.example', closed }");
  const nothing = Buffer.alloc(0);
  const calls = {
    signDocument: () => x.node.signDocument({ sequence: 2, now: NOW }),
    discover: () => x.node.discover('y.example'),
    beginHandshake: () => x.node.beginHandshake('y.example'),
    helloOrigin: () => x.node.helloOrigin(begun.message),
    answerHandshake: () => x.node.answerHandshake(begun.message, y.json, y.document.known),
    signRequest: () => x.node.signRequest('y.example', 'GET', URI),
    verifyRequest: () => x.node.verifyRequest('GET', URI, {}, nothing, y.document.known),
    signResponse: () => x.node.signResponse('GET', URI, {}, 200, nothing),
  };
  for (const [operation, call] of Object.entries(calls)) {
    const error = await refused((async () => call())(), { status: 'closed', operation });
    assert.equal(error.message, 'The node is closed.');
  }
  const agreed = begun.finish(answered.message, y.json, y.document.known, { now: NOW });
  assert.equal(answered.confirm(agreed.confirm, x.document.known, { now: NOW }).peer, 'x.example');
  for (const handshake of [begun, answered]) {
    handshake[Symbol.dispose]();
    handshake.close();
    assert.equal((await no(() => handshake.message, 'closed')).message, 'The handshake is closed.');
    await no(() => handshake.id, 'closed');
    await no(() => handshake.finish(agreed.confirm, y.json, y.document.known), 'closed');
    await no(() => handshake.confirm(agreed.confirm, y.document.known), 'closed');
  }
});

test('rules, addresses, secrets', async () => {
  const { judge } = federation;
  assert.equal(judge('open', 'x.example'), 'allowed');
  assert.equal(judge('open', 'x.example', { blocked: ['*.example'] }), 'blocked');
  assert.equal(judge('allowList', 'x.example', { allowed: ['y.example'] }), 'notListed');
  assert.equal(judge('approval', 'x.example'), 'awaitsApproval');
  await no(() => judge('open', 'x.example', { blocked: ['a/b'] }), 'invalidArgument');
  assert.throws(() => judge('nonsense', 'x.example'), TypeError);
  assert.throws(() => judge('allowList', 'x.example', { allowed: ['y.example *'] }), TypeError);
  assert.throws(() => judge('open', 'x.example', { blocked: 'x.example' }), TypeError);
  assert.throws(() => federation.requestOrigin(['ab']), TypeError);
  assert.equal(federation.addressKind('93.184.216.34'), 'public');
  assert.equal(federation.addressKind('::ffff:127.0.0.1'), 'loopback');
  await no(() => federation.addressKind('127.1'), 'invalidArgument');
  const key = federation.newKey();
  assert.ok(key instanceof Secret && key.bytes().length === 32);
  assert.equal(inspect(a.node), "Node { domain: 'a.example' }");
  await no(() => new Node({ domain: 'a.example', apiUrl: 'https://b.example/f', privateKey: key }), 'invalidArgument');
  await no(() => new Node({ domain: 'a.example', apiUrl: 'https://a.example/f', privateKey: key.bytes().subarray(1) }), 'invalidArgument');
  await refused(a.node.discover('127.0.0.1:9', null, { timeout: 5000 }), { status: 'policy', operation: 'discover' });
});

// ---- With a real node

// As much of a node as the protocol asks for, over plain http on loopback, for development.
class ScriptNode {
  users = {};
  known = new Map();
  taken = [];
  agreed = null;
  #pending = new Map();

  async listen() {
    this.server = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk)).on('end', () =>
        this.#answer(request, Buffer.concat(chunks)).then(
          ([status, body, headers]) => response.writeHead(status, headers.flat()).end(body),
          (error) => response.writeHead(500).end(String(error)),
        ));
    }).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.domain = `127.0.0.1:${this.server.address().port}`;
    this.node = new Node({
      domain: this.domain, apiUrl: `http://${this.domain}/f`, privateKey: federation.newKey(), capabilities: ['messages'],
      allowHttp: true, allowNonPublic: true,
    });
    this.json = this.node.signDocument({ sequence: 1 });
    return this;
  }
  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async find(domain) {
    const found = await this.node.discover(domain, this.known.get(domain) ?? null);
    this.known.set(domain, found.known);
    return found;
  }

  async #answer({ method, url, headers }, body) {
    if (url === '/.well-known/mychat-node') return [200, JSON.stringify({ federation: JSON.parse(this.json) }), []];
    const origin = federation.requestOrigin(headers);
    let value;
    if (url === '/f/handshake') value = await this.#handshake(JSON.parse(body));
    else if (url.startsWith('/f/keys/')) value = this.users[url.slice(8)];
    const uri = `http://${this.domain}${url}`;
    this.node.verifyRequest(method, uri, headers, body, this.known.get(origin));
    if (value === undefined) {
      const transaction = JSON.parse(body);
      this.taken.push(transaction);
      value = { stream: transaction.stream, acked: transaction.first + transaction.items.length - 1, failures: [] };
    }
    const answer = Buffer.from(JSON.stringify(value));
    return [200, answer, this.node.signResponse(method, uri, headers, 200, answer)];
  }

  async #handshake({ hello, confirm }) {
    if (hello !== undefined) {
      const text = JSON.stringify(hello);
      const peer = await this.find(this.node.helloOrigin(text));
      const answered = this.node.answerHandshake(text, peer.json, peer.known);
      this.#pending.set(answered.id, { answered, peer });
      return { welcome: JSON.parse(answered.message) };
    }
    const text = JSON.stringify(confirm);
    const { answered, peer } = this.#pending.get(federation.confirmId(text));
    this.agreed = answered.confirm(text, peer.known);
    this.known.set(peer.domain, this.agreed.known);
    return { established: true };
  }

  async send(domain, method, uri, body, headers) {
    const request = httpRequest(uri, { method, headers: { ...Object.fromEntries(headers), 'content-length': body.length } });
    request.end(body);
    const [response] = await once(request, 'response');
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    const answer = Buffer.concat(chunks);
    if (response.statusCode === 200)
      federation.verifyResponse({
        method, targetUri: uri, requestHeaders: headers, status: 200, headers: response.headers, body: answer,
        known: this.known.get(domain),
      });
    return { status: response.statusCode, value: JSON.parse(answer) };
  }

  async call(domain, method, uri, value) {
    const body = Buffer.from(value === undefined ? '' : JSON.stringify(value));
    const { status, value: answer } = await this.send(domain, method, uri, body, this.node.signRequest(domain, method, uri, body));
    assert.equal(status, 200, JSON.stringify(answer));
    return answer;
  }

  async greet(domain) {
    const peer = await this.find(domain);
    const begun = this.node.beginHandshake(domain);
    const { welcome } = await this.call(domain, 'POST', `${peer.apiUrl}/handshake`, { hello: JSON.parse(begun.message) });
    const agreed = begun.finish(JSON.stringify(welcome), peer.json, peer.known);
    assert.deepEqual(await this.call(domain, 'POST', `${peer.apiUrl}/handshake`, { confirm: JSON.parse(agreed.confirm) }), { established: true });
    this.known.set(domain, agreed.known);
    return peer;
  }
}

let server;
let script;
let bob;
let carol;
before(async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  const flags = ['--federation-enabled', '--federation-plain-http', '--federation-allow-private'].flatMap((flag) => [flag, 'true']);
  server = await startNode({ port, domain: `127.0.0.1:${port}`, flags });
  script = await new ScriptNode().listen();
  bob = await server.client();
  await bob.register({ username: 'bob', password: 'ein langes Kennwort' });
  carol = await server.client();  // Whose key is one of a user elsewhere.
  await carol.register({ username: 'carol', password: 'ein langes Kennwort' });
  const publicKey = await carol.publicKey('pem');
  script.users.carol = { full_handle: `carol@${script.domain}`, public_key: publicKey, public_key_fingerprint: fingerprint(publicKey) };
});
after(async () => {
  script?.close();
  await server?.stop();
});

test('a real node takes what a node in JavaScript sends', async () => {
  const watch = new Watch(bob);
  const { handle } = await bob.account();
  const domain = handle.split('@')[1];
  const peer = await script.greet(domain);
  const keys = await script.call(domain, 'GET', `${peer.apiUrl}/keys/bob`);
  assert.equal(fingerprint(keys.public_key), fingerprint(await bob.publicKey('pem')));
  const bytes = (size) => Buffer.alloc(size, 7).toString('base64');
  const data = {
    id: randomUUID(), sender_handle: `carol@${script.domain}`, recipient_handle: handle, encrypted_content: bytes(64),
    encrypted_key: bytes(512), iv: bytes(12), content_type: 'text', algorithm: 'AES-256-GCM+RSA-4096-OAEP',
    created_at: new Date().toISOString(),
  };
  const forged = { ...data, id: randomUUID(), sender_handle: 'carol@elsewhere.example' };
  const items = [data, forged].map((item) => ({ type: 'message', data: item }));
  const body = Buffer.from(JSON.stringify({ stream: randomUUID(), first: 1, items }));
  const uri = `${peer.apiUrl}/transactions`;
  const headers = script.node.signRequest(domain, 'POST', uri, body);
  const { status, value } = await script.send(domain, 'POST', uri, body, headers);
  assert.deepEqual([status, value.acked], [200, 2]);
  assert.deepEqual(value.failures.map(({ seq, code }) => [seq, code]), [[2, 'forbidden']]);
  const replayed = await script.send(domain, 'POST', uri, body, headers);
  assert.deepEqual([replayed.status, replayed.value.error], [401, 'replayed']);
  const { message } = await watch.take((event) => event.type === 'message');
  assert.deepEqual([message.id, message.sender, message.readable], [data.id, data.sender_handle, false]);
});

test('a real node greets and sends to a node in JavaScript', async () => {
  const id = await bob.sendText(`carol@${script.domain}`, 'Grüße an einen Knoten in JavaScript');
  const item = await eventually(() => script.taken.flatMap(({ items }) => items).find(({ type, data }) => type === 'message' && data.id === id));
  assert.equal(item.data.sender_handle, (await bob.account()).handle);
  assert.equal(script.agreed.protocol, 2);
});
