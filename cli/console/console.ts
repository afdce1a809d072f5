import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import colors from 'picocolors';
import { createClient, HouseRefused } from '../../client/index.ts';
import { createCommands } from './commands.ts';
import { createFeed } from './feed.ts';
import { parseLine } from './line.ts';
import { createLink } from './link.ts';
import { createQuestions } from './questions.ts';
import { openScreen } from './screen.ts';
import { help, refusal, welcome } from './words.ts';

export interface ConsoleOptions {
  /** The API's address without a slash at its end. */
  address: string;
  /** Asked at every request: the key may be rotated while the console is open. */
  key: () => string;
  input: Readable;
  output: Writable;
  /** Closes the console. */
  signal: AbortSignal;
  /** Called once the console listens, with a way to write above its prompt. */
  onOpen?: (print: (text: string) => void) => void;
}

/** Milliseconds that lines which are not sent yet have when the owner leaves. */
const lastLinesMs = 2_000;
/** How the house calls the chat of this channel. */
const conversation = 'console';

/**
 * The console channel: what is written goes to the house, what the house says is shown. Resolves when the owner leaves
 * or the signal comes; throws what makes going on useless, such as a key that the house refuses.
 */
export async function runConsole({ address, key, input, output, signal, onOpen }: ConsoleOptions): Promise<void> {
  const screen = openScreen({ input, output });
  const ending = new AbortController();
  const over = AbortSignal.any([signal, ending.signal]);
  const paint = colors.createColors(screen.isTerminal && colors.isColorSupported);
  const house = createClient({ address, key, signal: over });
  const link = createLink({ signal: over, say: (text) => screen.print(paint.red(text)) });
  const questions = createQuestions({ house, link, print: screen.print, paint });
  const commands = createCommands({ house, link, questions, print: screen.print, paint, conversation });
  const feed = createFeed({ house, link, questions, print: screen.print, paint, signal: over });

  const shown = (error: unknown): void => {
    if (over.aborted) return;
    screen.print(paint.red(error instanceof HouseRefused ? refusal(error.problem) : String(error)));
  };
  let work: Promise<void> = Promise.resolve();
  screen.onLine((text) => {
    const line = parseLine(text);
    // These two must work while earlier lines wait for a house that is away.
    if (line.kind === 'quit') return screen.close();
    if (line.kind === 'help') return screen.print(help);
    // Made here, so that a line keeps its id however often it is sent.
    const id = randomUUID();
    work = work.then(() => commands.carryOut(line, id)).catch(shown);
  });

  signal.addEventListener('abort', screen.close, { once: true });
  screen.print(paint.dim(welcome));
  onOpen?.(screen.print);
  try {
    await Promise.race([screen.closed, feed.run()]);
    // What was written just before leaving still goes out, when the house is there.
    await Promise.race([work, wait(lastLinesMs, undefined, { signal, ref: false })]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    ending.abort();
    signal.removeEventListener('abort', screen.close);
    screen.close();
    await work;
  }
}
