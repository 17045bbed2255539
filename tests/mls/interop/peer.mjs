// Clients of our engine: mls-peer as a child, one line of JSON a command.
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

export class Peer {
  constructor(program) {
    this.child = spawn(program, [], { stdio: ["pipe", "pipe", "inherit"] })
    this.waiting = []
    createInterface({ input: this.child.stdout }).on("line", (line) => this.waiting.shift().resolve(JSON.parse(line)))
    this.child.on("exit", (code, signal) => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error(`mls-peer ended: ${signal ?? code}`))
    })
  }
  async ask(command) {
    const answer = await new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.child.stdin.write(JSON.stringify(command) + "\n")
    })
    if (answer.ok !== true) {
      const error = new Error(`mls-peer, ${command.do} of ${command.who}: ${answer.error} (rule ${answer.rule})`)
      error.rule = answer.rule
      throw error
    }
    return answer
  }
  end() {
    this.child.stdin.end()
  }
}

// The same interface as TsClient.
export class OurClient {
  kind = "ours"
  constructor(peer, name) {
    this.peer = peer
    this.name = name
  }
  // "as": what mls-peer calls it, where the name is not unique.
  static async make(peer, suite, name, as = name) {
    const out = new OurClient(peer, name)
    out.as = as
    out.signatureKey = (await out.ask("client", { suite, identity: name })).signature_key
    return out
  }
  ask(what, more = {}) {
    return this.peer.ask({ do: what, who: this.as, ...more })
  }
  async publish() {
    return (await this.ask("key_package")).message
  }
  create(options = {}) {
    return this.ask("create", options)
  }
  psk(id, secret) {
    return this.ask("psk", { id, secret })
  }
  join(welcome, options = {}) {
    return this.ask("join", { welcome, ...options, before: options.before?.as })
  }
  async joinExternal(groupInfo, options = {}) {
    return (await this.ask("join_external", { group_info: groupInfo, ...options })).commit
  }
  commit(options = {}) {
    return this.ask("commit", options)
  }
  apply() {
    return this.ask("apply")
  }
  async propose(options) {
    return (await this.ask("propose", options)).message
  }
  process(message) {
    return this.ask("process", { message })
  }
  async protect(data, options = {}) {
    return (await this.ask("protect", { data, ...options })).message
  }
  async groupInfo(options = {}) {
    return (await this.ask("group_info", options)).message
  }
  async tree() {
    return (await this.ask("tree")).tree
  }
  state() {
    return this.ask("state")
  }
  forgetProposals() {
    return this.ask("forget_proposals")
  }
  reload() {
    return this.ask("reload")
  }
  reinitialise(before, members) {
    return this.ask("reinitialise", { before: before.as, members })
  }
  branch(before, group_id, members) {
    return this.ask("branch", { before: before.as, group_id, members })
  }
}
