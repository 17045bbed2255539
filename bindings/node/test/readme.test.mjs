// Every snippet of README.md is run, against a node: only the address, the domain and the place of stores are changed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startNode } from 'mychat/testing';

const here = fileURLToPath(new URL('..', import.meta.url));
const snippets = [...readFileSync(join(here, 'README.md'), 'utf8').matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code);
let node;
before(async () => (node = await startNode({ flags: [] })));
after(() => node.stop());

test('there are snippets', () => assert.ok(snippets.length >= 8));

for (const [index, code] of snippets.entries())
  test(`snippet ${index + 1}: ${code.split('\n').at(-2)}`, async () => {
    const folder = join(node.folder, `snippet${index}`);
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    symlinkSync(here, join(folder, 'node_modules/mychat'));
    const name = `s${index}_${process.pid}`;
    const text = code.replaceAll('https://chat.example.org', node.url).replaceAll('chat.example.org', 'localhost')
      .replaceAll("username: 'anna'", `username: '${name}'`).replaceAll("username: 'echo'", `username: '${name}'`);
    // What goes on for ever is ended from outside once everything above was done.
    const ending = /client\.close|node\.stop/.test(code) ? '' : "\nconsole.log('<done>');";
    writeFileSync(join(folder, 'snippet.mjs'), text + ending);
    const child = spawn(process.execPath, ['snippet.mjs'], { cwd: folder, env: { ...process.env, NODE_TEST_CONTEXT: '' } });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (more) => {
        out += more;
        if (ending && out.includes('<done>')) child.kill('SIGTERM');
      });
    const [exit, signal] = await new Promise((resolve) => child.once('close', (...ended) => resolve(ended)));
    assert.ok(exit === 0 || (ending && signal === 'SIGTERM' && out.includes('<done>')), `${exit} ${signal}\n${out}`);
    assert.ok(!/^\s+at .*snippet\.mjs/m.test(out), out);
  });
