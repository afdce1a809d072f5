import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command as Program } from 'commander';
import type { Command, CommandContext } from './commands/command.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downCommand } from './commands/down.ts';
import { migrateCommand } from './commands/migrate.ts';
import { statusCommand } from './commands/status.ts';
import { testCommand } from './commands/test.ts';
import { upCommand } from './commands/up.ts';
import { webUiCommand } from './commands/webui.ts';
import { loadConfig } from './config.ts';

const commands: Command[] = [
  upCommand,
  downCommand,
  statusCommand,
  webUiCommand,
  doctorCommand,
  demoCommand,
  migrateCommand,
  testCommand,
];

// The unprivileged account that runs Postgres must read the engines; what is secret gets its mode where it is written.
process.umask(0o022);
// A closed pipe or terminal is no reason to end: the house stops in order, or serves on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const environmentFile = fileURLToPath(new URL('../.env', import.meta.url));
if (existsSync(environmentFile)) process.loadEnvFile(environmentFile);

const context: CommandContext = {
  config: () => loadConfig(process.env),
  env: process.env,
  out: (line) => console.log(line),
  say: (line) => console.error(line),
};

const program = new Program('majordomo')
  .description('A self-hosted personal assistant that cannot forget what it was doing.')
  .enablePositionalOptions();
for (const command of commands) {
  const added = program.command(command.name).description(command.summary);
  for (const [flags, description] of command.flags ?? []) added.option(flags, description);
  if (command.passArguments) added.argument('[args...]').allowUnknownOption().helpOption(false).passThroughOptions();
  added.action(async () => {
    process.exitCode = await command.run(context, { flags: added.opts(), args: added.args });
  });
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
