import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { firstKeyPath } from '../../adapters/first-key.ts';
import { runConsole } from '../console/console.ts';
import { panel } from '../panel.ts';
import { runHouse, untilAborted } from '../run-house.ts';
import { apiAddress } from '../supervisor/house.ts';
import type { HouseOptions } from '../supervisor/house.ts';
import type { Command, CommandContext } from './command.ts';

export interface UpOptions extends CommandContext {
  /** Where the console channel opens; without it the house only serves. */
  terminal?: { input: Readable; output: Writable } | undefined;
  /** Worker and api, unless told otherwise. */
  services?: HouseOptions['services'];
}

/** Runs the house until a signal, or the end of its console, stops it; resolves with the exit code. */
export async function up({ terminal, services, ...context }: UpOptions): Promise<number> {
  const config = context.config();
  const file = firstKeyPath(config.home.root);
  const knownKey = keyIn(file);
  let { say } = context;
  await runHouse({
    config,
    env: context.env,
    say: (line) => say(line),
    services,
    serve: async (signal) => {
      const key = keyIn(file);
      // Without a terminal the output may be kept, by a journal for example: there the key is not shown.
      const fresh = terminal !== undefined && knownKey === undefined ? key : undefined;
      context.out(panel(config, { file, fresh }));
      if (terminal === undefined) return untilAborted(signal);
      const onOpen = (print: typeof say) => void (say = print);
      try {
        await runConsole({ address: apiAddress(config), key: () => keyIn(file) ?? '', ...terminal, signal, onOpen });
      } catch (error) {
        context.say(
          `The console is closed, the house serves on: ${error instanceof Error ? error.message : String(error)}`,
        );
        await untilAborted(signal);
      } finally {
        say = context.say;
      }
    },
  });
  return 0;
}

function keyIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

export const upCommand: Command = {
  name: 'up',
  summary: 'start the house, with a console on a terminal, and serve until Ctrl-C',
  run: (context) => {
    const { stdin: input, stdout: output } = process;
    return up({ ...context, terminal: input.isTTY && output.isTTY ? { input, output } : undefined });
  },
};
