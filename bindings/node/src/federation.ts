/**
 * For programs that are nodes: who a node is, the handshake, signed requests and answers, trust. Clients need none of it.
 * `mychat_federation_NAME` of the C ABI is here under NAME. Nothing here listens or keeps files. Statements (documents,
 * hello, welcome, confirm) are JSON texts as they travel; what is known of another node (`known`) is a text as well: keep it
 * as it is, and give it back. `now` is the present unless given.
 *
 * @packageDocumentation
 */
import { inspect } from 'node:util';

import {
  continuities, federationFlags, federationModes, verdicts, type Continuity, type FederationMode, type Verdict,
} from './enums';
import { now as attempt } from './errors';
import { native, type RawAgreement, type RawDocument, type RawFederationNode, type RawHandshake } from './native';
import { Owned } from './owned';
import { reveal, Secret } from './secret';

export type { Continuity, FederationMode, Verdict } from './enums';

/** Headers of a request or answer: pairs of name and value, or an object (of `node:http`, or `Headers`). */
export type HeaderInput = Iterable<readonly [string, string]> | Readonly<Record<string, string | readonly string[] | undefined>>;

/** When it is, for calls that look at the time. */
export interface TimeOptions {
  /** Default: the present. */
  now?: Date | undefined;
}

/** How much a node takes at once. */
export interface PeerLimits {
  /** Bytes of a message's content. */
  readonly maxMessageSize: number;
  /** Items of a transaction. */
  readonly maxTransactionItems: number;
  /** Bytes of a transaction. */
  readonly maxTransactionBytes: number;
}

/** What is allowed for development. */
export interface Leniency {
  /** Nodes may be reached over http. */
  allowHttp?: boolean | undefined;
  /** Addresses need not be public ones. */
  allowNonPublic?: boolean | undefined;
}

/** How a node is made. */
export interface FederationOptions extends Leniency, Partial<PeerLimits> {
  /** The part of its users' handles after the `@`. */
  domain: string;
  /** Where other nodes reach it: on the domain or below it, no slash at the end. */
  apiUrl: string;
  /** 32 bytes: see {@link newKey}. */
  privateKey: Uint8Array | Secret;
  /** Names of `a-z 0-9 _ . -`. */
  capabilities?: readonly string[] | undefined;
  /** PEM of certificate authorities for {@link Node.discover}; default: the system's. */
  caFile?: string | undefined;
  /** Requests signed before it are refused, as an earlier life of this node may have taken them. Default: the present. */
  beganAt?: Date | undefined;
}

/** What a node says of itself. */
export interface DocumentOptions extends TimeOptions {
  /** Higher than that of every earlier document of this domain. */
  sequence: number;
  /** Milliseconds, at most those of 7 days, which is the default. */
  validFor?: number | undefined;
  /** Base64 of the public key that will follow. */
  nextKey?: string | undefined;
  /** The document before this one. */
  previous?: string | undefined;
  /** The key of `previous`, when that is another one: it hands over to this node's. */
  previousPrivateKey?: Uint8Array | Secret | undefined;
}

/** A node's verified document. */
export interface Document extends PeerLimits {
  /** What it is to what was known. */
  readonly continuity: Continuity;
  readonly domain: string;
  /** Where it takes requests. */
  readonly apiUrl: string;
  /** Base64 of its public key. */
  readonly key: string;
  /** The `keyid` of its signatures. */
  readonly keyId: string;
  /** Base64 of the key that will follow; `''` when it does not say. */
  readonly nextKey: string;
  readonly capabilities: readonly string[];
  /** The newest protocol that it speaks. */
  readonly protocol: number;
  /** Number of changes of key that it proves. */
  readonly rotations: number;
  /** Never decreases. */
  readonly sequence: number;
  readonly issuedAt: Date;
  readonly validUntil: Date;
  /** Milliseconds that its clock is ahead of ours, by its answer; 0 when that is less than 10 s or not known. */
  readonly clockAhead: number;
  /** The document as it was signed, for the calls that take one. */
  readonly json: string;
  /** What to keep of the node from now on. */
  readonly known: string;
}

