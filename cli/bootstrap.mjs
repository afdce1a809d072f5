#!/usr/bin/env node
/**
 * The first thing that runs on a fresh clone: checks Node, installs the locked dependencies when they are not those of
 * the lock file, and hands over to main.ts in this same process, so that signals reach it. Only node: imports here.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const wantedNode = [20, 20];
const saySeconds = 5;
const root = fileURLToPath(new URL('..', import.meta.url));

requireNode();
if (!isInstalled() && !(await oneAtATime(install))) process.exit(1);
const { register } = await import('tsx/esm/api');
register();
await import('./main.ts');

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > wantedNode[0] || (major === wantedNode[0] && minor >= wantedNode[1])) return;
  console.error(
    `Majordomo needs Node ${wantedNode.join('.')} or newer; this is ${process.version}. Get one from https://nodejs.org`,
  );
  process.exit(1);
}

/** Whether node_modules holds what the lock file says: npm writes its own lock there when it has finished. */
function isInstalled() {
  try {
    const packagesIn = (file) => JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
    const installed = packagesIn('node_modules/.package-lock.json');
    return Object.entries(packagesIn('package-lock.json')).every(([path, { optional, version, integrity }]) => {
      const found = installed[path];
      if (path === '' || (found === undefined && optional)) return true;
      return found?.version === version && found?.integrity === integrity;
    });
  } catch {
    return false;
  }
}

async function install() {
  if (isInstalled()) return true;
  console.error('Installing the locked dependencies …');
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const onTerminal = process.stderr.isTTY;
  const ticker = setInterval(
    () => onTerminal || console.error(`  still installing, ${seconds()} s`),
    saySeconds * 1000,
  );
  const code = await new Promise((resolve) => {
    const npm = spawn('npm', ['ci', '--include=dev'], { cwd: root, stdio: ['ignore', 2, 2] });
    npm.once('error', () => resolve('npm could not be run'));
    npm.once('close', resolve);
  });
  clearInterval(ticker);
  if (code !== 0) {
    console.error(`The dependencies could not be installed (${code}). Check the network, then start again.`);
    return false;
  }
  console.error(`Installed in ${seconds()} s`);
  return true;
}

/** Runs `work` while no other start from this folder does; waits for one that does. */
async function oneAtATime(work) {
  const name = createHash('sha256').update(`${root} ${process.getuid?.()}`).digest('hex').slice(0, 16);
  const lock = join(tmpdir(), `majordomo-install-${name}`);
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid), { mode: 0o600 });
  let told = false;
  while (!take(own, lock)) {
    if (!told) console.error('Waiting for another start, which installs the dependencies …');
    told = true;
    await wait(200);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
    rmSync(own, { force: true });
  }
}

/** A link appears with its content or not at all; a holder that is gone loses the lock. */
function take(own, lock) {
  try {
    linkSync(own, lock);
    return true;
  } catch {
    if (!isHeld(lock)) removeStale(lock, `${own}.stale`);
    return false;
  }
}

function isHeld(lock) {
  try {
    return process.kill(Number(readFileSync(lock, 'utf8')), 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Moves a dead holder's lock aside; one that another start took in between gets back to its place. */
function removeStale(lock, aside) {
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  if (isHeld(aside)) linkSync(aside, lock);
  rmSync(aside);
}
