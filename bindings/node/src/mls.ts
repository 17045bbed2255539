/**
 * MLS (RFC 9420), the low-level interface: for programs that bring their own delivery service. Clients need none of it.
 *
 * `mychat_mls_NAME` of the C ABI is here under NAME: as a function, or, without `group_`, `commit_` or `key_package_`, as a
 * method of {@link Group}, {@link Commit} or {@link KeyPackage}. `docs/mls-api.md` tells how they belong together.
 *
 * Nothing here listens, sends or keeps files. What travels is bytes (an MLSMessage of the RFC); proposals, credentials and
 * extensions are bytes too, in the RFC's encoding. When a rule of the RFC is broken, `detail` of the `MyChatError` is its number,
 * for {@link ruleText}, and its `domain` is `'e2ee'`. Epochs are numbers: one that somebody made up to be larger
 * than 2^53 is rounded.
 *
 * @packageDocumentation
 */
import { now } from './errors';
import { bytesOf, joined, keyBytes, numbers, suiteOf, whole, type KeyInput } from './mls_options';
import { takeMessage, takeSecret, toCredential, toProposal, type Credential, type Message, type Proposal } from './mls_values';
import { native } from './native';
import type { Secret } from './secret';

export type {
  Content, CredentialType, Format, ProposalType, PskType, PskUsage, Relation, SenderType,
} from './enums';
export { Group, type CommitOptions, type ExternalOptions, type JoinOptions, type NewGroup } from './mls_group';
export type { HandshakeOptions, KeyInput, LeafOptions, MlsOptions } from './mls_options';
export { Commit, KeyPackage } from './mls_package';
export {
  GroupRecord, Received, type Credential, type GroupState, type Member, type Message, type Proposal, type PskId, type Summary,
} from './mls_values';

/** The cipher suite that every client has: X25519, AES-128-GCM, SHA-256, Ed25519. */
export const DEFAULT_SUITE: number = native.MYCHAT_MLS_DEFAULT_SUITE;
/** The cipher suite whose secrets also withstand quantum computers: X-Wing (X25519 with ML-KEM-768), AES-256-GCM, SHA-512,
 *  Ed25519. Its signatures do not. One of {@link supportedSuites} where the OpenSSL inside has ML-KEM (3.5 and later). */
export const HYBRID_SUITE: number = native.MYCHAT_MLS_HYBRID_SUITE;
/** Bytes of an account's key, private or public: Ed25519. */
export const ACCOUNT_KEY_SIZE: number = native.MYCHAT_MLS_ACCOUNT_KEY_SIZE;
/** The longest pre-shared key, in bytes. */
export const PSK_MAX_SIZE: number = native.MYCHAT_MLS_PSK_MAX_SIZE;

/** Something of a cipher suite. */
export interface SuiteOptions {
  /** Default: {@link DEFAULT_SUITE}. */
  suite?: number | undefined;
}

/** What a rule says that the `detail` of an error names; `''` for a number that is no rule's. */
export function ruleText(rule: number): string {
  return native.mychat_mls_rule_text(whole('ruleText', 'rule', rule, -0x80000000, 0x7fffffff));
}

/** Where a rule stands in RFC 9420 (`'12.2'`); `''` for a number that is no rule's. */
export function ruleSection(rule: number): string {
  return native.mychat_mls_rule_section(whole('ruleSection', 'rule', rule, -0x80000000, 0x7fffffff));
}

/** The cipher suites of this library. */
export function supportedSuites(): number[] {
  const suites: number[] = [];
  for (let suite; (suite = native.mychat_mls_supported_suite(suites.length)) !== 0; ) suites.push(suite);
  return suites;
}

/** Make a signature key. */
export function newSignatureKey({ suite = DEFAULT_SUITE }: SuiteOptions = {}): Secret {
  return takeSecret(now('newSignatureKey', () => native.mychat_mls_new_signature_key(suiteOf('newSignatureKey', suite))));
}

