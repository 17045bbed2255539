// Our X-Wing beside two that have nothing in common with it: that of @hpke/hybridkem-x-wing, which ts-mls uses, with the
// ML-KEM of the package mlkem, and that of @noble/post-quantum.
import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { XWing as Hpke } from "@hpke/hybridkem-x-wing"
import { XWing as noble } from "@noble/post-quantum/hybrid.js"
import { bytes, hex } from "./ts_client.mjs"

const hpke = new Hpke()
const random = (size) => hex(randomBytes(size))
const buffer = (text) => bytes(text).buffer

// Each has: derive (a private key's public one), encapsulate (from 64 octets) and decapsulate.
const others = {
  "@hpke": {
    async derive(key) {
      return hex(await hpke.serializePublicKey((await hpke.generateKeyPairDerand(bytes(key))).publicKey))
    },
    async encapsulate(key, ephemeral) {
      const recipientPublicKey = await hpke.deserializePublicKey(buffer(key))
      const { sharedSecret, enc } = await hpke.encap({ recipientPublicKey, ekm: buffer(ephemeral) })
      return { kem_output: hex(enc), secret: hex(sharedSecret) }
    },
    async decapsulate(key, output) {
      const recipientKey = await hpke.deserializePrivateKey(buffer(key))
      return hex(await hpke.decap({ recipientKey, enc: buffer(output) }))
    },
  },
  "@noble": {
    async derive(key) {
      return hex(noble.keygen(bytes(key)).publicKey)
    },
    async encapsulate(key, ephemeral) {
      const { sharedSecret, cipherText } = noble.encapsulate(bytes(key), bytes(ephemeral))
      return { kem_output: hex(cipherText), secret: hex(sharedSecret) }
    },
    async decapsulate(key, output) {
      return hex(noble.decapsulate(bytes(output), bytes(key)))
    },
  },
}

export async function kems(peer, suite, rounds = 25) {
  const ask = (what, more) => peer.ask({ do: what, who: "", suite, ...more })
  for (let round = 0; round < rounds; ++round) {
    const material = random(round === 0 ? 32 : 64)
    const pair = await ask("kem_derive", { material })
    // DeriveKeyPair from any material; @noble has no such function.
    const derived = await hpke.deriveKeyPair(buffer(material))
    assert.equal(pair.private_key, hex(await hpke.serializePrivateKey(derived.privateKey)))
    const ephemeral = random(64)
    const made = await ask("kem_encapsulate", { public_key: pair.public_key, ephemeral })
    const changed = bytes(made.kem_output)
    changed[round * 40] ^= 1 << (round % 8)
    const rejected = await ask("kem_decapsulate", { private_key: pair.private_key, kem_output: hex(changed) })
    assert.notEqual(rejected.secret, made.secret)
    for (const [name, other] of Object.entries(others)) {
      assert.equal(await other.derive(pair.private_key), pair.public_key, `${name}: the public key`)
      assert.deepEqual(await other.encapsulate(pair.public_key, ephemeral), { kem_output: made.kem_output, secret: made.secret },
        `${name}: encapsulation`)
      assert.equal(await other.decapsulate(pair.private_key, made.kem_output), made.secret, `${name}: decapsulation`)
      assert.equal(await other.decapsulate(pair.private_key, hex(changed)), rejected.secret, `${name}: a changed ciphertext`)
      // To a key of theirs, and back.
      const key = random(32)
      const theirs = await other.encapsulate(await other.derive(key), random(64))
      const opened = await ask("kem_decapsulate", { private_key: key, kem_output: theirs.kem_output })
      assert.equal(opened.secret, theirs.secret, `${name}: decapsulated by ours`)
    }
  }
  return `${rounds} keys each`
}
