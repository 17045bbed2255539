// A client of ts-mls with the interface of OurClient. ts-mls 1.6.4 departs from RFC 9420 in places; what is done
// here about each of them is marked FAULT and said there.
import { p256, p384, p521 } from "@noble/curves/nist.js"
import * as mls from "ts-mls"
import { encode } from "ts-mls/codec/tlsEncoder.js"
import { groupContextEncoder } from "ts-mls/groupContext.js"
import { signLeafNodeCommit } from "ts-mls/leafNode.js"
import { protectExternalProposalPublic } from "ts-mls/messageProtectionPublic.js"
import { decodeRatchetTree, ratchetTreeEncoder } from "ts-mls/ratchetTree.js"
import { directPath, isLeaf, leafToNodeIndex, leafWidth } from "ts-mls/treemath.js"

export const testExtension = 0xf0f1

export const hex = (bytes) => Buffer.from(bytes).toString("hex")
export const bytes = (text) => new Uint8Array(Buffer.from(text ?? "", "hex"))
export const text = (words) => hex(Buffer.from(words))

// ts-mls 1 has the suite with X-Wing under the number 83, which is IANA's to assign; ts-mls 2 as our engine under 0xf00d,
// of the range for private use. It is the same suite.
export const hybridSuite = 0xf00d
const hybridName = "MLS_256_XWING_AES256GCM_SHA512_Ed25519"
const hybrid = mls.getCiphersuiteFromName(hybridName)
mls.ciphersuites[hybridName] = hybridSuite

const suiteNames = new Map(Object.entries(mls.ciphersuites).map(([name, id]) => [id, name]))
export const suiteName = (id) => suiteNames.get(id)
export const cipherSuite = (id) =>
  mls.getCiphersuiteImpl(id === hybridSuite ? hybrid : mls.getCiphersuiteFromName(suiteNames.get(id)))

export function decodeMessage(message, wireformat) {
  const input = bytes(message)
  const decoded = mls.decodeMlsMessage(input, 0)
  if (decoded === undefined || decoded[1] !== input.length) throw new Error("ts-mls cannot decode the message")
  if (wireformat !== undefined && decoded[0].wireformat !== wireformat) {
    throw new Error(`expected ${wireformat}, not ${decoded[0].wireformat}`)
  }
  // What it encodes again must be what came.
  if (hex(mls.encodeMlsMessage(decoded[0])) !== message) throw new Error("ts-mls encodes the message otherwise")
  return decoded[0]
}

export function decodeTree(tree) {
  return decodeRatchetTree(bytes(tree), 0)[0]
}

// FAULT: ts-mls wants every ancestor of an unmerged leaf to have the same unmerged leaves. Section 12.4.3.1 asks
// less: the leaf must be in the lists of those between the leaf and the parent that lists it. Whether ts-mls would refuse
// a good tree for that:
function refusesUnmerged(tree) {
  return tree.some((node, index) =>
    (node?.nodeType === "parent" ? node.parent.unmergedLeaves : []).some((leaf) =>
      directPath(leafToNodeIndex(leaf), leafWidth(tree.length)).some(
        (above) => tree[above] !== undefined && String(tree[above].parent.unmergedLeaves) !== String(node.parent.unmergedLeaves),
      ),
    ),
  )
}
export const faults = { unmerged: 0 }
// The tree as it passes: its first walk, which is that of validateRatchetTree(), sees no unmerged leaves. Hashes, by
// which the unmerged leaves count, are of the true tree.
export function passable(tree) {
  if (!refusesUnmerged(tree)) return tree
  ++faults.unmerged
  tree.entries = function () {
    delete tree.entries
    return tree
      .map((node) => (node?.nodeType === "parent" ? { ...node, parent: { ...node.parent, unmergedLeaves: [] } } : node))
      .entries()
  }
  return tree
}

// FAULT: ts-mls has the bare key in the extension external_pub; section 12.4.3.2 has a struct there whose field is an
// HPKEPublicKey, that is opaque<V>, with its size before it. These bring the size in and out.
function withSize(key) {
  return key.length < 64 ? new Uint8Array([key.length, ...key])
    : new Uint8Array([0x40 | (key.length >> 8), key.length & 0xff, ...key])
}
const keySizes = { 1: 32, 2: 65, 3: 32, 4: 56, 5: 133, 6: 56, 7: 97, [hybridSuite]: 1216 }
function withoutSize(key, suite) {
  if (key.length === keySizes[suite]) return key // Whatever its first octet is.
  const small = key[0] < 64 && key.length === key[0] + 1
  const large = key[0] >> 6 === 1 && key.length === (((key[0] & 0x3f) << 8) | key[1]) + 2
  return small ? key.subarray(1) : large ? key.subarray(2) : key
}
const writesSize = (cs) => ({
  ...cs, hpke: { ...cs.hpke, exportPublicKey: async (key) => withSize(await cs.hpke.exportPublicKey(key)) },
})
const readsSize = (cs, suite) => ({
  ...cs, hpke: { ...cs.hpke, importPublicKey: (key) => cs.hpke.importPublicKey(withoutSize(key, suite)) },
})

