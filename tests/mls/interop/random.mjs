// Groups of both kinds in which whatever is possible happens, as a seed says.
import assert from "node:assert/strict"
import { testExtension, text } from "./ts_client.mjs"

function generator(seed) {
  let state = seed >>> 0
  const next = () => { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const below = (bound) => next() % bound
  return { below, chance: (percent) => below(100) < percent, pick: (list) => list[below(list.length)] }
}

const mostMembers = 9

export async function randomSession(world, seed) {
  const { below, chance, pick } = generator(seed)
  const kind = () => pick(["ours", "ts-mls"])
  const psk = { id: text("a key"), secret: text("its secret") }
  const newClient = async () => {
    const out = await world.client(kind())
    await out.psk(psk.id, psk.secret)
    return out
  }
  // FAULT: where the left half of the tree is empty, the root is in nobody's filtered path; ts-mls derives the commit
  // secret as if it were (section 7.4). So the first member stays.
  const first = await world.found(kind())
  await first.psk(psk.id, psk.secret)

  const steps = 10 + below(6)
  for (let step = 0; step < steps; ++step) {
    const newcomers = []
    const touched = new Set([first])
    let hasExtensions = false
    const something = async (committer) => {
      const size = world.members.length + newcomers.length
      switch (below(8)) {
        case 0: case 1: case 2: {
          if (size >= mostMembers) return undefined
          const newcomer = await newClient()
          newcomers.push(newcomer)
          return { add: await newcomer.publish() }
        }
        case 3: case 4: {
          const leaver = pick(world.members)
          if (size < 4 || touched.has(leaver) || leaver === committer) return undefined
          touched.add(leaver)
          return { remove: await world.leafOf(leaver) }
        }
        case 5: case 6:
          return { psk: { id: psk.id } }
        default:
          if (hasExtensions) return undefined
          hasExtensions = true
          return { extensions: [{ type: testExtension, data: text(`step ${step}`) }] }
      }
    }

    if (world.members.length < mostMembers && chance(12)) {
      const joiner = await newClient()
      await world.joinExternal(joiner, pick(world.members), { tree: false })
      continue
    }
    if (world.members.length > 1 && chance(8)) {
      const joiner = pick(world.others(first))
      await world.joinExternal(joiner, pick(world.others(joiner)), { tree: false, replaces: await world.leafOf(joiner) })
      continue
    }

    const committer = pick(world.members)
    touched.add(committer)
    for (let i = below(5); i > 0; --i) {
      const proposer = pick(world.members)
      const open = chance(50)
      if (chance(40)) {
        if (proposer !== first && touched.has(proposer)) continue
        if (proposer === committer) continue
        if (proposer === first && touched.has("the first updates")) continue
        touched.add(proposer === first ? "the first updates" : proposer)
        await world.propose(proposer, { update: true, public: open })
      } else {
        const proposal = await something(committer)
        if (proposal !== undefined) await world.propose(proposer, { proposal, public: open })
      }
    }
    const proposals = []
    for (let i = below(3); i > 0; --i) {
      const proposal = await something(committer)
      if (proposal !== undefined) proposals.push(proposal)
    }
    // FAULT: ts-mls makes no path for context extensions, or seals one under the old ones (section 12.4.1).
    const by = hasExtensions && committer.kind !== "ours" ? undefined : committer
    if (by === undefined) {
      const stand_in = world.members.find((member) => member.kind === "ours" && !touched.has(member))
      // Nobody may commit this: all of it is forgotten.
      if (stand_in === undefined) {
        for (const member of world.members) await member.forgetProposals()
        continue
      }
      await world.commit(stand_in, { proposals, tree: false, public: chance(50), path: chance(50) }, newcomers)
    } else {
      await world.commit(by, { proposals, tree: false, public: chance(50), path: chance(50) }, newcomers)
    }

    if (chance(40)) {
      const from = pick(world.members)
      const sent = []
      for (let i = 0; i < 3; ++i) {
        const data = text(`${step}.${i}`)
        sent.push([data, await from.protect(data, { padding: below(300) })])
      }
      for (const [data, message] of chance(50) ? sent.reverse() : sent) await world.hear(from, message, data)
    }
    if (chance(20)) for (const member of world.members) await member.reload?.()
  }
  await world.talk()
  const { epoch } = await first.state()
  assert.ok(epoch > 0)
  return epoch
}
