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

/** One command of `majordomo`; a file of this folder each. */
export interface Command {
  name: string;
  summary: string;
  /** Flags in commander's form with their descriptions. */
  flags?: readonly (readonly [flags: string, description: string])[];
  /** The one argument that is no flag, in commander's form with its description. */
  argument?: readonly [name: string, description: string];
  /** Arguments that are not flags of ours are handed on as they are. */
  passArguments?: boolean;
  /** Runs it; resolves with the exit code. Errors thrown are shown as one message, exit code 1. */
  run: (context: CommandContext, given: { flags: Record<string, unknown>; args: string[] }) => Promise<number>;
}
