// What members of both kinds do with each other. Each is played with the kinds in both places.
import assert from "node:assert/strict"
import { testExtension, text } from "./ts_client.mjs"

const other = { ours: "ts-mls", "ts-mls": "ours" }
const extension = (data) => ({ type: testExtension, data: text(data) })

export const scenarios = {
  async "create and add"(world, kind) {
    const first = await world.found(kind, { group_id: text("a group") })
    const [second] = await world.add(first, [other[kind]])
    await world.talk()
    for (const member of [second, first, second]) {
      await world.commit(member)
      await world.talk()
    }
  },

  async "four members"(world, kind) {
    const first = await world.found(kind)
    const [second] = await world.add(first, [other[kind]], { tree: false })
    const [third, fourth] = await world.add(second, [kind, other[kind]], { public: true })
    await world.talk()
    for (const member of [fourth, first, third, second]) await world.commit(member, { public: member === third })
    await world.talk()
    await world.remove(third, fourth)
    await world.talk()
    await world.remove(second, third, { public: true })
    const [fifth] = await world.add(first, [other[kind]])
    await world.commit(fifth)
    await world.talk()
  },

  async "proposals, private"(world, kind) {
    await proposals(world, kind, false)
  },
  async "proposals, public"(world, kind) {
    await proposals(world, kind, true)
  },

  async "pre-shared keys"(world, kind) {
    const first = await world.found(kind)
    const [second] = await world.add(first, [other[kind]])
    const [third] = await world.add(first, [other[kind]])
    const know = async (client) => {
      for (const name of ["one", "two"]) await client.psk(text(name), text(`secret of ${name}`))
    }
    for (const member of world.members) await know(member)
    await world.commit(first, { proposals: [{ psk: { id: text("one") } }] })
    await world.commit(second, { proposals: [{ psk: { id: text("two") } }, { psk: { id: text("one") } }], public: true })
    const { epoch } = await first.state()
    await world.propose(third, { proposal: { psk: { epoch } } })
    await world.commit(first, { proposals: [{ psk: { id: text("one") } }, { psk: { epoch: epoch - 1 } }] })
    // Who joins with a key from outside.
    for (const from of [first, second]) {
      const newcomers = [await world.client(kind), await world.client(other[kind])]
      const list = []
      for (const newcomer of newcomers) {
        await know(newcomer)
        list.push({ add: await newcomer.publish() })
      }
      await world.commit(from, { proposals: [...list, { psk: { id: text("two") } }, { psk: { id: text("one") } }] }, newcomers)
    }
    await world.talk()
  },

  async "external join"(world, kind) {
    const first = await world.found(kind)
    const joiner = await world.client(other[kind])
    await world.joinExternal(joiner, first)
    await world.talk()
    const second = await world.client(kind)
    await world.joinExternal(second, joiner, { tree: false })
    await world.talk()
    // Comes back, with a hole in the tree before.
    const [gone] = await world.add(first, [kind])
    await world.add(first, [other[kind]])
    await world.remove(joiner, gone)
    for (const back of [joiner, second]) {
      await world.joinExternal(back, first, { replaces: await world.leafOf(back) })
      await world.talk()
    }
    for (const member of [first, joiner, second]) await world.commit(member)
    await world.talk()
  },

  async "context extensions"(world, kind) {
    const required = { type: 3, data: "02f0f1" + "00" + "020001" }
    const first = await world.found(kind, { extensions: [extension("in the beginning"), required] })
    const [ours, theirs, third] = await world.add(first, ["ours", "ts-mls", "ours"])
    // FAULT: ts-mls makes no path for a commit of extensions, which section 17.4 demands, so that it proposes only.
    await world.commit(ours, { proposals: [{ extensions: [required, extension("then")] }] })
    await world.propose(theirs, { proposal: { extensions: [extension("after that"), required] } })
    await world.commit(ours, { proposals: [{ remove: await world.leafOf(third) }] })
    await world.add(theirs, [kind, other[kind]])
    await world.talk()
  },

  async "order of messages"(world, kind) {
    const first = await world.found(kind)
    const [second] = await world.add(first, [other[kind]])
    await world.add(second, [kind])
    const sent = []
    for (let i = 0; i < 6; ++i) sent.push(await first.protect(text(`${i}`), { padding: i * 50 }))
    for (const i of [3, 0, 5, 1]) await world.hear(first, sent[i], text(`${i}`))
    for (const member of world.others(first)) await assert.rejects(async () => member.process(sent[3]))
    await world.commit(second)
    const late = await second.protect("", { padding: 7 })
    await world.commit(first)
    // Of two epochs ago and of the last one.
    for (const i of [4, 2]) await world.hear(first, sent[i], text(`${i}`))
    await world.hear(second, late, "")
    await world.hear(first, await first.protect("ab".repeat(70000)), "ab".repeat(70000))
    await world.talk()
  },

  async "a proposal that was not heard of"(world, kind) {
    const first = await world.found(kind)
    const [second, third] = await world.add(first, [other[kind], kind])
    const lost = await second.propose({ update: true })
    await third.process(lost)
    const made = await third.commit()
    const before = await first.state()
    await assert.rejects(async () => first.process(made.commit))
    assert.equal((await first.state()).epoch_authenticator, before.epoch_authenticator)
    await first.process(lost)
    await world.everybodyButOne(third, made.commit, "commit")
    await third.apply()
    await world.agree()
  },

  async "reinit"(world, kind) {
    const first = await world.found(kind)
    const [second] = await world.add(first, [other[kind]])
    const reinit = { group_id: text("the next"), suite: world.suite, extensions: [extension("new")] }
    const made = await first.commit({ proposals: [{ reinit }] })
    await second.process(made.commit)
    await first.apply()
    assert.equal((await first.state()).active, false)
    assert.equal((await second.state()).active, false)
    await follow(world, first, second, (founder, members) => founder.reinitialise(first, members))
  },
  async "reinit from another suite"(world, kind) {
    const next = world.suite
    world.suite = next === 1 ? 3 : 1
    const first = await world.found(kind)
    const [second] = await world.add(first, [other[kind]])
    await world.talk()
    const made = await second.commit({ proposals: [{ reinit: { group_id: text("the next"), suite: next, extensions: [] } }] })
    await first.process(made.commit)
    await second.apply()
    world.suite = next
    await follow(world, first, second, (founder, members) => founder.reinitialise(first, members))
  },
  async "branch"(world, kind) {
    const first = await world.found(kind)
    const [second] = await world.add(first, [other[kind]])
    await world.commit(second)
    await follow(world, first, second, (founder, members) => founder.branch(first, text("a branch"), members))
  },

  async "proposals from outside"(world, kind) {
    const first = await world.found(kind)
    await world.add(first, ["ours", "ts-mls"])
    const newcomer = await world.client("ts-mls")
    await world.everybodyButOne(undefined, await newcomer.proposeJoin(await first.groupInfo()), "proposal")
    await world.commit(first, {}, [newcomer])
    await world.talk()
    // FAULT: ts-mls takes the extension external_senders for one sender where section 12.1.8.1 has a list, so that its
    // members read none of these; but it can be the sender.
    world.members = []
    const [delivery, another] = [await world.client("ts-mls"), await world.client("ts-mls")]
    const senders = [another, delivery].map(({ signatureKey, name }) => ({ key: signatureKey, name: text(name) }))
    const list = opaque(senders.map(({ key, name }) => opaque(key) + "0001" + opaque(name)).join(""))
    const founder = await world.found("ours", { extensions: [{ type: 5, data: list }] })
    const [removed] = await world.add(founder, ["ours", "ours"])
    const proposal = { remove: await world.leafOf(removed) }
    const message = await delivery.proposeFromOutside(await founder.groupInfo(), proposal, 1)
    await world.everybodyButOne(undefined, message, "proposal")
    await world.commit(founder)
    assert.deepEqual(world.gone, [removed])
  },

  async "new signature keys of ours"(world, kind) {
    const first = await world.found(kind)
    const [ours, theirs] = await world.add(first, ["ours", "ts-mls"])
    await world.commit(ours, { new_signature_key: true })
    await world.talk()
    await world.propose(ours, { update: true, new_signature_key: true })
    await world.commit(theirs)
    await world.talk()
    await world.commit(ours)
  },
}

