import type { Parts } from './histories.ts';
import type { BareTimes, Counted, Round } from './rounds.ts';
import { type Estimate, median, pairedRatio } from './statistics.ts';

/** The most that each ratio may be (Reliability: benchmarks are ratios in one run). */
export const limits = { restTrigger: 1.2, firstStage: 1.2, tapToEffect: 1.25, pipeline: 1.2 } as const;
export type RatioName = keyof typeof limits;
export const ratioNames = ['restTrigger', 'firstStage', 'tapToEffect', 'pipeline'] as const satisfies RatioName[];

/** Where the same thing measured twice must come out, or the run says nothing. */
export const controlRange = { low: 0.95, high: 1.05 } as const;

/** What each ratio compares, numerator and denominator of one round. */
const sides: Record<RatioName, (round: Round) => [ours: number, bare: number]> = {
  restTrigger: ({ story, bare }) => [story.restTrigger, bare.start],
  firstStage: ({ story, bare }) => [story.firstStage, bare.oneActivity],
  tapToEffect: ({ story, bare }) => [story.tapToEffect, bare.signalToInserts],
  pipeline: ({ story, bare }) => [story.pipeline, bare.asManyActivities],
};

/** Beside the limits, for information. */
const variants = {
  tapToEffectByEmptyActivity: ({ story, bare }: Round) => [story.tapToEffect, bare.signalToNothing],
  tapAnswerByEmptyActivity: ({ story, bare }: Round) => [story.decisionAnswered, bare.signalToNothing],
  pipelineByFiveActivities: ({ story, bare }: Round) => [story.pipeline, bare.fiveActivities],
} satisfies Record<string, (round: Round) => [number, number]>;

export interface Result {
  control: Omit<Estimate, 'n'>;
  ratios: Record<RatioName, Estimate>;
  start: { cold_s: number; warm_s: number };
  /** Resident memory by process, as `majordomo status` counts it, after the rounds. */
  rss_mb: Record<string, number>;
  limits: typeof limits;
  variants: Record<string, Estimate>;
  /** Medians in milliseconds. */
  medians_ms: Record<RatioName, { ours: number; bare: number }>;
  /** Medians in milliseconds of the three parts in which the house is at work. */
  pipeline_ms: { needToCard: number; tapToOrdered: number; wordToBought: number };
  /** Medians in milliseconds of everything on the bare side: what one more step costs can be read off them. */
  bare_ms: BareTimes;
  counted: Counted;
  /** Medians of what the histories tell about the two windows. */
  parts: Record<'firstStage' | 'tapToEffect', { ours: Parts; bare: Parts }>;
  /** The same story on a server without the house's dynamic settings; null where it was left out. */
  default_settings: { n: number; medians_ms: Record<RatioName, { ours: number; bare: number }> } | null;
  conditions: Record<string, number | string>;
}

/** Whether the run can be believed; the sentence says why not. */
export function controlFailure({ control: { median: middle } }: Pick<Result, 'control'>): string | undefined {
  if (middle >= controlRange.low && middle <= controlRange.high) return undefined;
  return (
    `The control is ${middle.toFixed(3)}, not within ${controlRange.low}–${controlRange.high}: ` +
    'the same thing measured twice differs, so the ratios say nothing. Run it again on a quieter machine.'
  );
}

/** What the rounds say; `direct` are pairs for the variant of the item that is started without a message. */
export function evaluate(rounds: readonly Round[], direct: readonly (readonly [number, number])[]) {
  const { median: middle, low, high } = pairedRatio(rounds.flatMap(({ control }) => control));
  const partsOf = (window: 'firstStage' | 'tapToEffect') => ({
    ours: medianParts(rounds.map(({ parts }) => parts[window].ours)),
    bare: medianParts(rounds.map(({ parts }) => parts[window].bare)),
  });
  const part = (of: (round: Round) => number) => rounded(median(rounds.map(of)));
  return {
    control: { median: rounded(middle), low: rounded(low), high: rounded(high) },
    ratios: byRatio((name) => ratioOf(rounds.map(sides[name]))),
    variants: {
      ...Object.fromEntries(Object.entries(variants).map(([name, of]) => [name, ratioOf(rounds.map(of))])),
      ...(direct.length === 0 ? {} : { firstStageOfItemStartedDirectly: ratioOf(direct) }),
    },
    medians_ms: mediansOf(rounds),
    pipeline_ms: {
      needToCard: part(({ story }) => story.toCard),
      tapToOrdered: part(({ story }) => story.toOrdered),
      wordToBought: part(({ story }) => story.toBought),
    },
    bare_ms: {
      start: part(({ bare }) => bare.start),
      oneActivity: part(({ bare }) => bare.oneActivity),
      signalToInserts: part(({ bare }) => bare.signalToInserts),
      signalToNothing: part(({ bare }) => bare.signalToNothing),
      asManyActivities: part(({ bare }) => bare.asManyActivities),
      fiveActivities: part(({ bare }) => bare.fiveActivities),
    },
    parts: { firstStage: partsOf('firstStage'), tapToEffect: partsOf('tapToEffect') },
  };
}

function ratioOf(pairs: readonly (readonly [number, number])[]): Estimate {
  const { median: middle, low, high, n } = pairedRatio(pairs);
  return { median: rounded(middle), low: rounded(low), high: rounded(high), n };
}

/** Both sides of each ratio, in milliseconds. */
export function mediansOf(rounds: readonly Round[]): Result['medians_ms'] {
  return byRatio((name) => {
    const pairs = rounds.map(sides[name]);
    return { ours: rounded(median(pairs.map(([ours]) => ours))), bare: rounded(median(pairs.map(([, bare]) => bare))) };
  });
}

function byRatio<Value>(of: (name: RatioName) => Value): Record<RatioName, Value> {
  return {
    restTrigger: of('restTrigger'),
    firstStage: of('firstStage'),
    tapToEffect: of('tapToEffect'),
    pipeline: of('pipeline'),
  };
}

function medianParts(all: readonly Parts[]): Parts {
  const middle = (of: (parts: Parts) => number) => rounded(median(all.map(of)));
  return {
    beforeTemporalMs: middle(({ beforeTemporalMs }) => beforeTemporalMs),
    workflowTasks: middle(({ workflowTasks }) => workflowTasks),
    workflowTaskWaitMs: middle(({ workflowTaskWaitMs }) => workflowTaskWaitMs),
    workflowTaskRunMs: middle(({ workflowTaskRunMs }) => workflowTaskRunMs),
    activities: middle(({ activities }) => activities),
    activityWaitMs: middle(({ activityWaitMs }) => activityWaitMs),
    activityRunMs: middle(({ activityRunMs }) => activityRunMs),
  };
}

/** Three digits after the point: more would be a promise that nobody can keep. */
export const rounded = (value: number): number => Math.round(value * 1000) / 1000;
