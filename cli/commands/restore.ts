import { restore } from '../backup/restore.ts';
import { homePath } from '../home.ts';
import { untilDone } from '../until-done.ts';
import type { Command } from './command.ts';

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'make an empty state folder a house again, from an archive of `majordomo backup`',
  takes: [['<file>', 'the archive']],
  flags: [
    ['--home <folder>', 'the state folder; must be empty or not there (default: MAJORDOMO_HOME and its defaults)'],
    ['--json', 'answer with one JSON object'],
  ],
  run: async ({ env, out, say }, { flags, args }) => {
    const home = typeof flags['home'] === 'string' ? flags['home'] : homePath(env);
    const engines = env['MAJORDOMO_ENGINES'] || undefined;
    const archive = args[0] ?? '';
    const result = await untilDone((signal) => restore({ archive, home, engines, env, say, signal }));
    out(flags['json'] ? JSON.stringify(result) : result.home);
    return 0;
  },
};
