// interop.mjs PEER [--suites 1,2] [--scenario NAME] [--seed N] [--sessions N] [--random N]: our engine (mls-peer) and
// ts-mls as members of the same groups. Prints what passed, and exits with 1 when anything disagrees. --sessions: how many
// sessions of our vectors ts-mls reads, --random: how many random groups of both there are, a suite.
import { execFile } from "node:child_process"
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import * as mls from "ts-mls"
import { kems } from "./kem.mjs"
import { passive } from "./passive.mjs"
import { Peer } from "./peer.mjs"
import { randomSession } from "./random.mjs"
import { scenarios } from "./scenarios.mjs"
import { faults, hybridSuite } from "./ts_client.mjs"
import { World } from "./world.mjs"

const { values: options, positionals: [program] } = parseArgs({
  allowPositionals: true,
  options: {
    suites: { type: "string" }, scenario: { type: "string" }, seed: { type: "string", default: "1" },
    sessions: { type: "string", default: "20" }, random: { type: "string", default: "2" },
  },
})
const seed = Number(options.seed)
const sessions = Number(options.sessions)
const randoms = Number(options.random)

const peer = new Peer(program)
const ours = (await peer.ask({ do: "suites", who: "" })).suites
const theirs = Object.values(mls.ciphersuites)
const common = ours.filter((suite) => theirs.includes(suite))
console.log(`Suites of ours: ${ours}; of ts-mls 1.6.4: ${theirs}; common: ${common}`)
if (common.length === 0) process.exit(1)
if (options.suites === undefined && !ours.includes(hybridSuite)) console.log(`SKIPPED: suite ${hybridSuite}, the OpenSSL of mls-peer has no ML-KEM`)
const suites = options.suites === undefined ? common : options.suites.split(",").map(Number)

// Several suites: each in a process of its own, as many at a time as there are processors.
if (suites.length > 1) {
  peer.end()
  const began = performance.now()
  const failed = []
  const left = [...suites].sort((a, b) => b - a)
  const run = (suite) => new Promise((resolve) => {
    const args = [process.argv[1], program, "--suites", suite, ...["seed", "sessions", "random", "scenario"].flatMap((name) =>
      options[name] === undefined ? [] : [`--${name}`, options[name]])]
    execFile(process.execPath, args.map(String), { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      console.log(`\n${stdout.split("\n").slice(1).join("\n")}${stderr}`)
      if (error) failed.push(suite)
      resolve()
    })
  })
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, async () => {
    while (left.length !== 0) await run(left.shift())
  }))
  const took = Math.round((performance.now() - began) / 1000)
  console.log(`${suites.length} suites in ${took} s: ${failed.length === 0 ? "all agree" : `FAILED: ${failed}`}`)
  process.exit(failed.length === 0 ? 0 : 1)
}

const table = {}
const failures = []
let checks = 0
async function check(row, suite, run) {
  if (options.scenario !== undefined && !row.includes(options.scenario)) return
  const began = performance.now()
  let result
  try {
    const said = await run()
    result = said ?? `${Math.round(performance.now() - began)} ms`
  } catch (error) {
    result = "FAILED"
    failures.push(`suite ${suite}, ${row}:\n${error.stack}${error.cause ? `\n  because of ${error.cause.stack}` : ""}`)
  }
  ++checks
  ;(table[row] ??= {})[suite] = result
}

const began = performance.now()
const seconds = () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6
for (const suite of suites) {
  const before = { clock: performance.now(), cpu: seconds(), checks, failed: failures.length }
  for (const [name, play] of Object.entries(scenarios)) {
    for (const kind of ["ours", "ts-mls"]) {
      await check(`${name} (${kind} begins)`, suite, () => play(new World(peer, suite, `${name}-${kind}-${suite}`), kind))
    }
  }
  if (suite === hybridSuite) await check("X-Wing of @hpke and @noble", suite, () => kems(peer, suite))
  await check("random groups of both", suite, async () => {
    const start = performance.now()
    let epochs = 0
    for (let i = 0; i < randoms; ++i) {
      const number = seed * 1000 + i
      try {
        epochs += await randomSession(new World(peer, suite, `random-${suite}-${number}`), number)
      } catch (error) {
        throw new Error(`session of seed ${number}: ${error.message}`, { cause: error })
      }
    }
    return `${epochs} epochs, ${Math.round(performance.now() - start)} ms`
  })
  await check("ts-mls reads our vectors", suite, async () => {
    const start = performance.now()
    const result = await passive(program, suite, seed, sessions)
    if (result.failures.length !== 0) throw new Error(result.failures.join("\n"))
    return `${result.sessions} with ${result.epochs} epochs, ${Math.round(performance.now() - start)} ms`
  })
  console.log(`Suite ${suite}: ${checks - before.checks} checks, ${failures.length - before.failed} failed, ` +
    `${Math.round((performance.now() - before.clock) / 1000)} s, of which ts-mls computed ${Math.round(seconds() - before.cpu)} s`)
}
peer.end()

for (const [row, results] of Object.entries(table)) {
  console.log(`${row.padEnd(52)} ${Object.entries(results).map(([suite, result]) => `${suite}: ${result}`).join("; ")}`)
}
for (const failure of failures) console.error(`\nFAILED ${failure}`)
console.log(`Trees with unmerged leaves that ts-mls refuses though they are good, and was helped with: ${faults.unmerged}`)
console.log(`${checks} checks, ${failures.length} failed, ${Math.round((performance.now() - began) / 1000)} s`)
process.exit(failures.length === 0 ? 0 : 1)
