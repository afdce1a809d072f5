import { afterEach, expect, it } from 'vitest';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';
import { seamChat } from '../support/telegram.ts';

let house: TestHouse;
afterEach(() => house.close());

it('shows how a message fares, answers it, and asks with buttons that the decision takes away', async () => {
  const chat = seamChat();
  house = await startHouse({ telegram: chat });
  const id = await chat.write('2 kg flour');
  await house.write('2 kg flour', id, chat.chatId);
  await eventually(async () => expect((await chat.said()).at(0)?.reactions).toEqual(['👀', '👍']));
  const gate = await house.openGate();
  await eventually(async () => expect((await chat.said()).map((m) => m.buttons.length)).toEqual([0, 0, 2]));
  await house.decide(gate.id, 'approve');
  await eventually(async () => expect((await chat.said())[2]?.text).toContain('list went'));
});
