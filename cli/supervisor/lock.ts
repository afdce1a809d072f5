import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Stoppable } from './guard.ts';
import { identify, isSame } from './identity.mjs';

const identity = z.object({ pid: z.int().positive(), start: z.string(), command: z.string() });
const stoppable = identity.extend({ name: z.string(), signal: z.enum(['SIGTERM', 'SIGINT']), seconds: z.number() });
const houseFile = z.object({
  supervisor: identity,
  children: z.array(stoppable),
  /** 0 until there is a guard. */
  guardPid: z.int(),
  /** Where its parts are reached; for `status`. */
  addresses: z.record(z.string(), z.string()),
});

/** What the file in `run/` says about a house: its supervisor, its children in stop order. */
export type HouseRecord = z.infer<typeof houseFile>;

/** Another supervisor runs on this state folder. */
export class AlreadyRunning extends Error {
  override name = 'AlreadyRunning';
}

/** The lock of a state folder, held by this process. */
export interface HouseLock {
  /** Children that a killed supervisor left; to be stopped before anything starts. */
  leftovers: Stoppable[];
  update(record: Omit<HouseRecord, 'supervisor'>): void;
  release(): void;
}

/** Reads the record; undefined when there is none or it is not readable as one. */
export function readHouse(file: string): HouseRecord | undefined {
  const text = textOf(file);
  return text === undefined ? undefined : parseRecord(text);
}

/** The record of a house whose supervisor runs; undefined when none does. */
export function runningHouse(file: string): HouseRecord | undefined {
  const record = readHouse(file);
  return record !== undefined && isSame(record.supervisor) ? record : undefined;
}

function parseRecord(text: string): HouseRecord | undefined {
  try {
    return houseFile.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Takes the lock, or throws AlreadyRunning. A record whose supervisor is gone is taken over. */
export function takeHouse(file: string): HouseLock {
  const supervisor = identify(process.pid);
  if (supervisor === undefined) throw new Error('This process cannot see itself.');
  const own = `${file}.${process.pid}`;
  const write = (record: HouseRecord) => writeFileSync(own, JSON.stringify(record), { mode: 0o600 });
  const text = textOf(file);
  const before = text === undefined ? undefined : parseRecord(text);
  if (before !== undefined && isSame(before.supervisor)) throw refusal(before);
  if (text !== undefined) removeStale(file, text);
  const leftovers = (before?.children ?? []).filter(isSame);
  write({ supervisor, children: leftovers, guardPid: 0, addresses: {} });
  try {
    // A link appears with its whole content or not at all, and never over an existing file.
    linkSync(own, file);
  } catch {
    throw refusal(readHouse(file));
  } finally {
    rmSync(own);
  }
  let held = true;
  return {
    leftovers,
    update: (record) => {
      // The end of the last child may be seen after the release.
      if (!held) return;
      write({ supervisor, ...record });
      renameSync(own, file);
    },
    release: () => {
      held = false;
      rmSync(file, { force: true });
    },
  };
}

/** Moves a stale record aside; one that another start wrote in between gets back to its place. */
function removeStale(file: string, stale: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (textOf(aside) !== stale) linkSync(aside, file);
  rmSync(aside);
}

function refusal(record: HouseRecord | undefined): AlreadyRunning {
  const who =
    record === undefined ? 'another start' : `process ${record.supervisor.pid} (${record.supervisor.command})`;
  return new AlreadyRunning(`The house already runs on this state folder: ${who}. Stop it with: npx majordomo down`);
}