/** What both sides of a handshake agreed on. */
export interface Agreement extends PeerLimits {
  /** Domain of the other node. */
  readonly peer: string;
  /** The newest protocol that both speak. */
  readonly protocol: number;
  /** Those that both have. */
  readonly capabilities: readonly string[];
  /** What the side that began sends last; `''` on the side that answered. */
  readonly confirm: string;
  /** Milliseconds that the other clock is ahead, as the side that began saw it; 0 on the other. */
  readonly clockAhead: number;
  /** What to keep of the node from now on: less is a downgrade. */
  readonly known: string;
}

const words = (text: string): string[] => (text === '' ? [] : text.split(' '));
const joined = (list: readonly string[], name: string): string => {
  if (!Array.isArray(list)) throw new TypeError(`${name} is an array of names`);
  for (const word of list) if (!/^[^\s\0]+$/.test(word)) throw new TypeError(`${name} holds what is no name: '${word}'`);
  return list.join(' ');
};
const stamp = (time: Date | undefined): number => {
  const value = time === undefined ? Date.now() : time.getTime();
  if (!Number.isFinite(value)) throw new TypeError('now is not a valid Date');
  return value;
};
const flagsOf = ({ allowHttp, allowNonPublic }: Leniency): number =>
  (allowHttp ? federationFlags.value('allowHttp') : 0) | (allowNonPublic ? federationFlags.value('allowNonPublic') : 0);
const bytesOf = (key: Uint8Array | Secret): Uint8Array => {
  const bytes = reveal(key);
  if (typeof bytes === 'string') throw new TypeError('A private key is bytes');
  return bytes;
};

function limits(raw: RawDocument | RawAgreement): PeerLimits {
  return {
    maxMessageSize: raw.max_message_size, maxTransactionItems: raw.max_transaction_items,
    maxTransactionBytes: raw.max_transaction_bytes,
  };
}

function toDocument(raw: RawDocument): Document {
  const made = {
    ...limits(raw), continuity: continuities.name(raw.continuity), domain: raw.domain, apiUrl: raw.api_url, key: raw.key,
    keyId: raw.key_id, nextKey: raw.next_key, capabilities: words(raw.capabilities), protocol: raw.protocol,
    rotations: raw.rotations, sequence: raw.sequence, issuedAt: new Date(raw.issued_at),
    validUntil: new Date(raw.valid_until), clockAhead: raw.clock_ahead, json: raw.json, known: raw.known,
  };
  native.mychat_federation_document_free(raw);
  return made;
}

function toAgreement(raw: RawAgreement): Agreement {
  const made = {
    ...limits(raw), peer: raw.peer, protocol: raw.protocol, capabilities: words(raw.capabilities), confirm: raw.confirm,
    clockAhead: raw.clock_ahead, known: raw.known,
  };
  native.mychat_federation_agreement_free(raw);
  return made;
}

function toLines(headers: HeaderInput): string {
  const pairs: (readonly [string, string])[] = [];
  if (Symbol.iterator in headers) pairs.push(...headers);
  else
    for (const [name, value] of Object.entries(headers))
      for (const one of value === undefined ? [] : Array.isArray(value) ? value : [value]) pairs.push([name, one]);
  return pairs.map((pair) => {
    const [name, value] = pair;
    if (!Array.isArray(pair) || typeof name !== 'string' || typeof value !== 'string') throw new TypeError('A header is a pair of strings');
    if (name.includes(':')) throw new TypeError(`'${name}' is no name of a header`);
    if (/[\r\n\0]/.test(name + value)) throw new TypeError('A header holds a line break or a NUL');
    return `${name}: ${value}\n`;
  }).join('');
}

const toPairs = (lines: string): [string, string][] =>
  lines.split('\n').filter((line) => line !== '').map((line) => {
    const at = line.indexOf(': ');
    return [line.slice(0, at), line.slice(at + 2)];
  });

/** Make a private key for a node. */
export function newKey(): Secret {
  const bytes = attempt('newKey', () => native.mychat_federation_new_key());
  const key = new Secret(bytes);
  bytes.fill(0);
  return key;
}

/** The public key of a private one, in base64: for `nextKey` of a document. */
export function publicKey(privateKey: Uint8Array | Secret): string {
  return attempt('publicKey', () => native.mychat_federation_public_key(bytesOf(privateKey)));
}

/** Verify a document, or the whole of `/.well-known/mychat-node`, and that it follows from what is known of its node. */
export function verifyDocument(
  json: string, domain: string, known: string | null = null, options: TimeOptions & Leniency = {},
): Document {
  return toDocument(attempt('verifyDocument', () =>
    native.mychat_federation_verify_document(json, domain, known, flagsOf(options), stamp(options.now))));
}

