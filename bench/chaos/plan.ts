import { createHash } from 'node:crypto';
import { type Point, points, type Target, targets } from './points.ts';

/** One kill: which part, at which point, and what the owners want to buy meanwhile. */
export interface Kill {
  target: Target;
  point: Point;
  thing: string;
}

const things = ['flour', 'sugar', 'rice', 'lentils', 'barley', 'oats', 'salt', 'coffee', 'butter', 'cheese'] as const;

/** Goes through the matrix of targets and points again and again, each time in another order that the seed decides. */
export function planKills(kills: number, seed: number): Kill[] {
  const matrix = targets.flatMap((target) => points.map((point) => ({ target, point })));
  return Array.from({ length: kills }, (_, index) => {
    const lap = Math.floor(index / matrix.length);
    const order = matrix.toSorted((a, b) => rank(seed, lap, a).localeCompare(rank(seed, lap, b)));
    const pair = order[index % matrix.length];
    if (pair === undefined) throw new RangeError('The matrix is empty.');
    return { ...pair, thing: things[index % things.length] ?? 'flour' };
  });
}

const rank = (seed: number, lap: number, { target, point }: { target: Target; point: Point }): string =>
  createHash('sha256').update(`${seed}:${lap}:${target}:${point}`).digest('hex');