const extensionsOf = (list = []) =>
  list.map(({ type, data }) => ({
    extensionType: Object.keys(mls.defaultExtensionTypes).find((name) => mls.defaultExtensionTypes[name] === type) ?? type,
    extensionData: bytes(data),
  }))

export class TsClient {
  kind = "ts-mls"
  packages = []
  psks = {}
  updates = new Map()
  padding = { kind: "padUntilLength", padUntilLength: 256 }

  static async make(suite, name) {
    const out = new TsClient()
    out.suite = suite
    out.cs = await cipherSuite(suite)
    out.name = name
    out.signer = await out.cs.signature.keygen()
    // FAULT: ts-mls makes compressed points of ECDSA's public keys; section 5.1.1 has uncompressed ones.
    const curve = { 2: p256, 5: p521, 7: p384 }[suite]
    if (curve !== undefined) out.signer.publicKey = curve.getPublicKey(out.signer.signKey, false)
    out.signatureKey = hex(out.signer.publicKey)
    return out
  }
  get config() {
    return {
      keyRetentionConfig: mls.defaultKeyRetentionConfig,
      lifetimeConfig: { maximumTotalLifetime: 90n * 86400n, validateLifetimeOnReceive: true },
      keyPackageEqualityConfig: mls.defaultKeyPackageEqualityConfig,
      paddingConfig: this.padding,
      authService: mls.defaultAuthenticationService,
    }
  }
  get credential() {
    return { credentialType: "basic", identity: new TextEncoder().encode(this.name) }
  }

