import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { describe, expect, inject, it } from 'vitest';
import { dataConverter } from '../../adapters/payload-codec.ts';
import { workflowTypes } from '../../contracts/names.ts';
import { historyKeyring } from '../support/history-keys.ts';

const folder = fileURLToPath(new URL('../histories', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const sorted = (names: Iterable<string>) => [...new Set(names)].toSorted((a, b) => a.localeCompare(b));

describe('a history that was saved', () => {
  it.each(files)('replays: %s', async (name) => {
    const history = historyFromJSON(JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')));
    const options = {
      workflowBundle: { codePath: inject('workflowBundle') },
      dataConverter: dataConverter(historyKeyring),
    };
    const workflowId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? '';
    await expect(Worker.runReplayHistory(options, history, workflowId)).resolves.toBeUndefined();
  });

  it('exists for every workflow', () => {
    expect(sorted(files.map((name) => name.split('.')[0] ?? ''))).toEqual(sorted(Object.values(workflowTypes)));
  });
});
