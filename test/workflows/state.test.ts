import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision, DecisionOutcome } from '../../contracts/approvals.ts';
import { ConversationState } from '../../workflows/conversation-state.ts';
import { GateState } from '../../workflows/gate-state.ts';
import { isDecision, isId, readCodeSignal } from '../../workflows/guards.ts';

const ids = fc.array(
  fc.integer({ min: 0, max: 30 }).map((number) => `m${number}`),
  { maxLength: 60 },
);

describe('the order of a conversation', () => {
  it('takes each message once and gives them back in the order of their first admission', () => {
    fc.assert(
      fc.property(ids, (admitted) => {
        const state = new ConversationState({ waiting: [], recent: [] });
        const taken = admitted.filter((id) => state.admit(id));
        const given = [];
        for (let next = state.next(); next !== undefined; next = state.next()) {
          given.push(next);
          state.done(next);
        }
        expect(taken).toEqual([...new Set(admitted)]);
        expect(given).toEqual(taken);
        expect(state.idle).toBe(true);
      }),
    );
  });

  it('lets what was recorded earlier go first, and nothing that had its turn', () => {
    fc.assert(
      fc.property(ids, ids, fc.nat({ max: 5 }), (admitted, earlier, turns) => {
        const state = new ConversationState({ waiting: [], recent: [] });
        admitted.forEach((id) => state.admit(id));
        const over = [...new Set(admitted)].slice(0, turns);
        over.forEach((id) => state.done(id));
        state.precede([...new Set(earlier)]);
        const first = [...new Set(earlier)].filter((id) => !over.includes(id));
        const rest = [...new Set(admitted)].filter((id) => !over.includes(id) && !first.includes(id));
        expect(state.carry().waiting).toEqual([...first, ...rest]);
      }),
    );
  });

  it('survives continue-as-new at any point', () => {
    fc.assert(
      fc.property(ids, fc.nat({ max: 60 }), (admitted, at) => {
        let state = new ConversationState({ waiting: [], recent: [] });
        const given: string[] = [];
        for (const [index, id] of admitted.entries()) {
          if (index === at) {
            state = new ConversationState(state.carry());
          }
          state.admit(id);
          const next = state.next();
          if (next !== undefined && index % 3 === 0) {
            given.push(next);
            state.done(next);
          }
        }
        expect([...given, ...state.carry().waiting]).toEqual([...new Set(admitted)]);
      }),
    );
  });

  it('remembers a bounded number of ids', () => {
    const state = new ConversationState({ waiting: [], recent: [] });
    for (let number = 0; number < 1_000; number++) {
      state.admit(`m${number}`);
      state.done(`m${number}`);
    }
    expect(state.carry().recent).toHaveLength(200);
    expect(state.admit('m999')).toBe(false);
  });
});

const decision = (number: number): Decision => ({ decisionId: `d${number}`, verdict: 'approve' });
const outcome = (status: DecisionOutcome['status'], authorised = true): DecisionOutcome => ({
  status,
  authorised,
  first: status !== 'pending',
  decidedBy: 'owner',
  decidedVia: 'api',
  decidedAt: null,
});

describe('the order of decisions at a gate', () => {
  it('puts each once to Postgres, and tells all others how it was closed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 8 }), { minLength: 1 }), fc.nat({ max: 8 }), (offered, authorised) => {
        const state = new GateState('pending');
        offered.forEach((number) => state.offer(decision(number)));
        const put: string[] = [];
        for (let next = state.next(); next !== undefined && state.closed === undefined; next = state.next()) {
          put.push(next.decisionId);
          state.answer(
            next.decisionId,
            next.decisionId === `d${authorised}` ? outcome('approved') : outcome('pending', false),
          );
        }
        expect(new Set(put).size).toBe(put.length);
        expect(state.status).toBe(offered.includes(authorised) ? 'approved' : 'pending');
        const after = offered.slice(offered.indexOf(authorised) + 1).filter((number) => !put.includes(`d${number}`));
        for (const number of offered.includes(authorised) ? after : []) {
          expect(state.find(`d${number}`)?.outcome).toMatchObject({ status: 'approved', first: false });
        }
      }),
    );
  });

  it('turns a flood away, and takes more once it is answered', () => {
    const state = new GateState('pending');
    const taken = Array.from({ length: 150 }, (_, number) => state.offer(decision(number)));
    expect(taken.filter(Boolean)).toHaveLength(100);
    state.answer('d0', outcome('pending', false));
    expect(state.offer(decision(149))).toBe(true);
  });

  it('stays as it was first closed', () => {
    const state = new GateState('pending');
    state.close(outcome('rejected'));
    state.close(outcome('approved'));
    expect(state.closed?.status).toBe('rejected');
    expect(state.offer(decision(1))).toBe(false);
  });

  it('has a nudge to answer at its start, and one for each that comes', () => {
    const state = new GateState('pending');
    expect([state.takeNudge(), state.takeNudge(), state.busy]).toEqual([true, false, false]);
    state.nudge();
    expect([state.busy, state.takeNudge(), state.busy]).toEqual([true, true, false]);
  });
});

describe('guards', () => {
  it('never throw, and take nothing but the form', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(isId(value) && !/^[0-9a-f-]{36}$/u.test(value)).toBe(false);
        isDecision(value);
        readCodeSignal(value);
      }),
    );
  });

  it('know a decision', () => {
    const good = { decisionId: '5b1cf0a4-6a53-4d3e-9d0c-3f6f2f1f7c1e', verdict: 'approve' };
    expect(isDecision(good)).toBe(true);
    expect(isDecision({ ...good, feedback: 'x'.repeat(2_001) })).toBe(false);
    expect(isDecision({ ...good, code: 1 })).toBe(false);
    expect(readCodeSignal('ABCD')).toEqual({ code: 'ABCD' });
    expect(readCodeSignal({ code: 'A', feedback: 'no' })).toEqual({ code: 'A', feedback: 'no' });
    expect(readCodeSignal('x'.repeat(65))).toBeUndefined();
  });
});
