import { expect, it } from 'vitest';
import { deriveId } from '../../contracts/ids.ts';

it('gives the same parts the same id, for ever', () => {
  expect(deriveId('item', 'a', '0')).toBe('695d4dcf-4e17-5a2a-9642-83ba310691c7');
});

it('keeps the parts apart', () => {
  expect(deriveId('a', 'bc')).not.toBe(deriveId('ab', 'c'));
  expect(deriveId('a', '')).not.toBe(deriveId('a'));
});
