import readline from 'node:readline';
import type { Interface } from 'node:readline/promises';
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';

/** The place where lines come in and texts go out. */
export interface Screen {
  /** Whether a person sits before it, with colours and a prompt. */
  readonly isTerminal: boolean;
  /** Writes a text above what is being typed. */
  print: (text: string) => void;
  /** Called with every line that was entered. */
  onLine: (listener: (line: string) => void) => void;
  /** Resolves when the input has ended, by its end or Ctrl-C, or when it was closed. */
  readonly closed: Promise<void>;
  close: () => void;
}

const prompt = '› ';

/** Opens a screen on two streams; on a terminal with a prompt that texts do not disturb. */
export function openScreen({ input, output }: { input: Readable; output: Writable }): Screen {
  const isTerminal = 'isTTY' in output && output.isTTY === true;
  const lines = createInterface({ input, output, terminal: isTerminal, prompt });
  // A terminal that was closed cannot be set back; that is an end, not a failure.
  lines.on('error', () => {});
  let hasPrompt = isTerminal;
  const closed = new Promise<void>((resolve) => {
    lines.once('close', () => {
      // What follows is not to stand behind a half-written line.
      if (hasPrompt) output.write('\n');
      hasPrompt = false;
      resolve();
    });
  });
  if (hasPrompt) lines.prompt();
  return {
    isTerminal,
    print: (text) => (hasPrompt ? printAbove(lines, output, text) : void output.write(`${text}\n`)),
    onLine: (listener) =>
      void lines.on('line', (line) => {
        listener(line);
        if (hasPrompt) lines.prompt();
      }),
    closed,
    close: () => lines.close(),
  };
}

function printAbove(lines: Interface, output: Writable, text: string): void {
  const { rows } = lines.getCursorPos();
  readline.moveCursor(output, 0, -rows);
  readline.cursorTo(output, 0);
  readline.clearScreenDown(output);
  // The prompt is drawn again as many rows further up as the cursor was below its beginning.
  output.write(`${text}\n${'\n'.repeat(rows)}`);
  lines.prompt(true);
}
