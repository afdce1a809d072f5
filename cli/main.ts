import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommanderError, Command as Program } from 'commander';
import { approvalsCommand } from './commands/approvals.ts';
import { approveCommand } from './commands/approve.ts';
import { backupCommand } from './commands/backup.ts';
import { boardCommand } from './commands/board.ts';
import { boughtCommand, notBoughtCommand } from './commands/bought.ts';
import { type Command, type CommandContext, type CommandGroup, WrongUsage } from './commands/command.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downCommand } from './commands/down.ts';
import { keysCommand } from './commands/keys.ts';
import { migrateCommand } from './commands/migrate.ts';
import { rejectCommand } from './commands/reject.ts';
import { sendCommand } from './commands/send.ts';
import { restoreCommand } from './commands/restore.ts';
import { statusCommand } from './commands/status.ts';
import { testCommand } from './commands/test.ts';
import { upCommand } from './commands/up.ts';
import { webUiCommand } from './commands/webui.ts';
import { loadConfig } from './config.ts';

const commands: (Command | CommandGroup)[] = [
  upCommand,
  downCommand,
  statusCommand,
  webUiCommand,
  doctorCommand,
  boardCommand,
  approvalsCommand,
  approveCommand,
  rejectCommand,
  sendCommand,
  boughtCommand,
  notBoughtCommand,
  keysCommand,
  demoCommand,
  backupCommand,
  restoreCommand,
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
  .enablePositionalOptions()
  .exitOverride();
for (const command of commands) add(program, command);

function add(parent: Program, command: Command | CommandGroup): void {
  const added = parent.command(command.name).description(command.summary);
  if ('commands' in command) {
    for (const each of command.commands) add(added, each);
    return;
  }
  for (const [argument, description] of command.takes ?? []) added.argument(argument, description);
  for (const [flags, description] of command.flags ?? []) added.option(flags, description);
  if (command.passArguments) added.argument('[args...]').allowUnknownOption().helpOption(false).passThroughOptions();
  added.action(async () => {
    process.exitCode = await command.run(context, { flags: added.opts(), args: added.args });
  });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Says what went wrong, unless commander has said it; 2 where the command line is to blame. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  console.error(error instanceof Error ? error.message : error);
  return error instanceof WrongUsage ? 2 : 1;
}