// Proposals of both kinds, committed by both kinds.
async function proposals(world, kind, open) {
  const first = await world.found(kind)
  const [second, third, fourth] = await world.add(first, [other[kind], kind, other[kind]], { public: open })
  await world.propose(second, { update: true, public: open })
  await world.propose(third, { update: true, public: open })
  await world.commit(first, { public: open })
  await world.talk()

  const newcomers = []
  for (const [from, added] of [[first, kind], [second, kind], [third, other[kind]]]) {
    const newcomer = await world.client(added)
    await world.propose(from, { proposal: { add: await newcomer.publish() }, public: open, authenticated_data: text("see") })
    newcomers.push(newcomer)
  }
  await world.propose(fourth, { update: true, public: open })
  await world.commit(second, { public: open }, newcomers)
  await world.talk()

  // One asks to be removed, one is proposed for it by another.
  await world.propose(fourth, { proposal: { remove: await world.leafOf(fourth) }, public: open })
  await world.propose(second, { proposal: { remove: await world.leafOf(third) }, public: open })
  await world.propose(newcomers[0], { update: true, public: open })
  // By reference and by value in one commit.
  await world.commit(newcomers[2], { proposals: [{ remove: await world.leafOf(newcomers[1]) }], public: open })
  assert.equal(world.gone.length, 3)
  await world.talk()
  await world.commit(first)
  await world.talk()
}

// The new group of reinit and branch: with clients of the same credentials.
async function follow(world, first, second, found) {
  const [founder, member] = [await again(world, first), await again(world, second)]
  const { welcome } = await found(founder, [await member.publish()])
  await member.join(welcome, { before: second, tree: await founder.tree() })
  world.members = [founder, member]
  await world.agree()
  await world.talk()
  await world.commit(member)
}

// Another client with the credential of that one.
async function again(world, of) {
  return of.constructor.name === "OurClient"
    ? of.constructor.make(world.peer, world.suite, of.name, `${of.name}/again`)
    : of.constructor.make(world.suite, of.name)
}

function opaque(data) {
  const size = data.length / 2
  const head = size < 64 ? [size] : [0x40 | (size >> 8), size & 0xff]
  return Buffer.from(head).toString("hex") + data
}
