// Which OpenSSLs are in this process, after both did something.
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildInfo, Client } from 'mychat';

const folder = mkdtempSync(join(tmpdir(), 'mychat-versions-'));
const client = await Client.create({ store: join(folder, 'a.mychat'), passphrase: 'größe' });
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signature = sign(null, Buffer.from('Grüße'), privateKey);
const tls = verify(null, Buffer.from('Grüße'), publicKey, signature) && createHash('sha256').update('x').digest('hex').startsWith('2d711642')
  && (await client.checkStore()).healthy;
await client.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ build: buildInfo(), openssl: process.versions.openssl, tls: tls ? 'ok' : 'broken' }));
