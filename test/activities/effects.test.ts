import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEffectActivities } from '../../activities/effects.ts';
import type { EffectTool } from '../../contracts/effect-tool.ts';
import { runActivity } from '../support/activity.ts';
import { ask, openGate, openStores, type Stores } from '../support/stores.ts';

let stores: Stores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

/** A tool that counts what it sends. */
function countingTool(send?: EffectTool['send']) {
  const sent: unknown[] = [];
  const tool: EffectTool = {
    name: 'test_tool',
    version: 1,
    riskTier: 'medium',
    keyed: false,
    send: async (request, signal) => {
      sent.push(request.args);
      return send?.(request, signal) ?? { sent: true, providerId: 'p', detail: 'ok' };
    },
  };
  return { sent, tool };
}

async function approvedIntent(tool = 'test_tool') {
  const { approval } = await openGate(stores, { tool });
  await stores.approvals.decide(approval.id, await ask(stores, approval.id, 'approve'));
  const intentId = randomUUID();
  await stores.ledger.openIntent({
    id: intentId,
    ownerId: stores.owner.ownerId,
    butler: 'household',
    flow: 'test',
    entityId: intentId,
    step: 1,
    tool,
    actionHash: approval.actionHash,
    approvalId: approval.id,
    reservationId: null,
    workflowId: 'test',
  });
  return { approval, intentId };
}

function attempt(tools: EffectTool[], intentId: string, number = 1) {
  const { ledger, approvals } = stores;
  const activities = createEffectActivities({
    ledger,
    approvals,
    tools: new Map(tools.map((tool) => [tool.name, tool])),
    leaseMs: 60_000,
  });
  return runActivity(() => activities.attemptEffect({ intentId, number }));
}

describe('the one way out', () => {
  it('sends what was approved', async () => {
    const { sent, tool } = countingTool();
    const { intentId } = await approvedIntent();
    expect(await attempt([tool], intentId)).toMatchObject({ outcome: 'delivered', providerId: 'p' });
    expect(sent).toEqual([{ what: 'milk' }]);
  });

  it('does not send an attempt twice', async () => {
    const { sent, tool } = countingTool();
    const { intentId } = await approvedIntent();
    await attempt([tool], intentId);
    await expect(attempt([tool], intentId)).rejects.toMatchObject({ type: 'AttemptNotOurs' });
    await expect(attempt([tool], intentId, 2)).rejects.toMatchObject({ type: 'AttemptNotOurs' });
    expect(sent).toHaveLength(1);
  });

  it('refuses a tool that is not registered, or not in the version that was approved', async () => {
    const unknown = await approvedIntent('shell_run');
    expect(await attempt([countingTool().tool], unknown.intentId)).toMatchObject({ outcome: 'refused' });
    const { sent, tool } = countingTool();
    const older = await approvedIntent();
    expect(await attempt([{ ...tool, version: 2 }], older.intentId)).toMatchObject({ outcome: 'refused' });
    expect(sent).toEqual([]);
  });

  it('refuses arguments that were changed after the yes', async () => {
    const { sent, tool } = countingTool();
    const { approval, intentId } = await approvedIntent();
    await stores.core.query(`UPDATE core.approvals SET args = '{"what": "caviar"}' WHERE id = $1`, [approval.id]);
    expect(await attempt([tool], intentId)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('approved'),
    });
    expect(sent).toEqual([]);
  });

  it('lets an approval expire even after the yes', async () => {
    const { sent, tool } = countingTool();
    const { approval, intentId } = await approvedIntent();
    await stores.core.query('UPDATE core.approvals SET expires_at = now() WHERE id = $1', [approval.id]);
    expect(await attempt([tool], intentId)).toMatchObject({ outcome: 'expired' });
    expect(sent).toEqual([]);
    expect((await stores.approvals.get(approval.id))?.status).toBe('expired');
  });

  it('calls a send that threw unknown, and one that says so not sent', async () => {
    const thrown = await approvedIntent();
    const failing = countingTool(() => Promise.reject(new Error('secret address in here')));
    const receipt = await attempt([failing.tool], thrown.intentId);
    expect(receipt).toMatchObject({ outcome: 'unknown' });
    expect(JSON.stringify(receipt)).not.toContain('secret');
    const refused = await approvedIntent();
    const refusing = countingTool(async () => ({ sent: false, retryable: true, detail: 'no connection' }));
    expect(await attempt([refusing.tool], refused.intentId)).toMatchObject({ outcome: 'refused', retryable: true });
    expect(await attempt([countingTool().tool], refused.intentId, 2)).toMatchObject({ outcome: 'delivered' });
  });
});
