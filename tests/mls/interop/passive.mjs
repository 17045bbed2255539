// Sessions that our engine made, read by ts-mls from their bytes alone.
import { execFileSync } from "node:child_process"
import * as mls from "ts-mls"
import { bytes, cipherSuite, decodeMessage, decodeTree, hex, passable } from "./ts_client.mjs"

async function replay(session, cs) {
  const psks = Object.fromEntries(
    session.external_psks.map(({ psk_id, psk }) => [mls.bytesToBase64(bytes(psk_id)), bytes(psk)]))
  const same = (state, wanted, where) => {
    const got = hex(state.keySchedule.epochAuthenticator)
    if (got !== wanted) throw new Error(`${where}: the epoch authenticators differ`)
  }
  let state = await mls.joinGroup(
    decodeMessage(session.welcome, "mls_welcome").welcome,
    decodeMessage(session.key_package, "mls_key_package").keyPackage,
    {
      initPrivateKey: bytes(session.init_priv), hpkePrivateKey: bytes(session.encryption_priv),
      signaturePrivateKey: bytes(session.signature_priv),
    },
    mls.makePskIndex(undefined, psks), cs,
    session.ratchet_tree === null ? undefined : passable(decodeTree(session.ratchet_tree)),
  )
  same(state, session.initial_epoch_authenticator, "Welcome")
  for (const [number, epoch] of session.epochs.entries()) {
    for (const message of [...epoch.proposals, epoch.commit]) {
      const decoded = decodeMessage(message)
      const index = mls.makePskIndex(state, psks)
      const result = decoded.wireformat === "mls_public_message"
        ? await mls.processPublicMessage(state, decoded.publicMessage, index, cs)
        : await mls.processPrivateMessage(state, decoded.privateMessage, index, cs)
      state = result.newState
    }
    same(state, epoch.epoch_authenticator, `epoch ${number}`)
  }
  return session.epochs.length
}

export async function passive(program, suite, seed, sessions) {
  const made = JSON.parse(execFileSync(program, ["passive", suite, seed, sessions].map(String), { maxBuffer: 1 << 30 }))
  const cs = await cipherSuite(suite)
  const failures = []
  let epochs = 0
  for (const [number, session] of made.entries()) {
    try {
      epochs += await replay(session, cs)
    } catch (error) {
      failures.push(`session ${number} of seed ${seed}: ${error.stack}`)
    }
  }
  return { sessions: made.length, epochs, failures }
}
