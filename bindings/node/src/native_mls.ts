/* The part of the native layer that is MLS, as TypeScript sees it. Nothing here is public. */
type Bytes = string | Uint8Array;

/** @internal */
export interface RawList<T> {
  readonly count: number;
  readonly items: readonly T[];
}
/** @internal */
export interface RawCredential {
  readonly type: number;
  readonly encoded: Buffer;
  readonly identity: Buffer;
  readonly handle: string;
  readonly device_id: string;
}
/** @internal */
export interface RawPskId {
  readonly type: number;
  readonly usage: number;
  readonly id: Buffer;
  readonly group_id: Buffer;
  readonly epoch: number;
}
/** @internal */
export interface RawProposal {
  readonly type: number;
  readonly sender_type: number;
  readonly sender: number;
  readonly leaf_index: number;
  readonly suite: number;
  readonly encoded: Buffer;
  readonly reference: Buffer;
  readonly credential: RawCredential | null;
  readonly signature_key: Buffer;
  readonly psk: RawPskId | null;
  readonly group_id: Buffer;
  readonly extensions: Buffer;
}
/** @internal */
export interface RawMlsMessage {
  readonly format: number;
  readonly content: number;
  readonly suite: number;
  readonly epoch: number;
  readonly group_id: Buffer;
  readonly references: Buffer;
  readonly reference_size: number;
  readonly credential: RawCredential | null;
  readonly signature_key: Buffer;
}
/** @internal */
export interface RawSummary {
  readonly removes_us: number;
  readonly has_path: number;
  readonly committer_type: number;
  readonly committer: number;
  readonly epoch: number;
  readonly proposals: RawList<RawProposal>;
  readonly added: number[];
  readonly updated: number[];
  readonly removed: number[];
}
/** @internal */
export interface RawGroupState {
  readonly suite: number;
  readonly is_active: number;
  readonly was_removed: number;
  readonly own_leaf: number;
  readonly member_count: number;
  readonly epoch: number;
  readonly group_id: Buffer;
  readonly extensions: Buffer;
  readonly reinit: RawProposal | null;
}
/** @internal */
export interface RawMember {
  readonly leaf_index: number;
  readonly credential: RawCredential;
  readonly signature_key: Buffer;
}
/** @internal */
export interface RawReceived {
  readonly content: number;
  readonly sender_type: number;
  readonly sender: number;
  readonly epoch: number;
  readonly credential: RawCredential | null;
  readonly data: Buffer;
  readonly aad: Buffer;
  readonly proposal: RawProposal | null;
  readonly commit: RawSummary | null;
}
/** @internal */
export interface RawRecord {
  readonly is_erased: number;
  readonly id: string;
  readonly content: Buffer;
}

/** @internal Takes the answer to a question; called once. */
export type Done = (answer: boolean | Uint8Array | undefined) => void;
/** @internal What a call asks: the proxies are good until these return. They do not throw. */
export interface RawAsked {
  readonly isNested: boolean;
  accept(credential: RawCredential, signatureKey: Buffer, groupId: Buffer, done: Done): void;
  isSuccessor(before: RawCredential, after: RawCredential, done: Done): void;
  psk(id: RawPskId, done: Done): void;
  acceptCommit(summary: RawSummary, done: Done): void;
}
/** @internal */
export interface RawKeyPackage { readonly keyPackage: unique symbol }
/** @internal */
export interface RawMlsGroup {
  /** Kept by the proxy, not by the library: so the collector sees what holds what. */
  asked: RawAsked;
}
/** @internal */
export interface RawMlsCommit { readonly commit: unique symbol }
/** @internal */
export interface RawMlsOptions {
  asked: RawAsked;
  flags: number; past_epochs: number; resumption_epochs: number; max_waiting_proposals: number; max_messages_ahead: number;
  max_lifetime: number;
  set_asks(accept: boolean, isSuccessor: boolean, psk: boolean, acceptCommit: boolean): void;
}
/** @internal */
export interface RawLeafOptions {
  flags: number; extension_types: string | null; proposal_types: string | null; lifetime: number;
  set_credential(bytes: Bytes): boolean;
  set_private_key(bytes: Bytes): boolean;
  set_extensions(bytes: Bytes): boolean;
}
/** @internal */
export interface RawGroupOptions {
  set_group_id(bytes: Bytes): boolean;
  set_extensions(bytes: Bytes): boolean;
}
/** @internal */
export interface RawExternalOptions {
  replaces: number;
  set_tree(bytes: Bytes): boolean;
  set_proposals(bytes: Bytes): boolean;
  set_aad(bytes: Bytes): boolean;
}
/** @internal */
export interface RawCommitOptions {
  flags: number;
  set_proposals(bytes: Bytes): boolean;
  set_aad(bytes: Bytes): boolean;
  set_leaf(leaf: RawLeafOptions): boolean;
}

