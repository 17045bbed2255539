// A group of clients of both kinds, and what must be true of it after each step.
import assert from "node:assert/strict"
import { OurClient } from "./peer.mjs"
import { text, TsClient } from "./ts_client.mjs"

export class World {
  members = []
  names = 0

  constructor(peer, suite, label) {
    this.peer = peer
    this.suite = suite
    this.label = label
  }
  client(kind) {
    const name = `${this.label}-${++this.names}@${kind}.example`
    return kind === "ours" ? OurClient.make(this.peer, this.suite, name) : TsClient.make(this.suite, name)
  }
  async found(kind, options) {
    const out = await this.client(kind)
    await out.create(options)
    this.members.push(out)
    return out
  }
  others(than) {
    return this.members.filter((member) => member !== than)
  }
  async leafOf(member) {
    return (await member.state()).leaf
  }

  async everybodyButOne(from, message, kind) {
    for (const member of this.others(from)) {
      try {
        assert.equal((await member.process(message)).kind, kind)
      } catch (error) {
        throw new Error(`a ${kind} of ${from?.kind ?? "somebody outside"}, read by ${member.kind}: ${error.message}`, { cause: error })
      }
    }
  }
  async propose(from, options) {
    const message = await from.propose(options)
    await this.everybodyButOne(from, message, "proposal")
  }

  // A commit of one, taken by all; newcomers join by its Welcome, and who was removed is no member any more.
  async commit(from, options = {}, newcomers = []) {
    const made = await from.commit(options)
    await this.everybodyButOne(from, made.commit, "commit")
    await from.apply()
    const tree = options.tree === false ? await from.tree() : undefined
    for (const newcomer of newcomers) await newcomer.join(made.welcome, { tree })
    this.members.push(...newcomers)
    await this.dropRemoved()
    await this.agree()
    return made
  }
  async dropRemoved() {
    const states = await Promise.all(this.members.map((member) => member.state()))
    this.gone = this.members.filter((_, i) => states[i].removed)
    this.members = this.members.filter((_, i) => !states[i].removed)
  }
  async add(from, kinds, options = {}) {
    const newcomers = await Promise.all(kinds.map((kind) => this.client(kind)))
    const adds = await Promise.all(newcomers.map(async (newcomer) => ({ add: await newcomer.publish() })))
    await this.commit(from, { ...options, proposals: [...adds, ...(options.proposals ?? [])] }, newcomers)
    return newcomers
  }
  async remove(from, who, options = {}) {
    await this.commit(from, { ...options, proposals: [{ remove: await this.leafOf(who) }] })
    assert.deepEqual(this.gone, [who])
  }

  // "replaces": whose leaf the joiner had before.
  async joinExternal(joiner, from, { replaces, tree = true } = {}) {
    const info = await from.groupInfo({ tree })
    const commit = await joiner.joinExternal(info, { replaces, tree: tree ? undefined : await from.tree() })
    this.members = this.others(joiner)
    await this.everybodyButOne(joiner, commit, "commit")
    this.members.push(joiner)
    await this.agree()
  }

  // Epoch, context, epoch authenticator, exporter, resumption secret and members are the same for all.
  async agree() {
    const states = []
    for (const member of this.members) {
      const { epoch, context, epoch_authenticator, exported, resumption_psk, members } = await member.state()
      states.push({ epoch, context, epoch_authenticator, exported, resumption_psk, members })
    }
    for (const [i, state] of states.entries()) {
      assert.deepEqual(state, states[0], `${this.members[i].kind} and ${this.members[0].kind} disagree`)
    }
    const keys = states[0].members.map((member) => member.signature_key)
    assert.equal(keys.length, this.members.length)
  }

  // Everybody says something to everybody.
  async talk() {
    for (const [i, from] of this.members.entries()) {
      const data = text(`Grüße von ${from.name}`)
      const message = await from.protect(data, { padding: [0, 1, 100, 1000][i % 4], authenticated_data: text(`${i}`) })
      await this.hear(from, message, data)
    }
  }
  async hear(from, message, data) {
    for (const to of this.others(from)) {
      const heard = await to.process(message)
      assert.equal(heard.kind, "application")
      assert.equal(heard.data, data)
    }
  }
}
