import type { Parts } from './histories.ts';
import { limits, ratioNames, type Result } from './report.ts';
import type { Estimate } from './statistics.ts';

/** The result as lines for people. */
export function table(result: Result): string[] {
  const { control, ratios, variants, medians_ms: ms, pipeline_ms: pipeline, counted, start } = result;
  const { regular, local } = counted.activities;
  return [
    'ratio                                  median   95 % interval      n    limit   ours ms   bare ms',
    ...ratioNames.map((name) => {
      const { ours, bare } = ms[name];
      const within = ratios[name].median <= limits[name] ? 'within' : 'above';
      return `${row(name, ratios[name])}   ${limits[name].toFixed(2)}  ${cell(ours)}  ${cell(bare)}  ${within}`;
    }),
    row('control (bare ÷ bare)', { ...control, n: 0 }),
    ...Object.entries(variants).map(([name, estimate]) => row(name, estimate)),
    '',
    `counted: ${counted.commits} commits from tap to effect; ${regular} activities and ${local} local ones from need to bought`,
    `pipeline: need to card ${ms1(pipeline.needToCard)}, tap to ordered ${ms1(pipeline.tapToOrdered)}, word to bought ${ms1(pipeline.wordToBought)}`,
    `bare: ${Object.entries(result.bare_ms)
      .map(([name, value]) => `${name} ${ms1(value)}`)
      .join(', ')}`,
    ...(['firstStage', 'tapToEffect'] as const).flatMap((window) => [
      `${window}: ours ${partsLine(result.parts[window].ours)}`,
      `${' '.repeat(window.length)}  bare ${partsLine(result.parts[window].bare)}`,
    ]),
    `start: cold ${start.cold_s.toFixed(1)} s (empty state folder; engines and workflow bundle are there), warm ${start.warm_s.toFixed(1)} s`,
    `memory: ${Object.entries(result.rss_mb)
      .map(([name, megabytes]) => `${name} ${megabytes} MiB`)
      .join(', ')}`,
    ...(result.default_settings === null
      ? []
      : [
          `without the house's Temporal settings (n ${result.default_settings.n}): ${ratioNames
            .map((name) => `${name} ${ms1(result.default_settings?.medians_ms[name].ours ?? 0)}`)
            .join(', ')}`,
        ]),
    `conditions: ${Object.entries(result.conditions)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  ];
}

function row(name: string, { median, low, high, n }: Estimate): string {
  const interval = `${low.toFixed(3)} – ${high.toFixed(3)}`;
  return `${name.padEnd(38)} ${median.toFixed(3).padStart(6)}   ${interval.padEnd(16)} ${n === 0 ? '   ' : String(n).padStart(3)}`;
}

const cell = (value: number) => value.toFixed(1).padStart(8);
const ms1 = (value: number) => `${value.toFixed(1)} ms`;

function partsLine(parts: Parts): string {
  const { workflowTasks, workflowTaskWaitMs, workflowTaskRunMs, activities, activityWaitMs, activityRunMs } = parts;
  return (
    `${ms1(parts.beforeTemporalMs)} before Temporal, ` +
    `${workflowTasks} workflow tasks (wait ${ms1(workflowTaskWaitMs)}, run ${ms1(workflowTaskRunMs)}), ` +
    `${activities} activities (wait ${ms1(activityWaitMs)}, run ${ms1(activityRunMs)})`
  );
}
