import { readFileSync } from 'node:fs';
import { firstKeyPath } from '../adapters/first-key.ts';
import { createClient, type HouseClient, HouseRefused, HouseUnreachable } from '../client/index.ts';
import type { CommandContext } from './commands/command.ts';
import { WrongUsage } from './commands/command.ts';
import { refusal } from './console/words.ts';
import { houseFileOf } from './supervisor/house.ts';
import { runningHouse } from './supervisor/lock.ts';

/** The house cannot be asked; the message says what to do. */
export class NoHouse extends Error {
  override readonly name = 'NoHouse';
}

/** Where a house is and what opens it. */
export interface Reach {
  address: string;
  key: string;
  /** The file that the key came from; null when the environment gave it. */
  keyFile: string | null;
}

/**
 * The house of the state folder, if it runs; or, with MAJORDOMO_URL and MAJORDOMO_API_KEY, one on any machine.
 * Throws NoHouse or WrongUsage.
 */
export function reachHouse({ config, env }: Pick<CommandContext, 'config' | 'env'>): Reach {
  const key = env['MAJORDOMO_API_KEY'] || undefined;
  const elsewhere = env['MAJORDOMO_URL'];
  if (elsewhere) {
    if (!URL.canParse(elsewhere) || !/^https?:$/.test(new URL(elsewhere).protocol)) {
      throw new WrongUsage('MAJORDOMO_URL must be the address of a house, such as https://house.example.');
    }
    if (key === undefined)
      throw new WrongUsage('MAJORDOMO_URL is set, so set MAJORDOMO_API_KEY to a key of that house.');
    return { address: elsewhere.replace(/\/+$/, ''), key, keyFile: null };
  }
  const address = runningHouse(houseFileOf(config()))?.addresses['api'];
  if (address === undefined) throw new NoHouse('The house does not run. Start it with: npm start');
  if (key !== undefined) return { address, key, keyFile: null };
  const keyFile = firstKeyPath(config().home.root);
  return { address, key: keyIn(keyFile), keyFile };
}

function keyIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new NoHouse(`There is no API key in ${file}. A new one is made by: npx majordomo keys recover`);
  }
}

/** What a command that asks the house works with. */
export interface Asking extends Reach {
  house: HouseClient;
}

/**
 * Runs a command's work against the house and resolves with its exit code. What the house refuses is told in its words
 * and, with `--json`, as its problem document. Throws NoHouse, WrongUsage.
 */
export async function ask(
  context: CommandContext,
  { json }: { json: boolean },
  work: (asking: Asking) => Promise<number>,
): Promise<number> {
  const reach = reachHouse(context);
  if (isOpenToOthers(reach.address)) context.say('The key goes to another machine unencrypted: give the house TLS.');
  try {
    return await work({ ...reach, house: createClient(reach) });
  } catch (error) {
    if (error instanceof HouseUnreachable) throw new NoHouse(`${error.message} Is it up? npx majordomo status`);
    if (!(error instanceof HouseRefused)) throw error;
    if (json) context.out(JSON.stringify(error.problem));
    context.say([refusal(error.problem), ...adviceOn(error, reach)].join(' '));
    return 1;
  }
}

const isOpenToOthers = (address: string): boolean => {
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
};

function adviceOn({ problem }: HouseRefused, { keyFile }: Reach): string[] {
  if (problem.status === 401) {
    return [
      keyFile === null
        ? 'Set MAJORDOMO_API_KEY to a key that the house knows.'
        : `The key came from ${keyFile}; a new one is made by: npx majordomo keys recover`,
    ];
  }
  return problem.retry_after === undefined ? [] : [`Try again in ${problem.retry_after} s.`];
}
