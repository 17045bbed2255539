/* What goes into calls of MLS: who somebody is, what a group asks of the program, and how that is asked. */
import { handshakeFlags, leafFlags, mlsFlags } from './enums';
import { ownError } from './errors';
import { scopes, type Handle, type Scope } from './mls_handle';
import { toCredential, toPskId, toSummary, type Credential, type PskId, type Summary } from './mls_values';
import { native } from './native';
import type {
  Done, RawAsked, RawCredential, RawLeafOptions, RawMlsOptions, RawPskId, RawSummary,
} from './native_mls';
import { reveal, Secret } from './secret';

/** Bytes of a key: what can be wiped. */
export type KeyInput = Uint8Array | Secret;

/** How one appears in a group. */
export interface LeafOptions {
  /** Encoded: of {@link basicCredential} or {@link accountCredential}. */
  credential: Uint8Array;
  /** Of {@link newSignatureKey}. Only updates and commits may do without: they keep the present one. */
  privateKey?: KeyInput | undefined;
  /** It knows proposals to go (draft-ietf-mls-extensions). */
  selfRemove?: boolean | undefined;
  /** Its key package may serve several times (draft-ietf-mls-extensions). */
  lastResort?: boolean | undefined;
  /** Of {@link extension}. */
  extensions?: readonly Uint8Array[] | undefined;
  /** Types of extensions that it supports besides. */
  extensionTypes?: readonly number[] | undefined;
  /** Types of proposals that it supports besides. */
  proposalTypes?: readonly number[] | undefined;
  /** Milliseconds from now until it may no longer be added; default: those of 90 days. */
  lifetime?: number | undefined;
}

/** What a group asks of the program. What is asked may answer later, by a promise; the call that asks waits for it on a
 *  thread of its own. What it throws, or rejects with, ends that call, which rejects with the same. It cannot use the group,
 *  commit and key packages of that call: `'invalidState'`. */
export interface MlsOptions {
  /** Whether a signature key is that of whom a credential names, asked for everybody who is or comes into a group. `groupId`
   *  is empty where none is known. Required without `acceptAll`. */
  accept?: ((credential: Credential, signatureKey: Buffer, groupId: Buffer) => boolean | Promise<boolean>) | undefined;
  /** Whether a member may go on under another credential. Without it, it may not. */
  isSuccessor?: ((before: Credential, after: Credential) => boolean | Promise<boolean>) | undefined;
  /** A pre-shared key by its name, 1 to {@link PSK_MAX_SIZE} bytes; null when there is none of that name. Without it there is
   *  none. */
  psk?: ((id: PskId) => KeyInput | null | undefined | Promise<KeyInput | null | undefined>) | undefined;
  /** Whether a commit of another member may count. Without it every valid one does. */
  acceptCommit?: ((summary: Summary) => boolean | Promise<boolean>) | undefined;
  /** Everybody is who he says he is: for programs that compare signature keys by other means, and for tests. Instead of
   *  `accept`. */
  acceptAll?: boolean | undefined;
  /** Leaves that others add may be out of their lifetime. */
  ignoreLifetimes?: boolean | undefined;
  /** Commits and proposals of members that are not encrypted are refused. */
  privateHandshakes?: boolean | undefined;
  /** Epochs before the present one whose messages can be read; default 3. */
  pastEpochs?: number | undefined;
  /** Epochs before the present one whose resumption keys are kept; default 16. */
  resumptionEpochs?: number | undefined;
  /** How many proposals may wait for a commit; default 1,000. */
  maxWaitingProposals?: number | undefined;
  /** How many messages of one sender may be missing before one; default 1,000. */
  maxMessagesAhead?: number | undefined;
  /** Milliseconds: the longest lifetime of a leaf; default: those of 400 days. */
  maxLifetime?: number | undefined;
}

/** Of proposals and commits. */
export interface HandshakeOptions {
  /** Bytes that everybody can see and nobody can change. */
  aad?: Uint8Array | undefined;
  /** Signed only: who carries it can read it. */
  public?: boolean | undefined;
}

