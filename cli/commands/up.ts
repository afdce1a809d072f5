import { readFile } from 'node:fs/promises';
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
  const readKey = async () => (await readFile(file, 'utf8').catch(() => undefined))?.trim();
  const knownKey = await readKey();
  let { say } = context;
  await runHouse({
    config,
    env: context.env,
    say: (line) => say(line),
    services,
    serve: async (signal) => {
      const key = await readKey();
      // Without a terminal the output may be kept, by a journal for example: there the key is not shown.
      const fresh = terminal !== undefined && knownKey === undefined ? key : undefined;
      context.out(panel(config, { file, fresh }));
      if (terminal === undefined) return untilAborted(signal);
      const onOpen = (print: typeof say) => void (say = print);
      try {
        await runConsole({ address: apiAddress(config), key: key ?? '', ...terminal, signal, onOpen });
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

export const upCommand: Command = {
  name: 'up',
  summary: 'start the house, with a console on a terminal, and serve until Ctrl-C',
  run: (context) => {
    const { stdin: input, stdout: output } = process;
    return up({ ...context, terminal: input.isTTY && output.isTTY ? { input, output } : undefined });
  },
};
