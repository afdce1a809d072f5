import { condition, setCurrentDetails, setHandler, workflowInfo, continueAsNew } from '@temporalio/workflow';
import { nudgeSignal } from '../../contracts/messages.ts';
import { workflowIds } from '../../contracts/names.ts';
import type { ItemInput, ItemState } from '../../contracts/pipelines.ts';
import { local } from '../activities.ts';
import { show } from '../attributes.ts';
import { mustBe } from '../guards.ts';

/**
 * One item going through its chain, whichever that is. It advances on evidence alone: it looks when it is nudged and
 * when a deadline passes. A deadline without evidence is a break, said once; the item goes on waiting.
 */
export async function pipelineItem(input: ItemInput): Promise<{ status: ItemState['status']; stage: string }> {
  mustBe(workflowIds.item, input?.itemId);
  let nudged = true;
  setHandler(nudgeSignal, () => {
    nudged = true;
  });
  /** The overdue stage of which this run has told: a crash may have left the break without its notice. */
  let told: string | undefined;
  for (;;) {
    nudged = false;
    let state = await local.advanceItem(input);
    const overdue = state.status === 'open' && state.deadlineInMs !== null && state.deadlineInMs <= 0;
    if (overdue && told !== state.stage) {
      await local.recordBreak({ ...input, stage: state.stage });
      told = state.stage;
      state = { ...state, broken: true };
    }
    display(state);
    if (state.status !== 'open') {
      return { status: state.status, stage: state.stage };
    }
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof pipelineItem>(input);
    }
    const waits = !state.broken && state.deadlineInMs !== null;
    await (waits ? condition(() => nudged, Math.max(1, state.deadlineInMs ?? 1)) : condition(() => nudged));
  }
}

function display(state: ItemState): void {
  show({ stage: state.stage, deadline: state.deadline === null ? null : new Date(state.deadline) });
  setCurrentDetails(`${state.stage}: ${state.stageState}${state.broken ? ', overdue' : ''}`);
}