/** @internal */
export interface NativeMls {
  readonly mychat_mls_options: new () => RawMlsOptions;
  readonly mychat_mls_leaf_options: new () => RawLeafOptions;
  readonly mychat_mls_group_options: new () => RawGroupOptions;
  readonly mychat_mls_external_options: new () => RawExternalOptions;
  readonly mychat_mls_commit_options: new () => RawCommitOptions;

  mychat_mls_rule_text(rule: number): string;
  mychat_mls_rule_section(rule: number): string;
  mychat_mls_supported_suite(index: number): number;
  mychat_mls_new_signature_key(suite: number): Buffer;
  mychat_mls_signature_public_key(suite: number, key: Bytes): Buffer;
  mychat_mls_basic_credential(identity: Bytes): Buffer;
  mychat_mls_account_credential(handle: string, deviceId: string, accountKey: Bytes, signatureKey: Bytes): Buffer;
  mychat_mls_verify_account(credential: Bytes, signatureKey: Bytes, accountPublicKey: Bytes): void;
  mychat_mls_read_credential(credential: Bytes): RawCredential;
  mychat_mls_extension(type: number, data: Bytes): Buffer;
  mychat_mls_required_capabilities(extensionTypes: string, proposalTypes: string, credentialTypes: string): Buffer;
  mychat_mls_propose_add(keyPackage: Bytes): Buffer;
  mychat_mls_propose_remove(leafIndex: number): Buffer;
  mychat_mls_propose_psk(suite: number, id: Bytes): Buffer;
  mychat_mls_propose_resumption_psk(suite: number, groupId: Bytes, epoch: number): Buffer;
  mychat_mls_propose_reinit(groupId: Bytes, suite: number, extensions: Bytes): Buffer;
  mychat_mls_propose_extensions(extensions: Bytes): Buffer;
  mychat_mls_propose_self_remove(): Buffer;
  mychat_mls_external_sender(suite: number, credential: Bytes, signatureKey: Bytes): Buffer;
  mychat_mls_external_senders(senders: Bytes): Buffer;
  mychat_mls_external_proposal(
    suite: number, groupId: Bytes, epoch: number, sender: number, privateKey: Bytes, proposal: Bytes, aad: Bytes): Buffer;
  mychat_mls_join_proposal(keyPackage: RawKeyPackage, groupId: Bytes, epoch: number, aad: Bytes): Buffer;
  mychat_mls_read_proposal(proposal: Bytes): RawProposal;
  mychat_mls_read_message(message: Bytes): RawMlsMessage;

  mychat_mls_key_package_create(suite: number, leaf: RawLeafOptions): RawKeyPackage;
  mychat_mls_key_package_load(secret: Bytes): RawKeyPackage;
  mychat_mls_key_package_message(keyPackage: RawKeyPackage): Buffer;
  mychat_mls_key_package_ref(keyPackage: RawKeyPackage): Buffer;
  mychat_mls_key_package_is_last_resort(keyPackage: RawKeyPackage): number;
  mychat_mls_key_package_save(keyPackage: RawKeyPackage): Buffer;

