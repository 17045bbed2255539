/* Groups of MLS. */
import { inspect } from 'node:util';

import { handshakeFlags, infoFlags, relations, type Relation } from './enums';
import { Handle, together } from './mls_handle';
import {
  Asked, bytesOf, handshakeOf, joined, kept, rawLeaf, rawOptions, suiteOf, whole, type HandshakeOptions, type LeafOptions,
  type MlsOptions,
} from './mls_options';
import { Commit, withPackages, type KeyPackage } from './mls_package';
import {
  Received, takeMembers, takeProposals, takeRecords, takeSecret, takeState, type GroupRecord, type GroupState, type Member,
  type Proposal,
} from './mls_values';
import { native } from './native';
import type { RawGroupOptions, RawMlsCommit, RawMlsGroup } from './native_mls';
import type { Secret } from './secret';

/** A group that is made. */
export interface NewGroup {
  /** Default: a random one. */
  groupId?: Uint8Array | undefined;
  /** Of {@link extension} and {@link requiredCapabilities}. */
  extensions?: readonly Uint8Array[] | undefined;
}

/** Joining by a welcome. */
export interface JoinOptions {
  /** Of {@link Group.exportTree}, where the welcome does not hold it. */
  tree?: Uint8Array | undefined;
  /** The group that this one replaces or branched off, where it says so. */
  predecessor?: Group | undefined;
}

/** Coming in by oneself. */
export interface ExternalOptions {
  /** An own leaf from before, put out by the same commit. */
  replaces?: number | undefined;
  /** Of {@link Group.exportTree}, where the group info does not hold it. */
  tree?: Uint8Array | undefined;
  /** Proposals of pre-shared keys. */
  psks?: readonly Uint8Array[] | undefined;
  /** Bytes that the commit authenticates. */
  aad?: Uint8Array | undefined;
}

/** A commit that is made. */
export interface CommitOptions extends HandshakeOptions {
  /** How this member appears from then on; without a private key: with the same. */
  leaf?: LeafOptions | undefined;
  /** Proposals that wait are not taken in. */
  noWaiting?: boolean | undefined;
  /** No new keys where the proposals do not demand them. */
  noPath?: boolean | undefined;
  /** The welcome does not hold the tree. */
  noTree?: boolean | undefined;
}

function rawGroup({ groupId, extensions }: NewGroup): RawGroupOptions {
  const raw = new native.mychat_mls_group_options();
  kept(raw.set_group_id(bytesOf(groupId, 'groupId')));
  kept(raw.set_extensions(joined(extensions, 'extensions')));
  return raw;
}

/** A group as one of its members has it: of {@link Group.create}, {@link Group.join}, {@link Group.load} or
 *  {@link Commit.group}. Its calls run on other threads, one after the other in the order in which they were made. */
export class Group {
  readonly #handle: Handle<RawMlsGroup>;
  readonly #asked: Asked;

  private constructor(raw: RawMlsGroup, asked: Asked) {
    raw.asked = asked;
    this.#handle = new Handle(raw, 'group', (freed) => native.mychat_js_free_group(freed));
    this.#asked = asked;
  }
  static #found = (raw: RawMlsGroup, asked: Asked): Group => new Group(raw, asked);

  /** Make a group of one. Rejects with `'signature'` when `accept` does not accept the leaf. */
  static async create(
    options: MlsOptions, leaf: LeafOptions, { suite = native.MYCHAT_MLS_DEFAULT_SUITE, ...more }: NewGroup & { suite?: number } = {},
  ): Promise<Group> {
    const asked = new Asked(options);
    const raw = rawOptions('Group.create', options, asked);
    const [as, group, number] = [rawLeaf('Group.create', leaf), rawGroup(more), suiteOf('Group.create', suite)];
    return new Group(await together('Group.create', [], () => asked.during([], () =>
      native.mychat_mls_group_create(raw, number, as, group))), asked);
  }

