import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import colors from 'picocolors';
import { type HouseClient, isPassing, parseResponse } from '../../client/index.ts';
import { ask } from '../ask.ts';
import { saying } from '../console/words.ts';
import { shortId } from '../short-id.ts';
import { type Command, jsonFlag } from './command.ts';

/** How the house calls the chat of this command. */
const conversation = 'cli';
/** Milliseconds for an answer, above those of a model that takes its time; and between two looks. */
const answerWithinMs = 120_000;
const lookEveryMs = 500;

export const sendCommand: Command = {
  name: 'send',
  summary: 'tell the house something',
  takes: [['<text...>', 'what you would write in the chat']],
  flags: [jsonFlag, ['--wait', 'wait for the answer and show it']],
  run: (context, { flags, args }) =>
    ask(context, { json: flags['json'] === true }, async ({ house }) => {
      const message = { text: args.join(' '), source_id: randomUUID(), conversation };
      const receipt = await parseResponse(house.messages.$post({ json: message }));
      if (!flags['wait']) {
        const taken =
          receipt.status === 'accepted' ? 'is being read' : 'is recorded, and read as soon as the engine is back';
        context.out(flags['json'] ? JSON.stringify(receipt) : `Message ${shortId(receipt.message_id)} ${taken}.`);
        return 0;
      }
      context.say('Waiting for the answer …');
      const told = await answered(house, receipt.message_id);
      if (flags['json']) context.out(JSON.stringify(told));
      else for (const answer of told.answers) context.out(saying(answer, colors));
      if (told.message.status === 'answered') return 0;
      context.say(`The message is ${told.message.status}; what was said to it later shows: npx majordomo board`);
      return 1;
    }),
};

/** The message once it is answered or has failed, or as it is when the time is over. */
async function answered(house: HouseClient, id: string) {
  const deadline = Date.now() + answerWithinMs;
  for (;;) {
    try {
      const told = await parseResponse(house.messages[':id'].$get({ param: { id } }));
      if (told.message.status !== 'received' || Date.now() > deadline) return told;
    } catch (error) {
      if (!isPassing(error) || Date.now() > deadline) throw error;
    }
    await wait(lookEveryMs);
  }
}
