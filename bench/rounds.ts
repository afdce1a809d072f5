import type { Client } from '@temporalio/client';
import type { Bare, BareRun } from './bare/client.ts';
import { type ActivityCount, countActivities, eventsOf, type Parts, partsOf } from './histories.ts';
import { mostFrequent } from './statistics.ts';
import type { PlayStory, Story } from './story.ts';
import { stopwatch, type Window } from './timing.ts';

/** What the house's story was counted to do, so that the bare side does as much. */
export interface Counted {
  /** Transactions that write from the tap to the effect. */
  commits: number;
  /** Activities from need to bought, in all workflows. */
  activities: ActivityCount;
}

/** The bare side of one round, in milliseconds. */
export interface BareTimes {
  start: number;
  oneActivity: number;
  signalToInserts: number;
  signalToNothing: number;
  asManyActivities: number;
  fiveActivities: number;
}

/** One iteration: the house's story and its bare counterparts side by side, and pairs of the same thing twice. */
export interface Round {
  story: Story;
  bare: BareTimes;
  control: [number, number][];
  counted: Counted;
  parts: Record<'firstStage' | 'tapToEffect', { ours: Parts; bare: Parts }>;
}

/** Control pairs in each round. */
const controls = 3;
const one: ActivityCount = { regular: 1, local: 0 };
const five: ActivityCount = { regular: 5, local: 0 };

/** Measures rounds; which side of a pair goes first changes from one to the next. */
export function createRounds({ client, play, bare }: { client: Client; play: PlayStory; bare: Bare }) {
  const histories = (ids: readonly string[]) => Promise.all(ids.map((id) => eventsOf(client, id)));

  async function bareSide({ commits, activities }: Counted) {
    const start = await bare.start();
    const oneActivity = await bare.activities(one);
    const signalToInserts = await bare.signalToInserts(commits);
    const signalToNothing = await bare.signalToNothing();
    const asMany = await bare.activities(activities);
    const fiveActivities = await bare.activities(five);
    const times: BareTimes = {
      start,
      oneActivity: oneActivity.ms,
      signalToInserts: signalToInserts.ms,
      signalToNothing: signalToNothing.ms,
      asManyActivities: asMany.ms,
      fiveActivities: fiveActivities.ms,
    };
    return { times, oneActivity, signalToInserts };
  }

  async function control(oursFirst: boolean): Promise<[number, number]> {
    const { ms: first } = await bare.activities(one);
    const { ms: second } = await bare.activities(one);
    return oursFirst ? [first, second] : [second, first];
  }

  async function partsOfRun({ workflowId, window }: BareRun): Promise<Parts> {
    return partsOf(await histories([workflowId]), window);
  }

  async function countsOf(story: Story) {
    const played = await histories(Object.values(story.ids));
    return {
      played,
      counted: { commits: story.commits, activities: countActivities(played, story.windows.firstStage.from) },
    };
  }

  /** `expected` is what the bare side does; without it what this very story did. */
  async function round(index: number, expected?: Counted): Promise<Round> {
    const oursFirst = index % 2 === 0 || expected === undefined;
    const early = oursFirst || expected === undefined ? undefined : await bareSide(expected);
    const story = await play();
    const { played, counted } = await countsOf(story);
    const other = early ?? (await bareSide(expected ?? counted));
    const pairs: [number, number][] = [];
    for (let pair = 0; pair < controls; pair++) pairs.push(await control((index + pair) % 2 === 0));
    const ours = (window: Window) => partsOf(played, window);
    return {
      story,
      bare: other.times,
      control: pairs,
      counted,
      parts: {
        firstStage: { ours: ours(story.windows.firstStage), bare: await partsOfRun(other.oneActivity) },
        tapToEffect: { ours: ours(story.windows.tapToEffect), bare: await partsOfRun(other.signalToInserts) },
      },
    };
  }

  return {
    /** Rounds whose times are thrown away; they warm both sides up and say what the house does. */
    async warmUp(rounds: number): Promise<Counted> {
      const counted: Counted[] = [];
      for (let index = 0; index < rounds; index++) counted.push((await round(index)).counted);
      return {
        commits: mostFrequent(counted.map(({ commits }) => commits)),
        activities: {
          regular: mostFrequent(counted.map(({ activities }) => activities.regular)),
          local: mostFrequent(counted.map(({ activities }) => activities.local)),
        },
      };
    },
    /** So many rounds, or as many as begin within the seconds, two at least. */
    async measure(
      wanted: { rounds: number; seconds: number; counted: Counted },
      progress: (done: number) => void,
    ): Promise<Round[]> {
      const passed = stopwatch();
      const rounds: Round[] = [];
      while (rounds.length < wanted.rounds && (rounds.length < 2 || passed() < wanted.seconds * 1000)) {
        rounds.push(await round(rounds.length, wanted.counted));
        progress(rounds.length);
      }
      return rounds;
    },
  };
}