  /** Come into a group that somebody added one to. `used` is the key package that the welcome was for, to be closed and erased
   *  unless it is one of last resort; `'notFound'` when it is for none of them. */
  static async join(
    options: MlsOptions, welcome: Uint8Array, packages: readonly KeyPackage[], { tree, predecessor }: JoinOptions = {},
  ): Promise<{ group: Group; used: KeyPackage }> {
    const asked = new Asked(options);
    const raw = rawOptions('Group.join', options, asked);
    const [invitation, nodes] = [bytesOf(welcome, 'welcome'), bytesOf(tree, 'tree')];
    const before = predecessor === undefined ? null : predecessor.#handle;
    const all = [...packages];
    const [used, made] = await withPackages('Group.join', all, before === null ? [] : [before as Handle<unknown>], asked, (own) =>
      native.mychat_mls_group_join(raw, invitation, own, nodes, before === null ? null : before.raw));
    return { group: new Group(made, asked), used: all[used]! };
  }

  /** Come into a group by oneself, or again (`replaces`), with a group info of {@link Group.exportInfo}. When the commit has
   *  been ordered as the group's next, {@link Commit.group} is the group. */
  static async joinExternal(
    options: MlsOptions, groupInfo: Uint8Array, leaf: LeafOptions, { replaces, tree, psks, aad }: ExternalOptions = {},
  ): Promise<Commit> {
    const asked = new Asked(options);
    const raw = rawOptions('Group.joinExternal', options, asked);
    const as = rawLeaf('Group.joinExternal', leaf);
    const info = bytesOf(groupInfo, 'groupInfo');
    const external = new native.mychat_mls_external_options();
    if (replaces !== undefined) external.replaces = whole('Group.joinExternal', 'replaces', replaces, 0, 0xfffffffe);
    kept(external.set_tree(bytesOf(tree, 'tree')));
    kept(external.set_proposals(joined(psks, 'psks')));
    kept(external.set_aad(bytesOf(aad, 'aad')));
    const made = await together('Group.joinExternal', [], () => asked.during([], () =>
      native.mychat_mls_group_join_external(raw, info, as, external)));
    return Commit.of('Group.joinExternal', made, asked, Group.#found);
  }

  /** A group of what is stored of it: contents by ids, none of them erased. Load a group once: copies that both send would
   *  use the same keys twice. */
  static async load(options: MlsOptions, records: Iterable<readonly [string, Uint8Array]>): Promise<Group> {
    const asked = new Asked(options);
    const raw = rawOptions('Group.load', options, asked);
    const list = Array.from(records, ([id, content]) => ({ id, content }));
    return new Group(await together('Group.load', [], () => native.mychat_mls_group_load(raw, list)), asked);
  }

  /** What it is at present. */
  async describe(): Promise<GroupState> {
    return takeState(await this.#handle.call('describe', (raw) => native.mychat_mls_group_describe(raw)));
  }

  /** Who is in it, by their leaves. */
  async members(): Promise<Member[]> {
    return takeMembers(await this.#handle.call('members', (raw) => native.mychat_mls_group_members(raw)));
  }

  /** A secret that is the same at all members of an epoch: when two of them compare it, they know that they are in the same
   *  group. */
  async epochAuthenticator(): Promise<Secret> {
    return takeSecret(await this.#handle.call('epochAuthenticator', (raw) => native.mychat_mls_group_epoch_authenticator(raw)));
  }

  /** A secret of the epoch for uses of the program's own: `size` bytes, up to 255 hashes of the suite, default 32. */
  async exportSecret(label: string, { context, size = 32 }: { context?: Uint8Array | undefined; size?: number } = {}): Promise<Secret> {
    if (typeof label !== 'string') throw new TypeError('label is a string');
    const [bytes, wanted] = [bytesOf(context, 'context'), whole('exportSecret', 'size', size, 0, 0xffffffff)];
    return takeSecret(await this.#handle.call('exportSecret', (raw) =>
      native.mychat_mls_group_export_secret(raw, label, bytes, wanted)));
  }

  /** The resumption key of this or an earlier epoch; `'notFound'` when it is not kept. */
  async resumptionPsk(epoch: number): Promise<Secret> {
    const number = whole('resumptionPsk', 'epoch', epoch, 0, Number.MAX_SAFE_INTEGER);
    return takeSecret(await this.#handle.call('resumptionPsk', (raw) => native.mychat_mls_group_resumption_psk(raw, number)));
  }

  /** A signed description, for {@link Group.joinExternal}; with the tree and the key for coming in unless told otherwise. */
  async exportInfo({ tree = true, externalPub = true }: { tree?: boolean; externalPub?: boolean } = {}): Promise<Buffer> {
    const flags = (tree ? infoFlags.value('tree') : 0) | (externalPub ? infoFlags.value('externalPub') : 0);
    return this.#handle.call('exportInfo', (raw) => native.mychat_mls_group_export_info(raw, flags));
  }

  /** How this member's state is to that of who made a group info, which is not verified. */
  async compare(groupInfo: Uint8Array): Promise<Relation> {
    const info = bytesOf(groupInfo, 'groupInfo');
    return relations.name(await this.#handle.call('compare', (raw) => native.mychat_mls_group_compare(raw, info)));
  }

  /** The tree, for those who get it another way than by welcomes and group infos. */
  async exportTree(): Promise<Buffer> {
    return this.#handle.call('exportTree', (raw) => native.mychat_mls_group_export_tree(raw));
  }

  /** Encrypt data (a string: its UTF-8) for the group. `aad` can be seen by everybody and changed by nobody; `padding` is
   *  zeros added, so that the size says less. */
  async protect(data: string | Uint8Array, { aad, padding = 0 }: { aad?: Uint8Array | undefined; padding?: number } = {}): Promise<Buffer> {
    const plain = typeof data === 'string' ? data : bytesOf(data, 'data');
    const [with_, zeros] = [bytesOf(aad, 'aad'), whole('protect', 'padding', padding, 0, 0xffffffff)];
    return this.#handle.call('protect', (raw) => native.mychat_mls_group_protect(raw, plain, with_, zeros));
  }

  /** Take a message of another member: data are decrypted, a proposal waits, a commit counts from now on. A commit of one's own
   *  is not processed but applied. */
  async process(message: Uint8Array): Promise<Received> {
    const bytes = bytesOf(message, 'message');
    const beginning = bytes.subarray(0, 512); // A message whose group has a longer id takes the long way.
    return new Received(await (native.mychat_js_is_application(beginning)
      ? this.#handle.call('process', (raw) => native.mychat_js_process_data(raw, bytes))
      : this.#ask('process', (raw) => native.mychat_mls_group_process(raw, bytes))));
  }

  /** Propose something, of a function `propose...`; it also waits here, for whoever commits next. The message is to be sent. */
  async propose(proposal: Uint8Array, options: HandshakeOptions = {}): Promise<Buffer> {
    const [bytes, aad] = [bytesOf(proposal, 'proposal'), bytesOf(options.aad, 'aad')];
    return this.#ask('propose', (raw) => native.mychat_mls_group_propose(raw, bytes, aad, handshakeOf(options)));
  }

  /** Propose new keys for this member, and another appearance if given. */
  async proposeUpdate({ leaf, ...options }: HandshakeOptions & { leaf?: LeafOptions | undefined } = {}): Promise<Buffer> {
    const as = leaf === undefined ? null : rawLeaf('proposeUpdate', leaf);
    const aad = bytesOf(options.aad, 'aad');
    return this.#ask('proposeUpdate', (raw) => native.mychat_mls_group_propose_update(raw, as, aad, handshakeOf(options)));
  }

  /** The proposals of this epoch that wait for a commit. */
  async waiting(): Promise<Proposal[]> {
    return takeProposals(await this.#handle.call('waiting', (raw) => native.mychat_mls_group_waiting(raw)));
  }

  /** Forget the proposals that wait, here only: commits of others that refer to them are not understood then. */
  async dropWaiting(): Promise<void> {
    return this.#handle.call('dropWaiting', (raw) => native.mychat_mls_group_drop_waiting(raw));
  }

  /** Make a commit of what is given, by functions `propose...`, and of what waits. The group stays as it is: send the commit,
   *  and when it has been ordered as the group's next, {@link Group.apply}; when another one has, process that and close this. */
  async commit(proposals: readonly Uint8Array[] = [], options: CommitOptions = {}): Promise<Commit> {
    const raw = new native.mychat_mls_commit_options();
    raw.flags = (['noWaiting', 'noPath', 'noTree'] as const).reduce(
      (flags, name) => flags | (options[name] ? handshakeFlags.value(name) : 0), handshakeOf(options));
    kept(raw.set_proposals(joined(proposals, 'proposals')));
    kept(raw.set_aad(bytesOf(options.aad, 'aad')));
    if (options.leaf !== undefined) kept(raw.set_leaf(rawLeaf('commit', options.leaf)));
    return this.#committed('commit', this.#ask('commit', (group) => native.mychat_mls_group_commit(group, raw)), this.#asked);
  }

  /** Let a commit of {@link Group.commit} count. Rejects with `'invalidState'` when it is not of the present epoch. */
  async apply(commit: Commit): Promise<void> {
    const [group, made] = [this.#handle, commit.handle];
    return together('apply', [group, made] as Handle<unknown>[], () => native.mychat_mls_group_apply(group.raw, made.raw));
  }

  /** Found the group that is to take the place of this one, which ended with a ReInit. `keyPackages` are those of its other
   *  members, as published. The welcome of the result is to be sent to them, {@link Commit.group} is the group. */
  async reinitialise(
    leaf: LeafOptions, keyPackages: readonly Uint8Array[], { options = this.#asked.options }: { options?: MlsOptions } = {},
  ): Promise<Commit> {
    const asked = new Asked(options);
    const [raw, as] = [rawOptions('reinitialise', options, asked), rawLeaf('reinitialise', leaf)];
    const packages = joined(keyPackages, 'keyPackages');
    return this.#committed('reinitialise', this.#ask('reinitialise', (before) =>
      native.mychat_mls_group_reinitialise(raw, before, as, packages), asked), asked);
  }

  /** Found a group of some members of this one, tied to it; see {@link Group.reinitialise}. */
  async branch(
    leaf: LeafOptions, keyPackages: readonly Uint8Array[],
    { options = this.#asked.options, ...more }: NewGroup & { options?: MlsOptions } = {},
  ): Promise<Commit> {
    const asked = new Asked(options);
    const [raw, as, group] = [rawOptions('branch', options, asked), rawLeaf('branch', leaf), rawGroup(more)];
    const packages = joined(keyPackages, 'keyPackages');
    return this.#committed('branch', this.#ask('branch', (before) =>
      native.mychat_mls_group_branch(raw, before, as, group, packages), asked), asked);
  }

  /** All of it: to be stored instead of whatever was stored of it before. */
  async save(): Promise<GroupRecord[]> {
    return takeRecords(await this.#handle.call('save', (raw) => native.mychat_mls_group_save(raw)));
  }

  /** What changed since the last call of this or of {@link Group.save}, in order: few records after a message. Store it in one
   *  transaction with what the change was made for, and before a message that was made is sent. */
  async takeChanges(): Promise<GroupRecord[]> {
    return takeRecords(await this.#handle.call('takeChanges', (raw) => native.mychat_mls_group_take_changes(raw)));
  }

  /** Frees it, and wipes its secrets; calls reject with `'closed'` then, and those that were made before are done first.
   *  Commits that were made go on. Harmless the second time. What is not closed is freed by the collector. */
  close(): void {
    this.#handle.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
  [inspect.custom](): string {
    return `Group {${this.#handle.closed ? ' closed ' : ''}}`;
  }

  #ask<T>(operation: string, call: (raw: RawMlsGroup) => Promise<T>, asked = this.#asked): Promise<T> {
    return this.#handle.call(operation, (raw) => asked.during([this.#handle as Handle<unknown>], () => call(raw)));
  }

  async #committed(operation: string, raw: Promise<RawMlsCommit>, asked: Asked): Promise<Commit> {
    return Commit.of(operation, await raw, asked, Group.#found);
  }
}
