import type Anthropic from '@anthropic-ai/sdk';
import { extractionSchema, verifySpans, type Extraction } from '../../contracts/extraction.ts';
import { ModelError, type TokenUsage } from '../../contracts/reader.ts';
import { malformed } from './errors.ts';
import { toolName } from './request.ts';

/** Longest answer that is kept, in UTF-16 code units: far above what the request's `max_tokens` allow. */
const longestAnswer = 200_000;

/** What has arrived of an answer. */
export interface Answer {
  readonly usage: TokenUsage | null;
  readonly begun: boolean;
  take(event: Anthropic.MessageStreamEvent): void;
  /** The finished answer; throws ModelError `malformed` when it is cut or not what was asked for, `refused` when declined. */
  finish(body: string): { extraction: Extraction; usage: TokenUsage; model: string; raw: string };
}

const count = (value: number | null | undefined, before: number) => value ?? before;

/** Puts an answer together from its events. */
export function createAnswer(): Answer {
  let usage: TokenUsage | null = null;
  let model = '';
  let tool: string | null = null;
  let json = '';
  let stopReason: string | null = null;
  let stopped = false;

  const fail = (what: string) => malformed(what, usage);
  const used = (said: Anthropic.MessageDeltaUsage | Anthropic.Usage): TokenUsage => ({
    inputTokens: count(said.input_tokens, usage?.inputTokens ?? 0),
    outputTokens: count(said.output_tokens, usage?.outputTokens ?? 0),
    cacheReadTokens: count(said.cache_read_input_tokens, usage?.cacheReadTokens ?? 0),
    cacheWriteTokens: count(said.cache_creation_input_tokens, usage?.cacheWriteTokens ?? 0),
  });
  const take = (event: Anthropic.MessageStreamEvent) => {
    if (event.type === 'message_start') {
      model = event.message.model;
      usage = used(event.message.usage);
    } else if (event.type === 'content_block_start' && event.content_block.type === 'tool_use') {
      if (tool !== null) throw fail('uses more than one tool');
      tool = event.content_block.name;
    } else if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta') {
      json += event.delta.partial_json;
      if (json.length > longestAnswer) throw fail('is too long');
    } else if (event.type === 'message_delta') {
      stopReason = event.delta.stop_reason;
      usage = used(event.usage);
    } else if (event.type === 'message_stop') stopped = true;
  };
  const finish = (body: string) => {
    if (!stopped || usage === null) throw fail('was cut');
    if (stopReason === 'refusal') {
      throw new ModelError('The model declined to read this message.', { kind: 'refused', retryable: false, usage });
    }
    if (stopReason === 'max_tokens') throw fail('is longer than it may be');
    if (tool !== toolName) throw fail(tool === null ? 'uses no tool' : 'uses a tool that it does not have');
    const extraction = extractionSchema.safeParse(parsed(json));
    if (!extraction.success)
      throw fail(`does not fit its form at "${extraction.error.issues[0]?.path.join('.') ?? ''}"`);
    return { extraction: verifySpans(body, extraction.data), usage, model, raw: json };
  };
  return {
    get usage() {
      return usage;
    },
    get begun() {
      return usage !== null;
    },
    take,
    finish,
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
