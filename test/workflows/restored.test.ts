import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { createRestoreStore } from '../../adapters/store/restores.ts';
import { workflowIds } from '../../contracts/names.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';
import { ask } from '../support/stores.ts';

let house: TestHouse;
afterEach(() => house.close());

it('a purchase that may have been ordered since is unknown, also when its list was changed', async () => {
  house = await startHouse();
  await house.say('get 2 kg rice and 1 kg oats');
  const gate = await house.openGate();
  await house.stopWorker();
  await house.approvals.decide(gate.id, await ask(house, gate.id, 'approve'));
  // Nothing is keyed here, as if the order went by e-mail.
  const restore = { id: randomUUID(), takenAt: new Date(), keyedTools: [] };
  expect(await createRestoreStore(house.core).record(restore)).toBe(true);
  const [item] = await house.items();
  await house.pipelines.cancel(item?.id ?? '', 'The owner does not want it any more.');
  const [purchase] = await house.purchases();
  expect(purchase).toMatchObject({ status: 'asked', round: 1 });

  await house.restartWorker();
  await house.workflows.nudge(workflowIds.purchase(purchase?.id ?? ''));
  await eventually(async () => {
    expect(await house.purchases()).toMatchObject([{ status: 'unknown', round: 1, approval_id: gate.id }]);
  });
  await house.confirm(purchase?.id ?? '', 500);
  await eventually(async () =>
    expect(await house.reservations()).toMatchObject([{ status: 'settled', settled_minor: 500 }]),
  );
});
