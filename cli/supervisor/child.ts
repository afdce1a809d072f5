import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { identify } from './identity.mjs';
import type { Stoppable } from './guard.ts';

/** What is to run, as data. */
export interface ChildSpec {
  name: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** Unprivileged account, when the supervisor is root and the child must not be. */
  account?: { uid: number; gid: number } | undefined;
  signal: 'SIGTERM' | 'SIGINT';
  /** Seconds after `signal` until SIGKILL. */
  stopSeconds: number;
  /** Seconds for which an end before it serves is not final; 0 by default. */
  patienceSeconds?: number;
  /** Rejects as long as the process with this pid does not serve. */
  probe: (pid: number) => Promise<unknown>;
}

export interface ChildOptions {
  logFile: string;
  say: (line: string) => void;
  /** Called with the process when it starts and with undefined when it ends. */
  changed: (current: Stoppable | undefined) => void;
  /** Milliseconds before the first and at most before a later restart. */
  backoff?: { firstMs: number; mostMs: number };
}

export interface Child {
  name: string;
  /** The running process, if there is one. */
  current(): Stoppable | undefined;
  /** How often it had to be started again. */
  restarts(): number;
  /** From now on its end is final. */
  letGo(): void;
}

/** A child ended before it served, or did not serve in time; the message carries the end of its log. */
export class ChildFailed extends Error {
  override name = 'ChildFailed';
}

const readyWithinMs = 60_000;
const pollMs = 40;
const steadyAfterMs = 30_000;
const defaultBackoff = { firstMs: 200, mostMs: 10_000 };

/** Starts a child, waits until it serves, and from then on starts it again whenever it ends. Throws ChildFailed. */
export async function keepRunning(spec: ChildSpec, options: ChildOptions): Promise<Child> {
  const { firstMs, mostMs } = options.backoff ?? defaultBackoff;
  let kept = false;
  let current: Stoppable | undefined;
  let restarts = 0;
  let pauseMs = firstMs;
  let timer: NodeJS.Timeout | undefined;

  const launch = (): ChildProcess => {
    const child = spawnLogged(spec, options.logFile);
    const startedAt = Date.now();
    current = stoppable(spec, child);
    options.changed(current);
    child.once('exit', (code, signal) => {
      current = undefined;
      options.changed(undefined);
      if (!kept) return;
      if (Date.now() - startedAt > steadyAfterMs) pauseMs = firstMs;
      options.say(`${spec.name} ended (${signal ?? `code ${code}`}); it starts again in ${pauseMs / 1000} s`);
      timer = setTimeout(relaunch, pauseMs);
      pauseMs = Math.min(pauseMs * 2, mostMs);
    });
    return child;
  };
  const relaunch = (): void => {
    restarts += 1;
    served(spec, launch(), options.logFile).then(
      () => options.say(`${spec.name} serves again`),
      (error: Error) => options.say(error.message),
    );
  };

  const patience = Date.now() + (spec.patienceSeconds ?? 0) * 1000;
  for (;;) {
    try {
      await served(spec, launch(), options.logFile);
      break;
    } catch (error) {
      if (Date.now() > patience) throw error;
      await wait(firstMs);
    }
  }
  kept = true;
  return {
    name: spec.name,
    current: () => current,
    restarts: () => restarts,
    letGo: () => {
      kept = false;
      clearTimeout(timer);
    },
  };
}

function spawnLogged(spec: ChildSpec, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    // A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which keeps the order of stopping.
    return spawn(spec.command, spec.args, {
      env: spec.env,
      cwd: spec.cwd,
      ...spec.account,
      detached: true,
      stdio: ['pipe', log, log],
    });
  } finally {
    closeSync(log);
  }
}

function stoppable(spec: ChildSpec, child: ChildProcess): Stoppable | undefined {
  const seen = child.pid === undefined ? undefined : identify(child.pid);
  return seen && { ...seen, name: spec.name, signal: spec.signal, seconds: spec.stopSeconds };
}

/** Resolves when the probe passes; rejects when the process ends first or the time is over. */
async function served(spec: ChildSpec, child: ChildProcess, logFile: string): Promise<void> {
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = `could not be started: ${error.message}`;
  });
  child.once('exit', (code, signal) => {
    failure = `ended (${signal ?? `code ${code}`}) before it served`;
  });
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const passed = await spec.probe(child.pid ?? 0).then(
      () => true,
      () => false,
    );
    if (failure !== undefined) throw new ChildFailed(`${spec.name} ${failure}\n${endOfLog(logFile)}`);
    if (passed) return;
    if (Date.now() > deadline) throw new ChildFailed(`${spec.name} did not serve within 60 s\n${endOfLog(logFile)}`);
    await wait(pollMs);
  }
}

function endOfLog(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8);
  return [`The end of ${logFile}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}
