import colors from 'picocolors';
import { examine } from '../doctor.ts';
import type { Command } from './command.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'check node, engines, ports, database, migrations, keys, model and channels',
  flags: [['--json', 'answer with one JSON object']],
  run: async (context, { flags }) => {
    const findings = await examine(context);
    const ok = findings.every((finding) => finding.ok);
    if (flags['json']) context.out(JSON.stringify({ ok, findings }));
    else {
      for (const { name, ok: fine, detail } of findings) {
        const mark = fine ? colors.green('ok    ') : colors.red('broken');
        context.out(`${mark} ${name.padEnd(11)} ${detail.replaceAll('\n', `\n${' '.repeat(19)}`)}`);
      }
    }
    return ok ? 0 : 1;
  },
};
