import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openScreen } from '../../../cli/console/screen.ts';

test('a terminal that goes away is an end, not a failure', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const screen = openScreen({ input, output });
  // What node:tty emits when the window is closed.
  expect(input.emit('error', new Error('setRawMode EIO'))).toBe(true);
  screen.close();
  await screen.closed;
});