/** The public key of a signature key, as it stands in leaves. */
export function signaturePublicKey(privateKey: KeyInput, { suite = DEFAULT_SUITE }: SuiteOptions = {}): Buffer {
  return now('signaturePublicKey', () =>
    native.mychat_mls_signature_public_key(suiteOf('signaturePublicKey', suite), keyBytes(privateKey)));
}

/** A basic credential of any identity, encoded. */
export function basicCredential(identity: Uint8Array): Buffer {
  return now('basicCredential', () => native.mychat_mls_basic_credential(bytesOf(identity, 'identity')));
}

/** A basic credential of one device (1 to 64 bytes) of a user, whose account vouches for the device's public signature key.
 *  `accountKey` is an Ed25519 seed of {@link ACCOUNT_KEY_SIZE} bytes. */
export function accountCredential(handle: string, deviceId: string, accountKey: KeyInput, signatureKey: Uint8Array): Buffer {
  if (typeof handle !== 'string' || typeof deviceId !== 'string') throw new TypeError('handle and deviceId are strings');
  return now('accountCredential', () =>
    native.mychat_mls_account_credential(handle, deviceId, keyBytes(accountKey), bytesOf(signatureKey, 'signatureKey')));
}

/** Throws `'signature'` unless the account that a credential names vouches for a signature key: for {@link MlsOptions.accept}
 *  of programs with such accounts, once it has looked up the public key of {@link Credential.handle}. */
export function verifyAccount(credential: Uint8Array, signatureKey: Uint8Array, accountPublicKey: Uint8Array): void {
  now('verifyAccount', () => native.mychat_mls_verify_account(
    bytesOf(credential, 'credential'), bytesOf(signatureKey, 'signatureKey'), bytesOf(accountPublicKey, 'accountPublicKey')));
}

/** Read a credential. */
export function readCredential(credential: Uint8Array): Credential {
  const raw = now('readCredential', () => native.mychat_mls_read_credential(bytesOf(credential, 'credential')));
  const made = toCredential(raw);
  native.mychat_mls_credential_free(raw);
  return made;
}

/** Encode an extension. */
export function extension(type: number, data: Uint8Array): Buffer {
  return now('extension', () => native.mychat_mls_extension(whole('extension', 'type', type, 0, 0xffff), bytesOf(data, 'data')));
}

/** Types that every member of a group must support. */
export interface RequiredCapabilities {
  extensionTypes?: readonly number[] | undefined;
  proposalTypes?: readonly number[] | undefined;
  credentialTypes?: readonly number[] | undefined;
}

/** Encode the extension of a group that says what every member must support. */
export function requiredCapabilities({ extensionTypes, proposalTypes, credentialTypes }: RequiredCapabilities): Buffer {
  const list = (given: readonly number[] | undefined, name: string): string => numbers('requiredCapabilities', given, name);
  return now('requiredCapabilities', () => native.mychat_mls_required_capabilities(
    list(extensionTypes, 'extensionTypes'), list(proposalTypes, 'proposalTypes'), list(credentialTypes, 'credentialTypes')));
}

/** A proposal to add the one whose key package ({@link KeyPackage.message}) it is. Whether that is valid is seen when it is
 *  used. */
export function proposeAdd(keyPackage: Uint8Array): Buffer {
  return now('proposeAdd', () => native.mychat_mls_propose_add(bytesOf(keyPackage, 'keyPackage')));
}

/** A proposal to put a member out. */
export function proposeRemove(leafIndex: number): Buffer {
  return now('proposeRemove', () =>
    native.mychat_mls_propose_remove(whole('proposeRemove', 'leafIndex', leafIndex, 0, 0xffffffff)));
}

/** A proposal to take a key of the program's in; the members look it up by its name. */
export function proposePsk(id: Uint8Array, { suite = DEFAULT_SUITE }: SuiteOptions = {}): Buffer {
  return now('proposePsk', () => native.mychat_mls_propose_psk(suiteOf('proposePsk', suite), bytesOf(id, 'id')));
}

/** A proposal to take the key of an epoch in, of this group or another one. Members who do not have it from the group itself
 *  are asked by {@link MlsOptions.psk}. */
