import type { Reader } from '../../contracts/reader.ts';
import { readList } from './read-list.ts';

const nothing = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

/** The reader of a house without a model: plain English lists, the same answer every time, no tokens. */
export function createOfflineReader(): Reader {
  return {
    label: 'offline',
    read: async ({ body, openQuestions }) => {
      const extraction = readList(body, openQuestions);
      return { extraction, usage: nothing, model: 'offline', raw: JSON.stringify(extraction) };
    },
  };
}
