// A v1 client as browsers run it: WebCrypto, and a ZIP reader of its own. Reads from the folder given what the library
// wrote, and answers with an envelope.
//   node v1_browser.mjs FOLDER   (backup.zip, password.txt, envelope.json → answer.json)
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const subtle = globalThis.crypto.subtle;
const folder = process.argv[2];
const bytesOf = (base64) => new Uint8Array(Buffer.from(base64, 'base64'));
const base64Of = (buffer) => Buffer.from(buffer).toString('base64');

// The members of an archive by name, through its central directory.
function unzip(buffer) {
  const end = buffer.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('no end record');
  const members = new Map();
  let at = buffer.readUInt32LE(end + 16);
  for (let left = buffer.readUInt16LE(end + 10); left > 0; --left) {
    if (buffer.readUInt32LE(at) !== 0x02014b50) throw new Error('bad central header');
    const method = buffer.readUInt16LE(at + 10);
    const packed = buffer.readUInt32LE(at + 20);
    const size = buffer.readUInt32LE(at + 24);
    const nameSize = buffer.readUInt16LE(at + 28);
    const name = buffer.toString('utf8', at + 46, at + 46 + nameSize);
    const local = buffer.readUInt32LE(at + 42);
    const start = local + 30 + buffer.readUInt16LE(local + 26) + buffer.readUInt16LE(local + 28);
    const raw = buffer.subarray(start, start + packed);
    if (method !== 8) throw new Error(`${name} is not deflated`);
    const content = inflateRawSync(raw);
    if (content.length !== size) throw new Error(`${name} has a wrong size`);
    members.set(name, content);
    at += 46 + nameSize + buffer.readUInt16LE(at + 30) + buffer.readUInt16LE(at + 32);
  }
  return members;
}

async function openMember(members, name, type, password) {
  const json = JSON.parse(members.get(name).toString('utf8'));
  if (json.type !== type || json.version !== '1.0' || json.algorithm !== 'AES-256-GCM') throw new Error(name);
  const base = await subtle.importKey('raw', new TextEncoder().encode(password), 'PBKDF2', false, ['deriveKey']);
  const key = await subtle.deriveKey(
      { name: 'PBKDF2', salt: bytesOf(json.salt), iterations: 100000, hash: 'SHA-256' }, base,
      { name: 'AES-GCM', length: 256 }, false, ['decrypt']);
  const plain = await subtle.decrypt({ name: 'AES-GCM', iv: bytesOf(json.iv) }, key, bytesOf(json.encrypted));
  return new TextDecoder('utf-8', { fatal: true }).decode(plain);
}

const rsa = { name: 'RSA-OAEP', hash: 'SHA-256' };
const password = readFileSync(join(folder, 'password.txt'), 'utf8');
const members = unzip(readFileSync(join(folder, 'backup.zip')));
const privateText = await openMember(members, 'private_key.json', 'mychat_encrypted_private_key', password);
const publicText = await openMember(members, 'public_key.json', 'mychat_encrypted_public_key', password);
const privateKey = await subtle.importKey('jwk', JSON.parse(privateText), rsa, true, ['decrypt']);
const publicKey = await subtle.importKey('jwk', JSON.parse(publicText), rsa, true, ['encrypt']);

const envelope = JSON.parse(readFileSync(join(folder, 'envelope.json'), 'utf8'));
const rawKey = await subtle.decrypt({ name: 'RSA-OAEP' }, privateKey, bytesOf(envelope.encrypted_key));
const opened = await subtle.decrypt({ name: 'AES-GCM', iv: bytesOf(envelope.iv) },
    await subtle.importKey('raw', rawKey, 'AES-GCM', false, ['decrypt']), bytesOf(envelope.encrypted_content));

const aes = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
const iv = globalThis.crypto.getRandomValues(new Uint8Array(12));
const reply = new TextEncoder().encode('Antwort aus dem Browser — ✓');
const answer = {
  opened: new TextDecoder('utf-8', { fatal: true }).decode(opened),
  private_pretty_same: JSON.stringify(await subtle.exportKey('jwk', privateKey), Object.keys(JSON.parse(privateText)), 2)
      === privateText,
  public_members: Object.keys(JSON.parse(publicText)),
  spki: base64Of(await subtle.exportKey('spki', publicKey)),
  encrypted_content: base64Of(await subtle.encrypt({ name: 'AES-GCM', iv }, aes, reply)),
  encrypted_key: base64Of(await subtle.encrypt({ name: 'RSA-OAEP' }, publicKey, await subtle.exportKey('raw', aes))),
  iv: base64Of(iv),
};
writeFileSync(join(folder, 'answer.json'), JSON.stringify(answer));
