'use strict';
// After `npm install`: uses the prebuilt addon if it runs here; else builds it from sdk/ with CMake.
// MYCHAT_BUILD_FROM_SOURCE=1 builds in any case; MYCHAT_CMAKE_FLAGS is given to CMake.
const { spawnSync } = require('node:child_process');
const { copyFileSync, existsSync, mkdirSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');

const root = __dirname;

function prebuilt() {
  try {
    require('node-gyp-build')(root);
    return true;
  } catch (error) {
    console.error(`mychat: the prebuilt addon is of no use here (${String(error.message).split('\n')[0]})`);
    return false;
  }
}

function run(command, args) {
  const done = spawnSync(command, args, { stdio: 'inherit' });
  if (done.error || done.status !== 0) {
    console.error('mychat: cannot build the addon. It needs CMake, a C++20 compiler, and the libraries named in');
    console.error('mychat: sdk/bindings/node/README.md, section "Building".');
    process.exit(1);
  }
}

if (process.env.MYCHAT_BUILD_FROM_SOURCE || !prebuilt()) {
  const sdk = join(root, 'sdk');
  if (!existsSync(sdk)) process.exit(0); // In the project's own tree, CMake builds the addon.
  const build = join(root, 'build', 'cmake');
  const flags = (process.env.MYCHAT_CMAKE_FLAGS || '').split(' ').filter(Boolean);
  run('cmake', ['-S', sdk, '-B', build, '-DCMAKE_BUILD_TYPE=Release', '-DMYCHAT_BUILD_NODE=ON', '-DMYCHAT_BUILD_STATIC=ON',
    '-DMYCHAT_BUILD_SHARED=OFF', '-DMYCHAT_BUILD_TESTS=OFF', '-DMYCHAT_BUILD_SERVER=OFF', '-DMYCHAT_BUILD_EXAMPLES=OFF',
    '-DMYCHAT_INSTALL=OFF', `-DMYCHAT_NODE_PROGRAM=${process.execPath}`, '-DMYCHAT_NODE_STRIP=ON',
    `-DMYCHAT_NODE_GENERATED=${join(sdk, 'bindings', 'node', 'generated', 'mychat_napi.cpp')}`,
    `-DMYCHAT_NODE_ADDON_API=${require('node-addon-api').include_dir}`, ...flags]);
  run('cmake', ['--build', build, '--target', 'mychat_node', '-j', String(availableParallelism())]);
  mkdirSync(join(root, 'build', 'Release'), { recursive: true });
  copyFileSync(join(build, 'bindings', 'node', 'mychat.node'), join(root, 'build', 'Release', 'mychat.node'));
}
