import { ApplicationFailure, proxyActivities, setCurrentDetails, setHandler, defineQuery } from '@temporalio/workflow';

const { failWith } = proxyActivities<{ failWith(text: string): Promise<never> }>({
  startToCloseTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
});

/** Answers the message of the failure that the workflow ended with, as workflow code sees it. */
export const seenQuery = defineQuery<string>('seen');

/** Fails with its input after an activity failed with it, having caught that failure once. */
export async function failing(text: string): Promise<void> {
  let seen = '';
  setHandler(seenQuery, () => seen);
  setCurrentDetails(`details ${text}`);
  const error = await failWith(text).catch((caught: Error) => caught);
  seen = error.cause instanceof Error ? error.cause.message : '';
  throw ApplicationFailure.create({ message: `workflow ${text}`, type: 'Planned', cause: error, details: [text] });
}
