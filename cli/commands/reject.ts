import { decide } from '../decide.ts';
import { type Command, jsonFlag } from './command.ts';

export const rejectCommand: Command = {
  name: 'reject',
  summary: 'say no to what the house asks',
  takes: [['<id>', 'of the approval; its first digits will do']],
  flags: [jsonFlag, ['--feedback <text>', 'why; the house remembers it']],
  run: (context, { flags, args: [id] }) => {
    const feedback = flags['feedback'];
    const why = typeof feedback === 'string' ? { feedback } : {};
    return decide(context, { verdict: 'reject', id, ...why, json: flags['json'] === true });
  },
};
