// memory.mjs STORE: by how many megabytes the process grows while 100 messages of 4 MB are refused.
import { Client } from 'mychat';

const client = await Client.create({ store: process.argv[2], passphrase: 'p' });
const data = Buffer.alloc(4_000_000, 1);
const send = () => client.send({ recipient: 'bela@localhost', data }).catch((error) => {
  if (error.status !== 'invalidState') throw error;
});
await send();
const before = process.memoryUsage().rss;
for (let index = 0; index < 100; ++index) await send();
console.log(Math.round((process.memoryUsage().rss - before) / 1e6));
await client.close();