  async package() {
    const now = BigInt(Math.floor(Date.now() / 1000))
    const capabilities = mls.defaultCapabilities() // With GREASE.
    const made = await mls.generateKeyPackageWithKey(
      this.credential,
      { ...capabilities, extensions: [...capabilities.extensions, testExtension] },
      { notBefore: now - 60n, notAfter: now + 30n * 86400n },
      [],
      this.signer,
      this.cs,
    )
    this.packages.push(made)
    return made
  }
  async publish() {
    const { publicPackage } = await this.package()
    return hex(mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: publicPackage }))
  }

  async create({ group_id, extensions } = {}) {
    const made = await this.package()
    this.group = await mls.createGroup(
      group_id ? bytes(group_id) : this.cs.rng.randomBytes(16), made.publicPackage, made.privatePackage,
      extensionsOf(extensions), this.cs, this.config,
    )
  }
  psk(id, secret) {
    this.psks[mls.bytesToBase64(bytes(id))] = bytes(secret)
  }
  get pskIndex() {
    return mls.makePskIndex(this.group, this.psks)
  }

  async join(welcome, { tree, before } = {}) {
    const message = decodeMessage(welcome, "mls_welcome")
    let problem
    for (const made of this.packages) {
      try {
        this.group = await mls.joinGroup(
          message.welcome, made.publicPackage, made.privatePackage, mls.makePskIndex(before?.group, this.psks), this.cs,
          tree === undefined ? undefined : passable(decodeTree(tree)), before?.group, this.config,
        )
        return
      } catch (error) {
        if (problem === undefined || error.message !== "No matching secret found") problem = error
      }
    }
    throw problem
  }

  async joinExternal(groupInfo, { replaces, tree } = {}) {
    const info = decodeMessage(groupInfo, "mls_group_info").groupInfo
    const made = await this.package()
    const { publicMessage, newState } = await mls.joinGroupExternal(
      info, made.publicPackage, made.privatePackage, replaces !== undefined, readsSize(this.cs, this.suite),
      tree === undefined ? undefined : passable(decodeTree(tree)), this.config,
    )
    this.group = newState
    return hex(mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage }))
  }

  async groupInfo({ tree = true } = {}) {
    const make = tree ? mls.createGroupInfoWithExternalPubAndRatchetTree : mls.createGroupInfoWithExternalPub
    const groupInfo = await make(this.group, [], writesSize(this.cs))
    return hex(mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo }))
  }
  tree() {
    return hex(encode(ratchetTreeEncoder)(this.group.ratchetTree))
  }

  proposal(given) {
    if (given.add !== undefined) {
      return { proposalType: "add", add: { keyPackage: decodeMessage(given.add, "mls_key_package").keyPackage } }
    }
    if (given.remove !== undefined) return { proposalType: "remove", remove: { removed: given.remove } }
    if (given.extensions !== undefined) {
      return {
        proposalType: "group_context_extensions",
        groupContextExtensions: { extensions: extensionsOf(given.extensions) },
      }
    }
    if (given.reinit !== undefined) {
      const { group_id, suite, extensions } = given.reinit
      return {
        proposalType: "reinit",
        reinit: { groupId: bytes(group_id), version: "mls10", cipherSuite: suiteName(suite), extensions: extensionsOf(extensions) },
      }
    }
    const pskNonce = this.cs.rng.randomBytes(this.cs.kdf.size)
    const preSharedKeyId = given.psk.epoch === undefined
      ? { psktype: "external", pskId: bytes(given.psk.id), pskNonce }
      : {
        psktype: "resumption", usage: "application", pskGroupId: this.group.groupContext.groupId,
        pskEpoch: BigInt(given.psk.epoch), pskNonce,
      }
    return { proposalType: "psk", psk: { preSharedKeyId } }
  }

  get leaf() {
    return Number(this.group.privatePath.leafIndex)
  }
  get ownNode() {
    return this.group.ratchetTree[leafToNodeIndex(this.leaf)].leaf
  }

  // ts-mls has no function that makes an Update.
  async updateProposal() {
    const keys = await this.cs.hpke.generateKeyPair()
    const hpkePublicKey = await this.cs.hpke.exportPublicKey(keys.publicKey)
    const own = this.ownNode
    const leafNode = await signLeafNodeCommit({
      leafNodeSource: "update", hpkePublicKey, extensions: own.extensions, capabilities: own.capabilities,
      credential: own.credential, signaturePublicKey: own.signaturePublicKey,
      groupId: this.group.groupContext.groupId, leafIndex: this.leaf,
    }, this.group.signaturePrivateKey, this.cs.signature)
    this.updates.set(hex(hpkePublicKey), await this.cs.hpke.exportPrivateKey(keys.privateKey))
    return { proposalType: "update", update: { leafNode } }
  }

  async propose({ update, proposal, public: open = false, authenticated_data }) {
    const made = update ? await this.updateProposal() : this.proposal(proposal)
    this.group = { ...this.group, clientConfig: this.config }
    const { newState, message } = await mls.createProposal(this.group, open, made, this.cs, bytes(authenticated_data))
    this.group = newState
    return hex(mls.encodeMlsMessage(message))
  }

  // What this client does not commit itself: an own Update, and its own removal. ts-mls takes up whatever waits.
  committable() {
    return Object.fromEntries(Object.entries(this.group.unappliedProposals).filter(([, { proposal, senderLeafIndex }]) =>
      !(proposal.proposalType === "update" && senderLeafIndex === this.leaf) &&
      !(proposal.proposalType === "remove" && proposal.remove.removed === this.leaf)))
  }
  async commit({ proposals = [], public: open = false, tree = true, authenticated_data } = {}) {
    const state = { ...this.group, unappliedProposals: this.committable(), clientConfig: this.config }
    const result = await mls.createCommit(
      { state, cipherSuite: this.cs, pskIndex: this.pskIndex },
      {
        wireAsPublicMessage: open, extraProposals: proposals.map((given) => this.proposal(given)),
        ratchetTreeExtension: tree, authenticatedData: bytes(authenticated_data),
      },
    )
    this.pending = result.newState
    const welcome = result.welcome && { version: "mls10", wireformat: "mls_welcome", welcome: result.welcome }
    return {
      commit: hex(mls.encodeMlsMessage(result.commit)),
      welcome: welcome && hex(mls.encodeMlsMessage(welcome)),
    }
  }
  apply() {
    this.group = this.pending
    this.pending = undefined
    this.updates.clear()
  }

  forgetProposals() {
    this.group = { ...this.group, unappliedProposals: {} }
    this.updates.clear()
  }

  async process(message) {
    const decoded = decodeMessage(message)
    let commit = false
    let removed = false
    const callback = (incoming) => {
      commit = incoming.kind === "commit"
      // FAULT: ts-mls does not see that it is removed where the same commit adds somebody, who gets its leaf.
      const types = commit ? incoming.proposals.map(({ proposal }) => proposal) : []
      removed = types.some((proposal) => proposal.proposalType === "add") &&
        types.some((proposal) => proposal.proposalType === "remove" && proposal.remove.removed === this.leaf)
      if (removed) return "reject"
      // FAULT: ts-mls does not know the key of an own Update that somebody commits: it is put where it looks.
      for (const { proposal, senderLeafIndex } of commit ? incoming.proposals : []) {
        if (proposal.proposalType !== "update" || senderLeafIndex !== this.leaf) continue
        const key = this.updates.get(hex(proposal.update.leafNode.hpkePublicKey))
        this.group.privatePath.privateKeys[leafToNodeIndex(this.leaf)] = key
      }
      return "accept"
    }
    // FAULT: processMessage() forgets the pre-shared keys where the message is private.
    const result = decoded.wireformat === "mls_public_message"
      ? await mls.processPublicMessage(this.group, decoded.publicMessage, this.pskIndex, this.cs, callback)
      : await mls.processPrivateMessage(this.group, decoded.privateMessage, this.pskIndex, this.cs, callback)
    this.group = removed ? { ...result.newState, groupActiveState: { kind: "removedFromGroup" } } : result.newState
    if (result.kind === "applicationMessage") return { kind: "application", data: hex(result.message) }
    if (commit) {
      this.updates.clear()
      this.pending = undefined
    }
    return { kind: commit ? "commit" : "proposal" }
  }

  async protect(data, { padding = 0, authenticated_data } = {}) {
    const clientConfig = { ...this.config, paddingConfig: { kind: "alwaysPad", paddingLength: padding } }
    const { newState, privateMessage } = await mls.createApplicationMessage(
      { ...this.group, clientConfig }, bytes(data), this.cs, bytes(authenticated_data))
    this.group = newState
    return hex(mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage }))
  }

  async state() {
    const { groupContext, keySchedule, groupActiveState, ratchetTree } = this.group
    return {
      active: groupActiveState.kind === "active",
      removed: groupActiveState.kind === "removedFromGroup",
      epoch: Number(groupContext.epoch),
      leaf: this.leaf,
      waiting: Object.keys(this.group.unappliedProposals).length,
      context: hex(encode(groupContextEncoder)(groupContext)),
      epoch_authenticator: hex(keySchedule.epochAuthenticator),
      exported: hex(await mls.mlsExporter(keySchedule.exporterSecret, "interop", Buffer.from("context"), 37, this.cs)),
      resumption_psk: hex(keySchedule.resumptionPsk),
      members: ratchetTree.flatMap((node, index) => isLeaf(index) && node !== undefined
        ? [{ leaf: index / 2, identity: Buffer.from(node.leaf.credential.identity).toString(), signature_key: hex(node.leaf.signaturePublicKey) }]
        : []),
    }
  }

  // An Add of itself by somebody outside, and what an external sender proposes.
  async proposeJoin(groupInfo) {
    const { publicPackage, privatePackage } = await this.package()
    const info = decodeMessage(groupInfo, "mls_group_info").groupInfo
    return hex(mls.encodeMlsMessage(await mls.proposeAddExternal(info, publicPackage, privatePackage, this.cs)))
  }
  // FAULT: proposeExternal() takes the extension external_senders for one sender; section 12.1.8.1 has a list there.
  async proposeFromOutside(groupInfo, proposal, senderIndex) {
    const info = decodeMessage(groupInfo, "mls_group_info").groupInfo
    const { publicMessage } = await protectExternalProposalPublic(
      this.signer.signKey, info.groupContext, new Uint8Array(), this.proposal(proposal),
      { senderType: "external", senderIndex }, this.cs)
    return hex(mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage }))
  }

  async reinitialise(before, members) {
    const { groupId, cipherSuite: suite, extensions } = before.group.groupActiveState.reinit
    const made = await this.package()
    return this.found(await mls.reinitCreateNewGroup(
      before.group, made.publicPackage, made.privatePackage,
      members.map((member) => decodeMessage(member, "mls_key_package").keyPackage), groupId, suite, extensions,
      { getCiphersuiteImpl: async () => this.cs }))
  }
  async branch(before, group_id, members) {
    const made = await this.package()
    return this.found(await mls.branchGroup(
      before.group, made.publicPackage, made.privatePackage,
      members.map((member) => decodeMessage(member, "mls_key_package").keyPackage), bytes(group_id), this.cs))
  }
  found({ newState, welcome }) {
    this.group = newState
    return { welcome: hex(mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome })) }
  }
}
