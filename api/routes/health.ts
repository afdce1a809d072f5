import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { type Health, healthSchema, liveSchema } from '../../contracts/api.ts';
import type { ApiEnv } from '../env.ts';
import { createHealthCheck } from '../health.ts';
import { answer, refusals } from '../openapi.ts';
import type { Probe } from '../ports.ts';

const example: Health = {
  status: 'degraded',
  checked_at: '2026-11-21T12:00:00.000Z',
  services: {
    postgres: { status: 'healthy', latency_ms: 1.2, detail: null },
    temporal: { status: 'healthy', latency_ms: 2.5, detail: null },
    worker: { status: 'healthy', latency_ms: 3.1, detail: null },
    model: { status: 'degraded', latency_ms: 1.4, detail: 'claude-haiku: calls are held back' },
  },
  degraded_features: ['understanding messages'],
};
const dead: Health = { ...example, status: 'unhealthy' };

const health = createRoute({
  method: 'get',
  path: '/health',
  tags: ['health'],
  summary: 'Each part of the house, and what does not work without it',
  responses: {
    200: answer(healthSchema, 'Healthy or degraded.', example),
    503: answer(healthSchema, 'Unhealthy: nothing can be done at the moment.', dead),
    ...refusals({}),
  },
});

const ready = createRoute({
  method: 'get',
  path: '/ready',
  tags: ['health'],
  summary: 'Whether requests can be served',
  responses: {
    200: answer(healthSchema, 'Every vital part answers.', example),
    503: answer(healthSchema, 'A vital part does not answer.', dead),
    ...refusals({}),
  },
});

const live = createRoute({
  method: 'get',
  path: '/live',
  tags: ['health'],
  summary: 'Whether this process answers at all',
  responses: { 200: answer(liveSchema, 'It does.', { status: 'alive' }), ...refusals({}) },
});

/** Health for people and supervisors: no key, no limit. */
export function healthRoutes({ probes }: { probes: readonly Probe[] }) {
  const all = createHealthCheck(probes);
  const vital = createHealthCheck(probes.filter((probe) => probe.vital));
  return new OpenAPIHono<ApiEnv>()
    .openapi(live, (context) => context.json({ status: 'alive' as const }, 200))
    .openapi(health, async (context) => {
      const found = await all();
      return context.json(found, found.status === 'unhealthy' ? 503 : 200);
    })
    .openapi(ready, async (context) => {
      const found = await vital();
      return context.json(found, found.status === 'unhealthy' ? 503 : 200);
    });
}
