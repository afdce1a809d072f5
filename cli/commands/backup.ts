import { backup } from '../backup/backup.ts';
import { untilDone } from '../until-done.ts';
import { type Command, WrongUsage } from './command.ts';

export const backupCommand: Command = {
  name: 'backup',
  summary: 'write the whole house, running or not, into one archive: both databases and the keys',
  flags: [
    ['--to <file>', 'the archive; must not exist yet (default: majordomo-<time>.tar in the current folder)'],
    ['--rate <MiB>', 'most that is read from the database in a second, 1 to 1024 (default: as fast as it can)'],
    ['--json', 'answer with one JSON object'],
  ],
  run: async ({ config, env, out, say }, { flags }) => {
    const to = typeof flags['to'] === 'string' ? flags['to'] : undefined;
    const rate = flags['rate'] === undefined ? undefined : Number(flags['rate']);
    if (rate !== undefined && !(Number.isInteger(rate) && rate >= 1 && rate <= 1024))
      throw new WrongUsage('--rate is a whole number of MiB from 1 to 1024.');
    const result = await untilDone((signal) => backup({ config: config(), env, say, to, rate, signal }));
    out(flags['json'] ? JSON.stringify(result) : result.file);
    return 0;
  },
};
