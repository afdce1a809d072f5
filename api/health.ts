import type { Health, ServiceHealth } from '../contracts/api.ts';
import type { Probe } from './ports.ts';

/** Milliseconds for one probe; all run at once, so this bounds the whole answer. */
const probeMs = 2_000;

/** Asks every part at once. Questions that come while one is under way share its answer. */
export function createHealthCheck(probes: readonly Probe[], timeoutMs = probeMs): () => Promise<Health> {
  let running: Promise<Health> | undefined;
  return () => {
    running ??= checkAll(probes, timeoutMs).finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function checkAll(probes: readonly Probe[], timeoutMs: number): Promise<Health> {
  const results = await Promise.all(probes.map(async (probe) => ({ probe, health: await ask(probe, timeoutMs) })));
  const ill = results.filter(({ health }) => health.status !== 'healthy');
  const dead = ill.some(({ probe, health }) => probe.vital && health.status === 'unhealthy');
  return {
    status: dead ? 'unhealthy' : ill.length > 0 ? 'degraded' : 'healthy',
    checked_at: new Date().toISOString(),
    services: Object.fromEntries(results.map(({ probe, health }) => [probe.name, health])),
    degraded_features: [...new Set(ill.flatMap(({ probe }) => probe.features))],
  };
}

/** What a probe throws may hold an address: it stays here. */
async function ask(probe: Probe, timeoutMs: number): Promise<ServiceHealth> {
  const started = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('late')), { once: true });
  });
  const found = await Promise.race([probe.check(signal), late]).catch(() => ({
    status: 'unhealthy' as const,
    detail: signal.aborted ? `did not answer within ${timeoutMs} ms` : 'cannot be reached',
  }));
  return { ...found, latency_ms: Math.round((performance.now() - started) * 10) / 10 };
}
