/** The stages of the story, in order; all but the last belong to each item. */
export const stageNames = ['need', 'captured', 'gate', 'ordered', 'bought', 'settled'] as const;
export type StageName = (typeof stageNames)[number];

/** One stage with what proves it. */
export interface StageRecord {
  item: string;
  stage: StageName;
  state: 'done' | 'missing';
  /** Seconds from the owner's message until the house's record of it; null where there is none. */
  seconds: number | null;
  evidence: Record<string, unknown> | null;
}

/** What `demo --json` ends with. `seconds` is all the time from the command to the end of the story. */
export interface DemoResult {
  ok: boolean;
  stages: StageRecord[];
  seconds: number;
  workflowIds: string[];
  /** Why it is not ok. */
  error?: string;
}

/** What the story gathers while it is played. */
export interface StoryRecord {
  stages: StageRecord[];
  workflowIds: Set<string>;
}

/** What the story is about; the house must find each. */
export const wantedItems = ['milk', 'eggs', 'flour'] as const;
/** The whole list stands in place of an item where the stage is the purchase's. */
export const wholePurchase = 'purchase';

/** The record with every stage that has no evidence as `missing`, and the verdict. */
export function resultOf({ stages, workflowIds }: StoryRecord, seconds: number, error?: string): DemoResult {
  const wanted = stageNames.flatMap((stage) =>
    (stage === 'settled' ? [wholePurchase] : wantedItems).map((item) => ({ item, stage })),
  );
  const all = wanted.map(
    ({ item, stage }): StageRecord =>
      stages.find((each) => each.item === item && each.stage === stage) ?? {
        item,
        stage,
        state: 'missing',
        seconds: null,
        evidence: null,
      },
  );
  const ok = error === undefined && all.every(({ state }) => state === 'done');
  return { ok, stages: all, seconds, workflowIds: [...workflowIds], ...(error !== undefined && { error }) };
}
