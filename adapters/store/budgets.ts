import type { Postgres, Queryable } from '../postgres.ts';

/** The week's cap for one butler of one owner; amounts in minor units of the currency. */
export interface BudgetRef {
  /** Derived from all the rest but the cap: one id for one week. */
  budgetId: string;
  ownerId: string;
  butler: string;
  /** The Monday that begins the week, `YYYY-MM-DD`. */
  periodStart: string;
  currency: string;
  capMinor: number;
}

/** What a purchase asks to be set aside: for which flow, in which attempt (round) of it. */
export interface ReservationRequest {
  reservationId: string;
  amountMinor: number;
  workflowId: string;
  attempt: number;
}

interface Used {
  used: number;
}

/** What is set aside or spent; released money is free again. */
const usedOf = `SELECT coalesce(sum(CASE status WHEN 'reserved' THEN amount_minor WHEN 'settled' THEN settled_minor END), 0)::bigint
  AS used FROM core.budget_reservations WHERE budget_id = $1`;

/** A reservation whose effect may still be on the wire stays: an attempt is sending, or a receipt says unknown. */
const nothingInFlight = `NOT EXISTS (
  SELECT FROM core.intents intent JOIN core.attempts attempt ON attempt.intent_id = intent.id
  LEFT JOIN core.receipts receipt ON receipt.attempt_id = attempt.id
  WHERE intent.reservation_id = reservation.id AND (attempt.status = 'sending' OR receipt.status = 'unknown'))`;

/** Money is reserved before it may be spent and settled after; both under the budget row's lock. */
export function createBudgetStore(db: Postgres) {
  async function lockBudget(tx: Queryable, budget: BudgetRef): Promise<void> {
    await tx.query(
      `INSERT INTO core.budgets (id, source, owner_id, butler, period, period_start, currency, cap_minor)
       VALUES ($1, 'roster', $2, $3, 'week', $4, $5, $6) ON CONFLICT DO NOTHING`,
      [budget.budgetId, budget.ownerId, budget.butler, budget.periodStart, budget.currency, budget.capMinor],
    );
    await tx.query('SELECT id FROM core.budgets WHERE id = $1 FOR UPDATE', [budget.budgetId]);
    await tx.query('UPDATE core.budgets SET cap_minor = $2 WHERE id = $1 AND cap_minor <> $2', [
      budget.budgetId,
      budget.capMinor,
    ]);
  }

  return {
    /**
     * Reserves within the cap, in one transaction. Earlier attempts of the same flow are released first. A repeat
     * returns what the first call did. `leftMinor` is what the week still holds after it.
     */
    async reserve(budget: BudgetRef, request: ReservationRequest): Promise<{ reserved: boolean; leftMinor: number }> {
      return db.transaction(async (tx) => {
        const { budgetId } = budget;
        await lockBudget(tx, budget);
        await tx.query(
          `UPDATE core.budget_reservations reservation SET status = 'released'
           WHERE workflow_id = $1 AND attempt < $2 AND status = 'reserved' AND ${nothingInFlight}`,
          [request.workflowId, request.attempt],
        );
        const existing = await tx.query<{ status: string }>(
          'SELECT status FROM core.budget_reservations WHERE id = $1',
          [request.reservationId],
        );
        const { rows } = await tx.query<Used>(usedOf, [budgetId]);
        const leftMinor = budget.capMinor - (rows[0]?.used ?? 0);
        if (existing.rows[0] !== undefined) {
          return { reserved: existing.rows[0].status !== 'released', leftMinor };
        }
        if (request.amountMinor > leftMinor) {
          return { reserved: false, leftMinor };
        }
        await tx.query(
          `INSERT INTO core.budget_reservations (id, source, budget_id, amount_minor, workflow_id, attempt)
           VALUES ($1, 'purchase', $2, $3, $4, $5)`,
          [request.reservationId, budgetId, request.amountMinor, request.workflowId, request.attempt],
        );
        return { reserved: true, leftMinor: leftMinor - request.amountMinor };
      });
    },

    /** What the week still holds, for the budget that a reservation belongs to; null when there is no such one. */
    async left(reservationId: string): Promise<number | null> {
      const { rows } = await db.query<{ left: number }>(
        `SELECT budget.cap_minor - (${usedOf.replace('$1', 'budget.id')}) AS left FROM core.budgets budget
         JOIN core.budget_reservations reservation ON reservation.budget_id = budget.id WHERE reservation.id = $1`,
        [reservationId],
      );
      return rows[0]?.left ?? null;
    },

    /** Turns what was set aside into what was spent. A repeat changes nothing. `overMinor` > 0: the cap is passed. */
    async settle(reservationId: string, actualMinor: number): Promise<{ overMinor: number }> {
      return db.transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string; cap_minor: number }>(
          `SELECT budget.id, budget.cap_minor FROM core.budgets budget
           JOIN core.budget_reservations reservation ON reservation.budget_id = budget.id
           WHERE reservation.id = $1 FOR UPDATE OF budget`,
          [reservationId],
        );
        const budget = rows[0];
        if (budget === undefined) {
          return { overMinor: 0 };
        }
        await tx.query(
          `UPDATE core.budget_reservations SET status = 'settled', settled_minor = $2 WHERE id = $1 AND status <> 'settled'`,
          [reservationId, actualMinor],
        );
        const used = await tx.query<Used>(usedOf, [budget.id]);
        return { overMinor: Math.max(0, (used.rows[0]?.used ?? 0) - budget.cap_minor) };
      });
    },

    /** Frees all that a flow has set aside, unless something may still be on the wire. Returns how many it freed. */
    async release(workflowId: string): Promise<number> {
      const { rowCount } = await db.query(
        `UPDATE core.budget_reservations reservation SET status = 'released'
         WHERE workflow_id = $1 AND status = 'reserved' AND ${nothingInFlight}`,
        [workflowId],
      );
      return rowCount;
    },

    /** Flows that hold money; the reconcile asks whether they still run. */
    async holders(): Promise<Array<{ workflowId: string; ownerId: string }>> {
      const { rows } = await db.query<{ workflowId: string; ownerId: string }>(
        `SELECT DISTINCT reservation.workflow_id AS "workflowId", budget.owner_id AS "ownerId"
         FROM core.budget_reservations reservation JOIN core.budgets budget ON budget.id = reservation.budget_id
         WHERE reservation.status = 'reserved'`,
      );
      return rows;
    },
  };
}

export type BudgetStore = ReturnType<typeof createBudgetStore>;