  mychat_mls_group_create(options: RawMlsOptions, suite: number, leaf: RawLeafOptions, group: RawGroupOptions): Promise<RawMlsGroup>;
  mychat_mls_group_join(
    options: RawMlsOptions, welcome: Bytes, packages: readonly RawKeyPackage[], tree: Bytes,
    predecessor: RawMlsGroup | null): Promise<[number, RawMlsGroup]>;
  mychat_mls_group_join_external(
    options: RawMlsOptions, groupInfo: Bytes, leaf: RawLeafOptions, external: RawExternalOptions): Promise<RawMlsCommit>;
  mychat_mls_group_load(options: RawMlsOptions, records: readonly { id: string; content: Uint8Array }[]): Promise<RawMlsGroup>;
  mychat_mls_group_describe(group: RawMlsGroup): Promise<RawGroupState>;
  mychat_mls_group_members(group: RawMlsGroup): Promise<RawList<RawMember>>;
  mychat_mls_group_epoch_authenticator(group: RawMlsGroup): Promise<Buffer>;
  mychat_mls_group_export_secret(group: RawMlsGroup, label: string, context: Bytes, size: number): Promise<Buffer>;
  mychat_mls_group_resumption_psk(group: RawMlsGroup, epoch: number): Promise<Buffer>;
  mychat_mls_group_compare(group: RawMlsGroup, groupInfo: Bytes): Promise<number>;
  mychat_mls_group_export_info(group: RawMlsGroup, flags: number): Promise<Buffer>;
  mychat_mls_group_export_tree(group: RawMlsGroup): Promise<Buffer>;
  mychat_mls_group_protect(group: RawMlsGroup, data: Bytes, aad: Bytes, padding: number): Promise<Buffer>;
  mychat_mls_group_process(group: RawMlsGroup, message: Bytes): Promise<RawReceived>;
  mychat_mls_group_propose(group: RawMlsGroup, proposal: Bytes, aad: Bytes, flags: number): Promise<Buffer>;
  mychat_mls_group_propose_update(group: RawMlsGroup, leaf: RawLeafOptions | null, aad: Bytes, flags: number): Promise<Buffer>;
  mychat_mls_group_waiting(group: RawMlsGroup): Promise<RawList<RawProposal>>;
  mychat_mls_group_drop_waiting(group: RawMlsGroup): Promise<void>;
  mychat_mls_group_commit(group: RawMlsGroup, options: RawCommitOptions): Promise<RawMlsCommit>;
  mychat_mls_group_apply(group: RawMlsGroup, commit: RawMlsCommit): Promise<void>;
  mychat_mls_group_reinitialise(
    options: RawMlsOptions, before: RawMlsGroup, leaf: RawLeafOptions, keyPackages: Bytes): Promise<RawMlsCommit>;
  mychat_mls_group_branch(
    options: RawMlsOptions, before: RawMlsGroup, leaf: RawLeafOptions, group: RawGroupOptions,
    keyPackages: Bytes): Promise<RawMlsCommit>;
  mychat_mls_group_save(group: RawMlsGroup): Promise<RawList<RawRecord>>;
  mychat_mls_group_take_changes(group: RawMlsGroup): Promise<RawList<RawRecord>>;
  mychat_mls_commit_message(commit: RawMlsCommit): Promise<Buffer>;
  mychat_mls_commit_welcome(commit: RawMlsCommit): Promise<Buffer>;
  mychat_mls_commit_summary(commit: RawMlsCommit): Promise<RawSummary>;
  mychat_mls_commit_save(commit: RawMlsCommit): Promise<RawList<RawRecord>>;
  mychat_mls_commit_group(commit: RawMlsCommit): Promise<RawMlsGroup>;

  mychat_js_is_application(message: Bytes): boolean;
  mychat_js_process_data(group: RawMlsGroup, message: Bytes): Promise<RawReceived>;
  mychat_js_free_key_package(freed: RawKeyPackage): void;
  mychat_js_free_group(freed: RawMlsGroup): void;
  mychat_js_free_commit(freed: RawMlsCommit): void;
  mychat_mls_credential_free(freed: RawCredential): void;
  mychat_mls_proposal_free(freed: RawProposal): void;
  mychat_mls_proposal_list_free(freed: RawList<RawProposal>): void;
  mychat_mls_message_free(freed: RawMlsMessage): void;
  mychat_mls_summary_free(freed: RawSummary): void;
  mychat_mls_group_state_free(freed: RawGroupState): void;
  mychat_mls_member_list_free(freed: RawList<RawMember>): void;
  mychat_mls_received_free(freed: RawReceived): void;
  mychat_mls_record_list_free(freed: RawList<RawRecord>): void;
}
