import { condition, setCurrentDetails, setHandler, workflowInfo, continueAsNew } from '@temporalio/workflow';
import { nudgeSignal } from '../../contracts/messages.ts';
import type { ItemInput, ItemState } from '../../contracts/pipelines.ts';
import { local } from '../activities.ts';
import { show } from '../attributes.ts';

/**
 * One item going through its chain, whichever that is. It advances on evidence alone: it looks when it is nudged and
 * when a deadline passes. A deadline without evidence is a break, said once; the item goes on waiting.
 */
export async function pipelineItem(input: ItemInput): Promise<{ status: ItemState['status']; stage: string }> {
  let nudged = true;
  setHandler(nudgeSignal, () => {
    nudged = true;
  });
  for (;;) {
    nudged = false;
    let state = await local.advanceItem(input);
    if (state.status === 'open' && !state.broken && state.deadlineInMs !== null && state.deadlineInMs <= 0) {
      await local.recordBreak({ ...input, stage: state.stage });
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