/** Who a request says that it is from, so that what is known of that node can be looked up. Nothing is proven yet. */
export function requestOrigin(headers: HeaderInput): string {
  return attempt('requestOrigin', () => native.mychat_federation_request_origin(toLines(headers)));
}

/** Which handshake a confirm ends: the one whose {@link Handshake.id} is the same. */
export function confirmId(confirm: string): string {
  return attempt('confirmId', () => native.mychat_federation_confirm_id(confirm));
}

/** An answer to a request of one's own. */
export interface AnswerToVerify extends TimeOptions {
  method: string;
  targetUri: string;
  /** What {@link Node.signRequest} gave. */
  requestHeaders: HeaderInput;
  status: number;
  headers: HeaderInput;
  body: Uint8Array;
  /** What is kept of the node that was asked. */
  known: string;
}

/** Verify the response to a request of one's own. */
export function verifyResponse(answer: AnswerToVerify): void {
  attempt('verifyResponse', () => native.mychat_federation_verify_response(
    answer.method, answer.targetUri, toLines(answer.requestHeaders), answer.status, toLines(answer.headers), answer.body,
    answer.known, stamp(answer.now)));
}

/** What an operator's rules say of a node. Patterns: a domain, `*.example.org` (everything below it) or `*`. */
export function judge(
  mode: FederationMode, domain: string, { allowed = [], blocked = [] }: { allowed?: readonly string[]; blocked?: readonly string[] } = {},
): Verdict {
  return verdicts.name(attempt('judge', () =>
    native.mychat_federation_judge(federationModes.value(mode), joined(allowed, 'allowed'), joined(blocked, 'blocked'), domain)));
}

/** What an IP address is: `'public'`, `'loopback'`, `'private'`, ... Others' names should be asked at public ones only. */
export function addressKind(address: string): string {
  return attempt('addressKind', () => native.mychat_federation_address_kind(address));
}

/** One side of a handshake under way; see {@link Node.beginHandshake} and {@link Node.answerHandshake}. */
export class Handshake {
  readonly #owned: Owned<RawHandshake>;

  /** @internal */
  constructor(raw: RawHandshake) {
    this.#owned = new Owned(raw, 'handshake', (freed) => native.mychat_js_free_handshake(freed));
  }

  /** Frees it, and wipes what is secret of it; calls throw `'closed'` then. Harmless the second time. What is not closed is
   *  freed by the collector. */
  close(): void {
    this.#owned.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Its name on the side that answered; `''` on the other. See {@link confirmId}. */
  get id(): string {
    return this.#owned.use('id', (raw) => native.mychat_federation_handshake_id(raw));
  }
  /** The hello or the welcome that began this side. */
  get message(): string {
    return this.#owned.use('message', (raw) => native.mychat_federation_handshake_message(raw));
  }
  /** End it on the side that began, with the other's welcome. `confirm` of the result is to be sent. */
  finish(welcome: string, peerDocument: string, known: string, { now }: TimeOptions = {}): Agreement {
    return toAgreement(this.#owned.use('finish', (raw) =>
      native.mychat_federation_handshake_finish(raw, welcome, peerDocument, known, stamp(now))));
  }
  /** End it on the side that answered, with the other's confirm. */
  confirm(confirm: string, known: string, { now }: TimeOptions = {}): Agreement {
    return toAgreement(this.#owned.use('confirm', (raw) =>
      native.mychat_federation_handshake_confirm(raw, confirm, known, stamp(now))));
  }
}

/** A node as it speaks with others: its name, its key, what it offers, and which requests it has taken. */
export class Node {
  readonly #owned: Owned<RawFederationNode>;
  readonly #domain: string;

  constructor(options: FederationOptions) {
    const raw = new native.mychat_federation_options();
    raw.flags = flagsOf(options);
    raw.domain = options.domain;
    raw.api_url = options.apiUrl;
    raw.capabilities = joined(options.capabilities ?? [], 'capabilities');
    if (options.caFile !== undefined) raw.ca_file = options.caFile;
    raw.began_at = stamp(options.beganAt);
    raw.max_message_size = options.maxMessageSize ?? 0;
    raw.max_transaction_items = options.maxTransactionItems ?? 0;
    raw.max_transaction_bytes = options.maxTransactionBytes ?? 0;
    this.#domain = options.domain;
    const made = attempt('Node', () => native.mychat_federation_node_create(raw, bytesOf(options.privateKey)));
    this.#owned = new Owned(made, 'node', (freed) => native.mychat_js_free_node(freed));
  }

