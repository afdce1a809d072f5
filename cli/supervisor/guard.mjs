/**
 * The guard: holds the supervisor's pipe and stops the children at its end, in the order of the last list it got.
 * A list is one line of JSON: [{ name, pid, start, signal, seconds }]. It is how an orderly stop works too, so the
 * path that matters after a SIGKILL of the supervisor is walked at every stop.
 */
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { isSame } from './identity.mjs';

const pollMs = 20;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

let children = [];
for await (const line of createInterface({ input: process.stdin })) children = JSON.parse(line);
for (const child of children) await stop(child);

async function stop(child) {
  if (!isSame(child)) return;
  send(child.pid, child.signal);
  const deadline = Date.now() + child.seconds * 1000;
  while (isSame(child)) {
    if (Date.now() > deadline) {
      // The whole group: a child that does not end may have helpers of its own.
      send(-child.pid, 'SIGKILL');
      return;
    }
    await wait(pollMs);
  }
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}
