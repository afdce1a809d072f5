import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { failureConverter } from '../../adapters/failure-converter.ts';
import { type Keyring, loadKeyring, UnknownKey } from '../../adapters/keyring.ts';
import { dataConverter, payloadCodec, PayloadUnreadable } from '../../adapters/payload-codec.ts';
import { connectTemporal, type TemporalConnection } from '../../adapters/temporal.ts';

const key = (letter: string): string => Buffer.alloc(32, letter).toString('base64');
const keyring = (keys: string): Keyring => loadKeyring({ env: { MAJORDOMO_KEYS: keys }, home: '' });
const oldRing = keyring(`k1:${key('a')}`);
const newRing = keyring(`k2:${key('b')},k1:${key('a')}`);
const first = (payloads: Payload[]): Payload => payloads[0] ?? {};
const plain = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const inClear = (message: Uint8Array): string => Buffer.from(message).toString('latin1');
const bytes = fc.uint8Array({ maxLength: 200 });

describe('payloadCodec', () => {
  const codec = payloadCodec(newRing);

  it('gives back every payload as it was', async () => {
    const metadata = fc.dictionary(fc.string(), bytes);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ metadata, data: bytes }), { maxLength: 4 }), async (payloads) => {
        const back = await codec.decode(await codec.encode(payloads));
        const hex = (value: Uint8Array | null | undefined) => Buffer.from(value ?? []).toString('hex');
        const shape = (list: Payload[]) =>
          list.map(({ metadata: fields, data }) => ({
            data: hex(data),
            metadata: new Map(Object.entries(fields ?? {}).map(([name, value]) => [name, hex(value)])),
          }));
        expect(shape(back)).toEqual(shape(payloads));
      }),
    );
  });

  it('shows neither value nor encoding, only the id of the key, and never the same bytes twice', async () => {
    const [one, two] = await codec.encode([plain('attack at dawn'), plain('attack at dawn')]);
    expect(Object.keys(one?.metadata ?? {})).toEqual(['encoding', 'encryption-key-id']);
    expect(Buffer.from(one?.metadata?.encoding ?? []).toString()).toBe('binary/encrypted');
    expect(Buffer.from(one?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('k2');
    expect(Buffer.from(one?.data ?? []).toString('latin1')).not.toMatch(/attack|json/);
    expect(Buffer.from(one?.data ?? [])).not.toEqual(Buffer.from(two?.data ?? []));
  });

  it('passes plain payloads of the Web UI and the CLI through', async () => {
    const payload = plain({ code: 'ABC' });
    expect(first(await codec.decode([payload]))).toBe(payload);
  });

  it('refuses a payload with any byte changed, or cut', async () => {
    const sealed = first(await codec.encode([plain('attack at dawn')]));
    const data = Buffer.from(sealed.data ?? []);
    await fc.assert(
      fc.asyncProperty(fc.nat(data.length - 1), fc.integer({ min: 1, max: 255 }), async (index, flip) => {
        const changed = Buffer.from(data);
        changed[index] = (changed[index] ?? 0) ^ flip;
        await expect(codec.decode([{ ...sealed, data: changed }])).rejects.toBeInstanceOf(PayloadUnreadable);
        await expect(codec.decode([{ ...sealed, data: data.subarray(0, index) }])).rejects.toBeInstanceOf(
          PayloadUnreadable,
        );
      }),
    );
  });

  it('reads after a rotation what was written before it, and writes with the new key', async () => {
    const before = await payloadCodec(oldRing).encode([plain('kept')]);
    expect(defaultPayloadConverter.fromPayload(first(await codec.decode(before)))).toBe('kept');
    const after = await codec.encode([plain('new')]);
    await expect(payloadCodec(oldRing).decode(after)).rejects.toBeInstanceOf(UnknownKey);
    await expect(payloadCodec(oldRing).decode(after)).rejects.toThrow('"k2" is not in the keyring');
  });
});

describe('failureConverter', () => {
  it('keeps the message of an error that is converted more than once', () => {
    const original = ApplicationFailure.create({ message: 'outer', cause: new Error('inner') });
    const error = failureConverter.failureToError(
      failureConverter.errorToFailure(original, defaultPayloadConverter),
      defaultPayloadConverter,
    );
    for (let round = 0; round < 3; round++) {
      const failure = failureConverter.errorToFailure(error, defaultPayloadConverter);
      expect(JSON.stringify({ ...failure, encodedAttributes: undefined, cause: undefined })).not.toContain('outer');
      const again = failureConverter.failureToError(failure, defaultPayloadConverter);
      expect(again).toMatchObject({ message: 'outer', cause: { message: 'inner' } });
    }
  });
});

describe('with a real server', () => {
  const secret = 'planted-7f3a';
  const taskQueue = `codec-${randomUUID()}`;
  let temporal: TemporalConnection;
  let native: NativeConnection;
  let worker: Worker;
  let running: Promise<void>;

  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const address = inject('temporalAddress');
    const converter = dataConverter(oldRing);
    temporal = await connectTemporal({ address, namespace: 'default', dataConverter: converter });
    native = await NativeConnection.connect({ address });
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../support/workflows-codec.ts', import.meta.url)),
      failureConverterPath: converter.failureConverterPath,
      logger: new DefaultLogger('ERROR'),
    });
    worker = await Worker.create({
      connection: native,
      taskQueue,
      workflowBundle,
      dataConverter: converter,
      activities: { failWith: async (text: string) => Promise.reject(new Error(`activity ${text}`)) },
    });
    running = worker.run();
  });
  afterAll(async () => {
    worker.shutdown();
    await running;
    await native.close();
    await temporal.close();
  });

  it('leaves no plain input, message, stack, memo, summary or detail in the history of a failing workflow', async () => {
    const handle = await temporal.client.workflow.start('failing', {
      taskQueue,
      workflowId: `codec-${randomUUID()}`,
      args: [secret],
      memo: { note: secret },
      staticSummary: `summary ${secret}`,
      staticDetails: `details ${secret}`,
    });
    const failure = await handle.result().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    const cause = failure instanceof WorkflowFailedError ? failure.cause : undefined;
    expect(cause).toMatchObject({
      message: `workflow ${secret}`,
      type: 'Planned',
      details: [secret],
      cause: { cause: { message: `activity ${secret}` } },
    });
    expect(await handle.query('seen')).toBe(`activity ${secret}`);

    const history = inClear(proto.temporal.api.history.v1.History.encode(await handle.fetchHistory()).finish());
    const description = await handle.describe();
    const { DescribeWorkflowExecutionResponse } = proto.temporal.api.workflowservice.v1;
    const raw = inClear(DescribeWorkflowExecutionResponse.encode(description.raw).finish());
    expect(description.memo).toEqual({ note: secret });
    expect(await description.staticSummary()).toBe(`summary ${secret}`);
    for (const text of [history, raw]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain('workflows-codec');
      expect(text).toContain('binary/encrypted');
    }
    expect(history).toContain('Encoded failure');
  });
});