export function proposeResumptionPsk(groupId: Uint8Array, epoch: number, { suite = DEFAULT_SUITE }: SuiteOptions = {}): Buffer {
  const operation = 'proposeResumptionPsk';
  return now(operation, () => native.mychat_mls_propose_resumption_psk(
    suiteOf(operation, suite), bytesOf(groupId, 'groupId'), whole(operation, 'epoch', epoch, 0, Number.MAX_SAFE_INTEGER)));
}

/** A proposal to end the group in favour of another one, with a random id unless given. */
export function proposeReinit({
  groupId, suite = DEFAULT_SUITE, extensions,
}: SuiteOptions & { groupId?: Uint8Array | undefined; extensions?: readonly Uint8Array[] | undefined } = {}): Buffer {
  return now('proposeReinit', () => native.mychat_mls_propose_reinit(
    bytesOf(groupId, 'groupId'), suiteOf('proposeReinit', suite), joined(extensions, 'extensions')));
}

/** A proposal to replace the group's extensions. */
export function proposeExtensions(extensions: readonly Uint8Array[]): Buffer {
  return now('proposeExtensions', () => native.mychat_mls_propose_extensions(joined(extensions, 'extensions')));
}

/** A proposal to go; it may not stand in one's own commit. */
export function proposeSelfRemove(): Buffer {
  return now('proposeSelfRemove', () => native.mychat_mls_propose_self_remove());
}

/** Somebody who may propose to a group without being in it, encoded, for {@link externalSenders}. `signatureKey` is his public
 *  key, of the group's suite. */
export function externalSender(
  credential: Uint8Array, signatureKey: Uint8Array, { suite = DEFAULT_SUITE }: SuiteOptions = {},
): Buffer {
  return now('externalSender', () => native.mychat_mls_external_sender(
    suiteOf('externalSender', suite), bytesOf(credential, 'credential'), bytesOf(signatureKey, 'signatureKey')));
}

/** Encode the extension of a group that names who may propose to it from outside; the first has place 0. Whether each belongs
 *  to his credential {@link MlsOptions.accept} of every member is asked. */
export function externalSenders(senders: readonly Uint8Array[]): Buffer {
  return now('externalSenders', () => native.mychat_mls_external_senders(joined(senders, 'senders')));
}

/** Who proposes what to which group, from outside. */
export interface ExternalProposal extends SuiteOptions {
  groupId: Uint8Array;
  /** The present one. */
  epoch: number;
  /** The place in the group's extension. */
  sender: number;
  /** The sender's. */
  privateKey: KeyInput;
  /** Of a `propose` function. */
  proposal: Uint8Array;
  /** Data beside it that everybody can see. */
  aad?: Uint8Array | undefined;
}

/** What an external sender of a group proposes, as a message for its members, with whom it waits for a commit. It is signed, not
 *  encrypted. The wish to be added oneself is {@link KeyPackage.joinProposal}. */
export function externalProposal({
  groupId, epoch, sender, privateKey, proposal, aad, suite = DEFAULT_SUITE,
}: ExternalProposal): Buffer {
  const operation = 'externalProposal';
  return now(operation, () => native.mychat_mls_external_proposal(
    suiteOf(operation, suite), bytesOf(groupId, 'groupId'), whole(operation, 'epoch', epoch, 0, Number.MAX_SAFE_INTEGER),
    whole(operation, 'sender', sender, 0, 0xffffffff), keyBytes(privateKey), bytesOf(proposal, 'proposal'), bytesOf(aad, 'aad')));
}

/** Read a proposal. */
export function readProposal(proposal: Uint8Array): Proposal {
  const raw = now('readProposal', () => native.mychat_mls_read_proposal(bytesOf(proposal, 'proposal')));
  const made = toProposal(raw);
  native.mychat_mls_proposal_free(raw);
  return made;
}

/** Look at a message from outside: for whom it is, and for which group. Nothing of it is proven. */
export function readMessage(message: Uint8Array): Message {
  return takeMessage(now('readMessage', () => native.mychat_mls_read_message(bytesOf(message, 'message'))));
}
