import type { ResponseParameters } from '@grammyjs/types';

/** The Bot API says no, as Telegram words it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly code: number,
    description: string,
    readonly parameters: ResponseParameters = {},
  ) {
    super(description);
  }
}

export const badRequest = (words: string): Refusal => new Refusal(400, `Bad Request: ${words}`);
