import type { Config } from '../config.ts';

/** What every command gets. */
export interface CommandContext {
  /** Parsed on first use, so that `doctor` can report what is wrong with it. Throws ConfigInvalid. */
  config: () => Config;
  env: NodeJS.ProcessEnv;
  /** One line of the answer, to stdout. */
  out: (line: string) => void;
  /** One line of progress, to stderr. */
  say: (line: string) => void;
}

/** It was called in a way that it does not know; the message says what to write. Exit code 2. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

/** The flag of every command that programs may read. */
export const jsonFlag = ['--json', 'answer with one JSON document on stdout; all else goes to stderr'] as const;

/** One command of `majordomo`; a file of this folder each. */
export interface Command {
  name: string;
  summary: string;
  /** Arguments in commander's form, such as `<id>`, `[chain]`, `<text...>`, with their descriptions. */
  takes?: readonly (readonly [argument: string, description: string])[];
  /** Flags in commander's form with their descriptions. */
  flags?: readonly (readonly [flags: string, description: string])[];
  /** Arguments that are not flags of ours are handed on as they are. */
  passArguments?: boolean;
  /** Runs it; resolves with the exit code. Errors thrown are shown as one message, exit code 1; WrongUsage 2. */
  run: (context: CommandContext, given: { flags: Record<string, unknown>; args: string[] }) => Promise<number>;
}

/** Commands under one name, such as `keys list` and `keys create`. */
export interface CommandGroup {
  name: string;
  summary: string;
  commands: readonly Command[];
}
