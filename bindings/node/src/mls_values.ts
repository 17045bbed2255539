/* Values of MLS that come out: plain objects, copied out of the library; bytes that are private are shown to nobody who does
 * not ask for them by name. */
import { inspect } from 'node:util';

import {
  contents, credentialTypes, formats, proposalTypes, pskTypes, pskUsages, senderTypes, type Content, type CredentialType,
  type Format, type ProposalType, type PskType, type PskUsage, type SenderType,
} from './enums';
import { native } from './native';
import type {
  RawCredential, RawGroupState, RawList, RawMember, RawMlsMessage, RawProposal, RawPskId, RawReceived, RawRecord, RawSummary,
} from './native_mls';
import { Secret } from './secret';

/** Who somebody says he is. */
export interface Credential {
  readonly type: CredentialType;
  /** As the RFC encodes it, for {@link LeafOptions}. */
  readonly encoded: Buffer;
  /** Of a basic one. */
  readonly identity: Buffer;
  /** `user@domain`, of one of {@link accountCredential}; else `''`. */
  readonly handle: string;
  /** The device, of one of {@link accountCredential}; else `''`. */
  readonly deviceId: string;
}

/** Name of a pre-shared key. */
export interface PskId {
  readonly type: PskType;
  readonly usage: PskUsage;
  /** Of an external one; else empty. */
  readonly id: Buffer;
  /** Of one of an epoch: the group; else empty. */
  readonly groupId: Buffer;
  /** Of one of an epoch: which. */
  readonly epoch: number;
}

/** A proposal, read. */
export interface Proposal {
  readonly type: ProposalType;
  readonly senderType: SenderType;
  /** Leaf or place of who it is from; null where it has none. */
  readonly sender: number | null;
  /** The member that it changes or removes; else null. */
  readonly leafIndex: number | null;
  /** Of a ReInit: the new group's; else 0. */
  readonly suite: number;
  /** As the RFC encodes it. */
  readonly encoded: Buffer;
  /** Its ProposalRef; empty when it stands in a commit itself. */
  readonly reference: Buffer;
  /** Of an Add or Update: who. */
  readonly credential: Credential | null;
  /** Of an Add or Update: with which key; else empty. */
  readonly signatureKey: Buffer;
  /** Of a pre-shared key: which. */
  readonly psk: PskId | null;
  /** Of a ReInit: the new group; else empty. */
  readonly groupId: Buffer;
  /** Of a ReInit or GroupContextExtensions: the new ones, encoded; else empty. */
  readonly extensions: Buffer;
}

/** What can be seen of a message from outside. Nothing of it is proven. */
export interface Message {
  readonly format: Format;
  /** Of a message of a group: what it holds. */
  readonly content: Content;
  /** Of a welcome, group info or key package; else 0. */
  readonly suite: number;
  /** Of a message of a group or a group info; else 0. */
  readonly epoch: number;
  /** Of a message of a group or a group info; else empty. */
  readonly groupId: Buffer;
  /** Of a welcome: the key packages that it is for; of a key package: its own. */
  readonly references: readonly Buffer[];
  /** Of a key package: whose. */
  readonly credential: Credential | null;
  /** Of a key package: with which key; else empty. */
  readonly signatureKey: Buffer;
}

/** What a commit does. */
export interface Summary {
  /** This member is put out by it. */
  readonly removesUs: boolean;
  /** Its maker has new keys. */
  readonly hasPath: boolean;
  /** `'member'` or `'newMemberCommit'`. */
  readonly committerType: SenderType;
  /** Leaf of its maker in the new epoch. */
  readonly committer: number;
  /** The new one. */
  readonly epoch: number;
  /** All that it holds or refers to. */
  readonly proposals: readonly Proposal[];
  /** Leaves of those who were added. */
  readonly added: readonly number[];
  /** Leaves of members who have new keys. */
  readonly updated: readonly number[];
  /** Leaves of those who were put out or go. */
  readonly removed: readonly number[];
}

/** What a group is at present. */
export interface GroupState {
  readonly suite: number;
  /** False after this member was put out, and after a ReInit. */
  readonly isActive: boolean;
  readonly wasRemoved: boolean;
  /** The leaf of this member. */
  readonly ownLeaf: number;
  readonly memberCount: number;
  readonly epoch: number;
  readonly groupId: Buffer;
  /** Encoded. */
  readonly extensions: Buffer;
  /** The ReInit that ended it. */
  readonly reinit: Proposal | null;
}

/** A member of a group. */
export interface Member {
  /** Its name in this group for as long as it is a member. */
  readonly leafIndex: number;
  readonly credential: Credential;
  readonly signatureKey: Buffer;
}

/** A message of another member, taken. `util.inspect` and JSON do not show its data. */
export class Received {
  readonly content: Content;
  readonly senderType: SenderType;
  /** Leaf or place of who it is from; null of who wants to be added. */
  readonly sender: number | null;
  /** The one that it was sent in. */
  readonly epoch: number;
  /** Of application data: whose. */
  readonly credential: Credential | null;
  /** What it authenticates besides. */
  readonly aad: Buffer;
  /** The proposal, which now waits. */
  readonly proposal: Proposal | null;
  /** The commit, which now counts. */
  readonly commit: Summary | null;
  readonly #data: Buffer;

