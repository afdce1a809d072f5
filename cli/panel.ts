import colors from 'picocolors';
import type { Config } from './config.ts';
import { addressesOf } from './supervisor/house.ts';

/** The summary of a running house: where everything is, in which state. `fresh` is the key when it was just made and may be shown. */
export function panel(config: Config, key: { file: string; fresh: string | undefined }): string {
  const { api, docs } = addressesOf(config);
  const rows: [string, string | undefined][] = [
    ['API', api],
    ['API docs', docs],
    ['Web UI', 'npx majordomo webui prints a link that logs in'],
    ['State folder', config.home.root],
    ['Model', config.model],
    ['Channels', config.channels.join(', ')],
    ['API key', key.fresh === undefined ? `in ${key.file}` : `${key.fresh} (kept in ${key.file})`],
  ];
  const lines = rows.map(([name, value]) => `  ${colors.bold(name.padEnd(13))} ${value ?? ''}`);
  const rule = colors.dim('─'.repeat(64));
  return [rule, `  ${colors.bold('Majordomo')} is up; Ctrl-C stops it`, '', ...lines, rule].join('\n');
}