/** @internal A whole number of an argument; anything else is refused, and not shown. */
export function whole(operation: string, name: string, value: number, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw ownError('invalidArgument', operation, `${name} is a whole number from ${least} to ${most}.`);
  return value;
}

/** @internal */
export const suiteOf = (operation: string, suite: number): number => whole(operation, 'suite', suite, 0, 0xffff);

/** @internal Encoded values, one behind the other. */
export function joined(parts: readonly Uint8Array[] | undefined, name: string): Uint8Array {
  if (parts === undefined) return new Uint8Array(0);
  if (!Array.isArray(parts) || !parts.every((part) => part instanceof Uint8Array))
    throw new TypeError(`${name} is an array of Uint8Array`);
  return Buffer.concat(parts);
}

/** @internal Types, as C takes them. */
export function numbers(operation: string, list: readonly number[] | undefined, name: string): string {
  return (list ?? []).map((type) => whole(operation, name, type, 0, 0xffff)).join(' ');
}

/** @internal */
export function keyBytes(key: KeyInput): Uint8Array {
  if (!(key instanceof Uint8Array) && !(key instanceof Secret)) throw new TypeError('A key is a Uint8Array or a Secret');
  return reveal(key) as Uint8Array;
}

/** @internal */
export function bytesOf(bytes: Uint8Array | undefined, name: string): Uint8Array {
  if (bytes === undefined) return new Uint8Array(0);
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} is a Uint8Array`);
  return bytes;
}

/** @internal */
export const handshakeOf = (options: HandshakeOptions): number =>
  (options.public ? handshakeFlags.value('public') : 0);

/** @internal */
export function kept(copied: boolean): void {
  if (!copied) throw new RangeError('Out of memory');
}

/** @internal */
export function rawLeaf(operation: string, leaf: LeafOptions): RawLeafOptions {
  const raw = new native.mychat_mls_leaf_options();
  kept(raw.set_credential(bytesOf(leaf.credential, 'credential')));
  if (leaf.privateKey !== undefined) kept(raw.set_private_key(keyBytes(leaf.privateKey)));
  raw.flags = (leaf.selfRemove ? leafFlags.value('selfRemove') : 0) | (leaf.lastResort ? leafFlags.value('lastResort') : 0);
  kept(raw.set_extensions(joined(leaf.extensions, 'extensions')));
  raw.extension_types = numbers(operation, leaf.extensionTypes, 'extensionTypes');
  raw.proposal_types = numbers(operation, leaf.proposalTypes, 'proposalTypes');
  if (leaf.lifetime !== undefined)
    raw.lifetime = whole(operation, 'lifetime', leaf.lifetime, 1, Number.MAX_SAFE_INTEGER);
  return raw;
}

/** @internal `asked` is what the group's calls will ask. */
export function rawOptions(operation: string, options: MlsOptions, asked: Asked): RawMlsOptions {
  if ((options.accept === undefined) !== Boolean(options.acceptAll))
    throw ownError('invalidArgument', operation, 'accept is required, or acceptAll instead of it.');
  for (const name of ['accept', 'isSuccessor', 'psk', 'acceptCommit'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'function') throw new TypeError(`${name} is a function`);
  const most = 0x7fffffff;
  const epochs = (name: string, value: number | undefined): number =>
    value === undefined ? 0 : whole(operation, name, value, 0, most) || -1;
  const raw = new native.mychat_mls_options();
  raw.flags = (options.acceptAll ? mlsFlags.value('acceptAll') : 0) |
    (options.ignoreLifetimes ? mlsFlags.value('ignoreLifetimes') : 0) |
    (options.privateHandshakes ? mlsFlags.value('privateHandshakes') : 0);
  raw.past_epochs = epochs('pastEpochs', options.pastEpochs);
  raw.resumption_epochs = epochs('resumptionEpochs', options.resumptionEpochs);
  if (options.maxWaitingProposals !== undefined)
    raw.max_waiting_proposals = whole(operation, 'maxWaitingProposals', options.maxWaitingProposals, 1, most);
  if (options.maxMessagesAhead !== undefined)
    raw.max_messages_ahead = whole(operation, 'maxMessagesAhead', options.maxMessagesAhead, 1, most);
  if (options.maxLifetime !== undefined)
    raw.max_lifetime = whole(operation, 'maxLifetime', options.maxLifetime, 1, Number.MAX_SAFE_INTEGER);
  raw.set_asks(
    options.accept !== undefined, options.isSuccessor !== undefined, options.psk !== undefined,
    options.acceptCommit !== undefined);
  raw.asked = asked;
  return raw;
}

type Answer = boolean | Uint8Array | undefined;

/** @internal Whom the library asks: the functions of options, one call at a time. */
export class Asked implements RawAsked {
  readonly options: MlsOptions;
  #raised: { error: unknown } | null = null;
  #handles: readonly Handle<unknown>[] = [];
  #outer: Scope | undefined;

  constructor(options: MlsOptions) {
    this.options = options;
  }

  /** The call was made while another one waits for an answer: it needs a thread whatever the others do. */
  get isNested(): boolean {
    return this.#outer?.open ?? false;
  }

  /** Runs a call that asks and uses these handles. What was thrown meanwhile comes out of it, also where the library could do
   *  without the answer. */
  async during<T>(handles: readonly Handle<unknown>[], call: () => Promise<T>): Promise<T> {
    this.#raised = null;
    this.#handles = handles;
    this.#outer = scopes.getStore();
    try {
      const [outcome] = await Promise.allSettled([call()]);
      const raised = this.#raised as { error: unknown } | null;
      if (raised !== null) throw raised.error;
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    } finally {
      this.#raised = null;
      this.#handles = [];
      this.#outer = undefined;
    }
  }

  accept(raw: RawCredential, signatureKey: Buffer, groupId: Buffer, done: Done): void {
    const credential = toCredential(raw);
    this.#ask(done, () => this.options.accept?.(credential, signatureKey, groupId), (yes) => decided('accept', yes));
  }

  isSuccessor(rawBefore: RawCredential, rawAfter: RawCredential, done: Done): void {
    const [before, after] = [toCredential(rawBefore), toCredential(rawAfter)];
    this.#ask(done, () => this.options.isSuccessor?.(before, after), (yes) => decided('isSuccessor', yes));
  }

  psk(raw: RawPskId, done: Done): void {
    const id = toPskId(raw);
    this.#ask(done, () => this.options.psk?.(id), (key) => {
      if (key === null || key === undefined) return undefined;
      const bytes = keyBytes(key as KeyInput);
      if (bytes.length === 0 || bytes.length > native.MYCHAT_MLS_PSK_MAX_SIZE)
        throw ownError('invalidArgument', 'psk', `A pre-shared key has 1 to ${native.MYCHAT_MLS_PSK_MAX_SIZE} bytes.`);
      return bytes;
    });
  }

  acceptCommit(raw: RawSummary, done: Done): void {
    const summary = toSummary(raw);
    this.#ask(done, () => this.options.acceptCommit?.(summary), (yes) => decided('acceptCommit', yes));
  }

  // Throws nothing, and calls `done` just once.
  #ask(done: Done, ask: () => unknown, read: (answer: unknown) => Answer): void {
    if (this.#raised !== null) return done(undefined);
    const scope: Scope = { handles: this.#handles, outer: this.#outer, open: true };
    const fail = (error: unknown): void => {
      this.#raised ??= { error };
      scope.open = false;
      done(undefined);
    };
    const settle = (given: unknown): void => {
      let answer: Answer;
      try {
        answer = read(given);
      } catch (error) {
        return fail(error);
      }
      scope.open = false;
      done(answer);
    };
    let given: unknown;
    try {
      given = scopes.run(scope, ask);
      if (isThenable(given)) {
        Promise.resolve(given).then(settle, fail);
        return;
      }
    } catch (error) {
      return fail(error);
    }
    settle(given);
  }
}

// A promise that nobody waits for must not be taken as a yes, nor must anything else.
function decided(name: string, answer: unknown): boolean {
  if (typeof answer !== 'boolean') throw new TypeError(`${name} gives a boolean, or a promise of one`);
  return answer;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
