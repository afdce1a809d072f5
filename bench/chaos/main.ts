import { parseArgs } from 'node:util';
import { z } from 'zod';
import { runGroceries } from './groceries.ts';
import { points, targets } from './points.ts';

const usage = 'npm run chaos -- --scenario groceries --kills 20 --seed 1 [--seeds 1] [--owners 12] [--json]';
const count = (most: number) => z.coerce.number().int().min(1).max(most);
const schema = z.object({
  scenario: z.literal('groceries'),
  kills: count(1_000),
  seed: z.coerce.number().int().min(0),
  seeds: count(100),
  owners: count(50),
  json: z.boolean(),
});

/** The options of the command line, or what is wrong with them. */
function readOptions(): z.infer<typeof schema> | string {
  try {
    const { values } = parseArgs({
      options: {
        scenario: { type: 'string', default: 'groceries' },
        kills: { type: 'string', default: String(targets.length * points.length) },
        seed: { type: 'string', default: '1' },
        seeds: { type: 'string', default: '1' },
        owners: { type: 'string', default: '12' },
        json: { type: 'boolean', default: false },
      },
    });
    const { data, error } = schema.safeParse(values);
    return data ?? error.issues.map(({ path, message }) => `--${path.join()}: ${message}`).join('\n');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Kills parts of a house by a plan that the seed decides; exit 1 unless nothing was lost, doubled or wrong. */
async function main(): Promise<number> {
  const parsed = readOptions();
  if (typeof parsed === 'string') {
    console.error(`${parsed}\n${usage}`);
    return 2;
  }
  const { scenario, json, ...options } = parsed;
  const tell = json ? console.error : console.log;
  tell(`Scenario ${scenario}, seed ${options.seed}: ${options.kills} kills × ${options.seeds} seeds`);
  const result = await runGroceries({ ...options, env: process.env, say: tell });
  for (const finding of result.findings) tell(finding);
  tell(
    `${result.kills} kills, ${result.intents} intents: ${result.lost} lost, ${result.doubled} doubled, ` +
      `${result.wrong} wrong, ${result.unknown} were unknown until the owner looked`,
  );
  if (json) console.log(JSON.stringify({ ...result, seed: options.seed, seeds: options.seeds }));
  return result.findings.length === 0 ? 0 : 1;
}

process.exitCode = await main();
