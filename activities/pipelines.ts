import { ApplicationFailure } from '@temporalio/common';
import type { Queryable } from '../adapters/postgres.ts';
import type { MessageStore } from '../adapters/store/messages.ts';
import type { Break, LockedItem, PipelineStore } from '../adapters/store/pipelines.ts';
import type { PipelineActivities } from '../contracts/activities.ts';
import { visible } from '../contracts/card.ts';
import { failureTypes } from '../contracts/failures.ts';
import type { ChainDefinition, StageFinding } from '../contracts/pipelines.ts';
import { type QuietHours, quietUntil } from '../contracts/quiet-hours.ts';

/** Says whether a stage of an item holds; it reads through the transaction that it is handed, and through nothing else. */
export type Evidence = (tx: Queryable, itemId: string) => Promise<StageFinding>;

/** The evidence functions of one chain, by stage. */
export type ChainEvidence = Readonly<Record<string, Evidence>>;

export interface PipelineDependencies {
  pipelines: PipelineStore;
  messages: MessageStore;
  /** By chain. */
  evidence: Readonly<Record<string, ChainEvidence>>;
  settings: { readonly quietHours: QuietHours };
  now: () => Date;
}

/**
 * The pipeline engine: it knows no chain by name, only the evidence that it is handed and the definition on the item's
 * row. The one in a workflow's input is a label: whoever reaches Temporal may start one with a chain of his own.
 */
export function createPipelineActivities(deps: PipelineDependencies): PipelineActivities {
  const { pipelines, messages, evidence, settings, now } = deps;

  /** A chain that this version cannot prove stays where it is: Temporal tries again until a version can. */
  function evidenceOf(chain: string, stage: string): Evidence {
    const found = evidence[chain]?.[stage];
    if (found === undefined) throw new Error(`Nothing proves the stage "${stage}" of the chain "${chain}".`);
    return found;
  }

  async function advance(item: LockedItem): Promise<void> {
    const { chain } = item;
    while (item.status === 'open') {
      const index = chain.stages.findIndex((stage) => stage.name === item.stage);
      const stage = chain.stages[index];
      if (stage === undefined) throw new Error(`The chain "${chain.name}" has no stage "${item.stage}".`);
      const finding = await evidenceOf(chain.name, stage.name)(item.tx, item.id);
      if (!finding.holds) {
        await item.notDone(finding);
        return;
      }
      await item.done(stage, finding.evidence, chain.stages[index + 1] ?? null);
    }
  }

  async function tell(itemId: string, stage: string, chain: ChainDefinition, found: Break): Promise<void> {
    if (found.conversationId === null) return;
    await messages.insertOutbound({
      ownerId: found.ownerId,
      conversationId: found.conversationId,
      butler: found.butler,
      kind: 'notice',
      persona: `${chain.persona.emoji} ${chain.persona.name}`,
      body: `${visible(found.title)}: ${found.reason} Next: ${found.nextAction}`,
      dedupeKey: `break:${itemId}:${stage}`,
      showAfter: quietUntil(now(), settings.quietHours),
    });
  }

  return {
    async advanceItem({ itemId }) {
      const state = await pipelines.withItem(itemId, advance);
      if (state === null) throw noItem();
      return state;
    },

    async recordBreak({ itemId, stage }) {
      const chain = await pipelines.chainOf(itemId);
      if (chain === null) throw noItem();
      const definition = chain.stages.find((each) => each.name === stage);
      if (definition === undefined) throw new Error(`The chain "${chain.name}" has no stage "${stage}".`);
      const found = await pipelines.recordBreak({
        itemId,
        stage,
        persona: chain.persona.name,
        nextAction: definition.onBreak,
        describe: (since) => `“${stage}” is overdue, open since ${wallTime(since, settings.quietHours.timezone)}.`,
      });
      if (found !== null) await tell(itemId, stage, chain, found);
    },
  };
}

const noItem = () => ApplicationFailure.nonRetryable('There is no such item.', failureTypes.notFound);

/** "21 Nov 2026, 07:00" on the household's own clock. */
function wallTime(moment: Date, timeZone: string): string {
  return moment.toLocaleString('en-GB', { timeZone, dateStyle: 'medium', timeStyle: 'short' });
}