  /** Frees it, and wipes its key; calls throw `'closed'` then. Handshakes that it began or answered go on, and so does a
   *  {@link Node.discover} that is under way. Harmless the second time. What is not closed is freed by the collector. */
  close(): void {
    this.#owned.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [inspect.custom](): string {
    return `Node { domain: '${this.#domain}'${this.#owned.closed ? ', closed' : ''} }`;
  }

  /** Sign this node's document, for the member `federation` of its `/.well-known/mychat-node`. */
  signDocument({ sequence, validFor = 7 * 86_400_000, nextKey, previous, previousPrivateKey, now }: DocumentOptions): string {
    const raw = new native.mychat_federation_document_options();
    raw.sequence = sequence;
    raw.issued_at = stamp(now);
    raw.valid_until = raw.issued_at + validFor;
    if (nextKey !== undefined) raw.next_key = nextKey;
    if (previous !== undefined) raw.previous = previous;
    const key = previousPrivateKey === undefined ? new Uint8Array(0) : bytesOf(previousPrivateKey);
    return this.#owned.use('signDocument', (node) => native.mychat_federation_sign_document(node, raw, key));
  }

  /** Fetch a node's document from its domain over verified TLS, and verify it. Redirects are not followed, and addresses that
   *  are not public are not asked. `timeout`: milliseconds, default 15,000. */
  async discover(
    domain: string, known: string | null = null, { timeout = 15_000, now }: TimeOptions & { timeout?: number } = {},
  ): Promise<Document> {
    return toDocument(await this.#owned.useLater('discover', (raw) =>
      native.mychat_federation_discover(raw, domain, known, timeout, stamp(now))));
  }

  /** Begin a handshake; `message` of the result is to be sent as `{"hello": ...}`. */
  beginHandshake(peer: string, { now }: TimeOptions = {}): Handshake {
    return new Handshake(this.#owned.use('beginHandshake', (raw) => native.mychat_federation_handshake_begin(raw, peer, stamp(now))));
  }

  /** Who a hello says that it is from, so that its document can be fetched. Nothing is proven yet. */
  helloOrigin(hello: string): string {
    return this.#owned.use('helloOrigin', (raw) => native.mychat_federation_hello_origin(raw, hello));
  }

  /** Answer a hello; `message` of the result is to be sent as `{"welcome": ...}`. */
  answerHandshake(hello: string, peerDocument: string, known: string, { now }: TimeOptions = {}): Handshake {
    return new Handshake(this.#owned.use('answerHandshake', (raw) =>
      native.mychat_federation_handshake_answer(raw, hello, peerDocument, known, stamp(now))));
  }

  /** Sign a request to another node: the headers to send with it. `now` is by the destination's clock. */
  signRequest(
    destination: string, method: string, targetUri: string, body: Uint8Array = new Uint8Array(0), { now }: TimeOptions = {},
  ): [string, string][] {
    return toPairs(this.#owned.use('signRequest', (raw) =>
      native.mychat_federation_sign_request(raw, destination, method, targetUri, body, stamp(now))));
  }

  /** Verify a request, and take it once. `targetUri` is made of this node's own address, not of its Host header. */
  verifyRequest(
    method: string, targetUri: string, headers: HeaderInput, body: Uint8Array, known: string, { now }: TimeOptions = {},
  ): void {
    this.#owned.use('verifyRequest', (raw) =>
      native.mychat_federation_verify_request(raw, method, targetUri, toLines(headers), body, known, stamp(now)));
  }

  /** Sign the response to a request that {@link Node.verifyRequest} took: the headers to send with it. */
  signResponse(
    method: string, targetUri: string, requestHeaders: HeaderInput, status: number, body: Uint8Array, { now }: TimeOptions = {},
  ): [string, string][] {
    return toPairs(this.#owned.use('signResponse', (raw) => native.mychat_federation_sign_response(
      raw, method, targetUri, toLines(requestHeaders), status, body, stamp(now))));
  }
}
