import { decide } from '../decide.ts';
import { type Command, jsonFlag } from './command.ts';

export const approveCommand: Command = {
  name: 'approve',
  summary: 'say yes to what the house asks',
  takes: [['<id>', 'of the approval; its first digits will do']],
  flags: [jsonFlag],
  run: (context, { flags, args: [id] }) => decide(context, { verdict: 'approve', id, json: flags['json'] === true }),
};
