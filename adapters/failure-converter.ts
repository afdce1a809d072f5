import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts messages and stacks of failures where the payload codec encrypts them. Temporal loads this file by its path, in
 * processes with and without a TypeScript loader and inside the workflow bundle: so it has no type syntax.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });

// The SDK (1.23) encodes into the failure that a decoded error carries, so the same error converted a second time would
// have lost its message: give it a copy.
const inner = failureConverter.errorToFailureInner.bind(failureConverter);
failureConverter.errorToFailureInner = (error, payloadConverter, context) => ({
  ...inner(error, payloadConverter, context),
});
