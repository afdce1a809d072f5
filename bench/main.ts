import { parseArgs } from 'node:util';
import { runBench } from './bench.ts';
import { controlFailure } from './report.ts';
import { table } from './table.ts';

const usage = `npm run bench -- [--json] [--rounds N] [--seconds S] [--warm-up N] [--default-rounds N]
  --json            end with one JSON object on stdout
  --rounds          most rounds (80)
  --seconds         begin no further round after so many seconds (120)
  --warm-up         rounds whose times are thrown away (5)
  --direct          pairs for the variant that starts an item without a message (16)
  --default-rounds  rounds on a Temporal server with its own defaults, 0 for none (10)`;

/** Runs the benchmark; the exit code is 1 when the control says that the run cannot be believed. */
async function main(): Promise<number> {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      rounds: text('80'),
      seconds: text('120'),
      'warm-up': text('5'),
      direct: text('16'),
      'default-rounds': text('10'),
    },
  });
  const counts = {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    warmUp: Number(values['warm-up']),
    direct: Number(values.direct),
    defaultRounds: Number(values['default-rounds']),
  };
  const wrong = counts.rounds < 2 || counts.warmUp < 1 || Object.values(counts).some((count) => !(count >= 0));
  if (values.help || wrong) {
    console.error(usage);
    return values.help ? 0 : 2;
  }
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  const result = await runBench({ ...counts, say: (line) => console.error(line) }, stop.signal);
  for (const line of table(result)) (values.json ? console.error : console.log)(line);
  const failure = controlFailure(result);
  if (failure !== undefined) console.error(failure);
  if (values.json) console.log(JSON.stringify(result));
  return failure === undefined ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 1;
});