  /** @internal */
  constructor(raw: RawReceived) {
    this.content = contents.name(raw.content);
    this.senderType = senderTypes.name(raw.sender_type);
    this.sender = leaf(raw.sender);
    this.epoch = raw.epoch;
    this.credential = raw.credential && toCredential(raw.credential);
    this.aad = raw.aad;
    this.proposal = raw.proposal && toProposal(raw.proposal);
    this.commit = raw.commit && toSummary(raw.commit);
    this.#data = raw.data;
    native.mychat_mls_received_free(raw);
  }
  /** Application data; else empty. Not a copy: it can be wiped. */
  get data(): Buffer {
    return this.#data;
  }
}

/** A part of a stored group. What it holds is secret, and shown by neither `util.inspect` nor JSON. */
export class GroupRecord {
  /** Its name within the group. */
  readonly id: string;
  /** What is stored under this id is to be erased. */
  readonly isErased: boolean;
  readonly #content: Buffer;

  /** @internal */
  constructor(raw: RawRecord) {
    this.id = raw.id;
    this.isErased = raw.is_erased === 1;
    this.#content = raw.content;
  }
  /** What is to be stored under the id; empty when that is to be erased. Not a copy: it can be wiped. */
  get content(): Buffer {
    return this.#content;
  }
  [inspect.custom](): string {
    return `GroupRecord { id: ${inspect(this.id)}, isErased: ${this.isErased} }`;
  }
}

const leaf = (index: number): number | null => (index === native.MYCHAT_MLS_NO_LEAF ? null : index);

/** @internal A copy: the part of the library's that it is made of stays where it is. */
export function toCredential(raw: RawCredential): Credential {
  return {
    type: credentialTypes.name(raw.type), encoded: raw.encoded, identity: raw.identity, handle: raw.handle,
    deviceId: raw.device_id,
  };
}

/** @internal */
export function toPskId(raw: RawPskId): PskId {
  return { type: pskTypes.name(raw.type), usage: pskUsages.name(raw.usage), id: raw.id, groupId: raw.group_id, epoch: raw.epoch };
}

/** @internal */
export function toProposal(raw: RawProposal): Proposal {
  const { credential, psk } = raw;
  return {
    type: proposalTypes.name(raw.type), senderType: senderTypes.name(raw.sender_type), sender: leaf(raw.sender),
    leafIndex: leaf(raw.leaf_index), suite: raw.suite, encoded: raw.encoded, reference: raw.reference,
    credential: credential && toCredential(credential), signatureKey: raw.signature_key, psk: psk && toPskId(psk),
    groupId: raw.group_id, extensions: raw.extensions,
  };
}

/** @internal */
export function toSummary(raw: RawSummary): Summary {
  return {
    removesUs: raw.removes_us === 1, hasPath: raw.has_path === 1, committerType: senderTypes.name(raw.committer_type),
    committer: raw.committer, epoch: raw.epoch, proposals: raw.proposals.items.map(toProposal), added: raw.added,
    updated: raw.updated, removed: raw.removed,
  };
}

/** @internal This one and those below free what they are given. */
export function takeMessage(raw: RawMlsMessage): Message {
  const { references, reference_size: size, credential } = raw;
  const parts: Buffer[] = [];
  for (let at = 0; size > 0 && at + size <= references.length; at += size) parts.push(references.subarray(at, at + size));
  const made = {
    format: formats.name(raw.format), content: contents.name(raw.content), suite: raw.suite, epoch: raw.epoch,
    groupId: raw.group_id, references: parts, credential: credential && toCredential(credential),
    signatureKey: raw.signature_key,
  };
  native.mychat_mls_message_free(raw);
  return made;
}

/** @internal */
export function takeState(raw: RawGroupState): GroupState {
  const { reinit } = raw;
  const made = {
    suite: raw.suite, isActive: raw.is_active === 1, wasRemoved: raw.was_removed === 1, ownLeaf: raw.own_leaf,
    memberCount: raw.member_count, epoch: raw.epoch, groupId: raw.group_id, extensions: raw.extensions,
    reinit: reinit && toProposal(reinit),
  };
  native.mychat_mls_group_state_free(raw);
  return made;
}

/** @internal */
export function takeMembers(raw: RawList<RawMember>): Member[] {
  const made = raw.items.map((member) => ({
    leafIndex: member.leaf_index, credential: toCredential(member.credential), signatureKey: member.signature_key,
  }));
  native.mychat_mls_member_list_free(raw);
  return made;
}

/** @internal */
export function takeProposals(raw: RawList<RawProposal>): Proposal[] {
  const made = raw.items.map(toProposal);
  native.mychat_mls_proposal_list_free(raw);
  return made;
}

/** @internal */
export function takeRecords(raw: RawList<RawRecord>): GroupRecord[] {
  const made = raw.items.map((record) => new GroupRecord(record));
  native.mychat_mls_record_list_free(raw);
  return made;
}

/** @internal Bytes of a secret, which are wiped here. */
export function takeSecret(bytes: Buffer): Secret {
  const made = new Secret(bytes);
  bytes.fill(0);
  return made;
}
