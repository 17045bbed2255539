// Starts a node, says where it is, and is killed.
import { readdirSync, readFileSync } from 'node:fs';
import { startNode } from 'mychat/testing';

const node = await startNode();
await node.client();
const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(process.pid);
  } catch {
    return false;
  }
});
if (children.length !== 1) throw new Error(`children: ${children}`);
process.stdout.write(JSON.stringify({ pid: Number(children[0]), folder: node.folder }), () => process.kill(process.pid, 'SIGKILL'));
