/* Key packages and commits of MLS. */
import { inspect } from 'node:util';

import { later, MyChatError, now } from './errors';
import type { Group } from './mls_group';
import { Handle, together } from './mls_handle';
import { bytesOf, keyBytes, rawLeaf, suiteOf, whole, type Asked, type KeyInput, type LeafOptions } from './mls_options';
import { takeRecords, takeSecret, toSummary, type GroupRecord, type Summary } from './mls_values';
import { native } from './native';
import type { RawKeyPackage, RawMlsCommit, RawMlsGroup } from './native_mls';
import type { Secret } from './secret';

/** What adds somebody to a group while he is away, with its private parts. See {@link KeyPackage.create} and
 *  {@link KeyPackage.load}. */
export class KeyPackage {
  /** What is to be published. */
  readonly message: Buffer;
  /** Its KeyPackageRef, by which welcomes name it ({@link Message.references}). */
  readonly ref: Buffer;
  /** It may serve several times. */
  readonly isLastResort: boolean;
  readonly #handle: Handle<RawKeyPackage>;

  /** @internal */
  constructor(raw: RawKeyPackage) {
    this.message = native.mychat_mls_key_package_message(raw);
    this.ref = native.mychat_mls_key_package_ref(raw);
    this.isLastResort = native.mychat_mls_key_package_is_last_resort(raw) === 1;
    this.#handle = new Handle(raw, 'key package', (freed) => native.mychat_js_free_key_package(freed));
  }

  /** Make one; to be used once, but for one of `lastResort`. */
  static create(leaf: LeafOptions, { suite = native.MYCHAT_MLS_DEFAULT_SUITE }: { suite?: number } = {}): KeyPackage {
    const appearance = rawLeaf('KeyPackage.create', leaf);
    return now('KeyPackage.create', () =>
      new KeyPackage(native.mychat_mls_key_package_create(suiteOf('KeyPackage.create', suite), appearance)));
  }

  /** What {@link KeyPackage.save} gave. */
  static load(secret: KeyInput): KeyPackage {
    return now('KeyPackage.load', () => new KeyPackage(native.mychat_mls_key_package_load(keyBytes(secret))));
  }

  /** All of it, for keeping: it holds private keys, and must be erased once used. */
  save(): Secret {
    return takeSecret(this.#handle.read('save', (raw) => native.mychat_mls_key_package_save(raw)));
  }

  /** The wish to be added to a group by this, as a message for its members, with whom it waits for a commit; the welcome is for
   *  this key package. `epoch`: the group's present one. */
  joinProposal(groupId: Uint8Array, epoch: number, { aad }: { aad?: Uint8Array | undefined } = {}): Buffer {
    const operation = 'KeyPackage.joinProposal';
    return this.#handle.read(operation, (raw) => native.mychat_mls_join_proposal(
      raw, bytesOf(groupId, 'groupId'), whole(operation, 'epoch', epoch, 0, Number.MAX_SAFE_INTEGER), bytesOf(aad, 'aad')));
  }

  /** Frees it, and wipes its keys; calls throw `'closed'` then, and a join that is under way ends first. Harmless the second
   *  time. What is not closed is freed by the collector. */
  close(): void {
    this.#handle.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
  [inspect.custom](): string {
    return `KeyPackage { ref: '${this.ref.toString('hex')}'${this.#handle.closed ? ', closed' : ''} }`;
  }
  /** @internal */
  get handle(): Handle<RawKeyPackage> {
    return this.#handle;
  }
}

/** A commit that was made and does not count yet: of {@link Group.commit}, {@link Group.joinExternal},
 *  {@link Group.reinitialise} or {@link Group.branch}. */
export class Commit {
  /** The commit, to be sent to the members. */
  readonly message: Buffer;
  /** The welcome, to be sent to all who are added once the commit has been ordered; null when nobody is. */
  readonly welcome: Buffer | null;
  readonly #handle: Handle<RawMlsCommit>;
  readonly #asked: Asked;
  readonly #found: (raw: RawMlsGroup, asked: Asked) => Group;

  private constructor(
    raw: RawMlsCommit, asked: Asked, found: (raw: RawMlsGroup, asked: Asked) => Group, message: Buffer,
    welcome: Buffer | null,
  ) {
    this.#handle = new Handle(raw, 'commit', (freed) => native.mychat_js_free_commit(freed));
    this.#asked = asked;
    this.#found = found;
    this.message = message;
    this.welcome = welcome;
  }

  /** @internal `found` makes a Group of what the library gave. */
  static async of(
    operation: string, raw: RawMlsCommit, asked: Asked, found: (raw: RawMlsGroup, asked: Asked) => Group,
  ): Promise<Commit> {
    const message = await later(operation, () => native.mychat_mls_commit_message(raw));
    const welcome = await later(operation, () => native.mychat_mls_commit_welcome(raw)).catch((error: unknown) => {
      if (error instanceof MyChatError && error.status === 'notFound') return null;
      throw error;
    });
    return new Commit(raw, asked, found, message, welcome);
  }

  /** What it does. */
  async summary(): Promise<Summary> {
    const raw = await this.#handle.call('summary', (commit) => native.mychat_mls_commit_summary(commit));
    const made = toSummary(raw);
    native.mychat_mls_summary_free(raw);
    return made;
  }

  /** The group as it will be once the commit counts, all of it: to be stored before the commit is sent, so that a crash
   *  between does not lose it. Rejects with `'invalidState'` when the commit counts already. */
  async save(): Promise<GroupRecord[]> {
    return takeRecords(await this.#handle.call('save', (raw) => native.mychat_mls_commit_save(raw)));
  }

  /** The group, of a commit that came into it or founded it; once, else `'invalidState'`. Such a commit counts for the others
   *  when it has been ordered, or they have joined by its welcome. */
  async group(): Promise<Group> {
    const raw = await this.#handle.call('group', (commit) => native.mychat_mls_commit_group(commit));
    return this.#found(raw, this.#asked);
  }

  /** Frees it: one that was not applied never counted. Calls reject with `'closed'` then; those that were made before are
   *  done first. Harmless the second time. What is not closed is freed by the collector. */
  close(): void {
    this.#handle.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
  [inspect.custom](): string {
    return `Commit { welcome: ${this.welcome !== null}${this.#handle.closed ? ', closed' : ''} }`;
  }
  /** @internal */
  get handle(): Handle<RawMlsCommit> {
    return this.#handle;
  }
}

/** @internal The handles of key packages, and a call that uses them. */
export function withPackages<T>(
  operation: string, packages: readonly KeyPackage[], others: readonly Handle<unknown>[], asked: Asked,
  call: (raw: RawKeyPackage[]) => Promise<T>,
): Promise<T> {
  if (!Array.isArray(packages) || !packages.every((one) => one instanceof KeyPackage))
    throw new TypeError('packages is an array of KeyPackage');
  const own = packages.map(({ handle }) => handle);
  const all = [...own, ...others] as Handle<unknown>[];
  return together(operation, all, () => asked.during(all, () => call(own.map(({ raw }) => raw))));
}
