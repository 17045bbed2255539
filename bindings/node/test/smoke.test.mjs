import { test } from 'node:test';
import assert from 'node:assert/strict';
import { startNode } from 'mychat/testing';
test('smoke', async () => {
  await using_(await startNode(), async (node) => {
    console.log(node.url);
    const t0 = performance.now();
    const [alice, bob] = await Promise.all([node.user('alice'), node.user('bob')]);
    console.log('registered', performance.now() - t0, (await alice.account()).handle, alice);
    const got = new Promise((resolve) => bob.once('message', resolve));
    await alice.sendText('bob@localhost', 'Grüße 👩‍👩‍👧‍👦');
    const m = await got;
    assert.equal(m.text, 'Grüße 👩‍👩‍👧‍👦');
    console.log(m);
  });
});
async function using_(node, f) { try { await f(node); } finally { await node.stop(); } }
