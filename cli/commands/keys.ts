import { parseResponse } from '../../client/index.ts';
import { scopes } from '../../contracts/api.ts';
import { visible } from '../../contracts/card.ts';
import { ask } from '../ask.ts';
import { allKeys, durationIn, expiryIn, keepOwn, keyId, keyLines, scopesIn, showSecret } from '../keys.ts';
import { recoverTheKey } from '../recover-key.ts';
import { shortId } from '../short-id.ts';
import { type Command, type CommandGroup, jsonFlag } from './command.ts';

const idOf = ['<id>', 'of the key; its first digits will do'] as const;
const expires = ['--expires <when>', 'a time from now such as 90d, or a date such as 2027-01-31'] as const;

const list: Command = {
  name: 'list',
  summary: 'show the keys, newest first; never their secrets, which nobody has',
  flags: [jsonFlag],
  run: (context, { flags }) =>
    ask(context, { json: flags['json'] === true }, async ({ house }) => {
      const keys = await allKeys(house);
      if (flags['json']) context.out(JSON.stringify({ keys }));
      else for (const line of keyLines(keys)) context.out(line);
      return 0;
    }),
};

const create: Command = {
  name: 'create',
  summary: 'make a key; its secret goes to stdout, alone and once',
  takes: [['<name>', 'who or what has it, such as phone']],
  flags: [jsonFlag, ['--scope <scopes...>', `what it may do, of ${scopes.join(', ')}`], expires],
  run: (context, { flags, args: [name = ''] }) => {
    const json = { name, ...scopesIn(flags['scope']), ...expiryIn(flags['expires']) };
    return ask(context, { json: flags['json'] === true }, async ({ house }) => {
      showSecret(context, await parseResponse(house.keys.$post({ json })), flags['json'] === true);
      return 0;
    });
  },
};

const rotate: Command = {
  name: 'rotate',
  summary: 'put a new key into the place of an old one; its secret goes to stdout, alone and once',
  takes: [idOf],
  flags: [jsonFlag, expires, ['--old-valid <duration>', 'for how long the old one still works, such as 1h']],
  run: (context, { flags, args: [given] }) => {
    const oldValid = flags['oldValid'];
    const grace = typeof oldValid === 'string' ? { old_valid_seconds: durationIn('--old-valid', oldValid) / 1000 } : {};
    const json = { ...expiryIn(flags['expires']), ...grace };
    return ask(context, { json: flags['json'] === true }, async (asking) => {
      const id = await keyId(asking.house, given);
      const made = await parseResponse(asking.house.keys[':id'].rotate.$post({ param: { id }, json }));
      showSecret(context, made, flags['json'] === true);
      keepOwn(context, asking, made);
      return 0;
    });
  },
};

const revoke: Command = {
  name: 'revoke',
  summary: 'end a key at once',
  takes: [idOf],
  flags: [jsonFlag],
  run: (context, { flags, args: [given] }) =>
    ask(context, { json: flags['json'] === true }, async ({ house }) => {
      const id = await keyId(house, given);
      const key = await parseResponse(house.keys[':id'].revoke.$post({ param: { id } }));
      context.out(flags['json'] ? JSON.stringify({ key }) : `Key ${shortId(id)} (${visible(key.name)}) has ended.`);
      return 0;
    }),
};

const recover: Command = {
  name: 'recover',
  summary: 'put a new key into the state folder when the one there is lost or has ended',
  flags: [jsonFlag],
  run: async (context, { flags }) => {
    const { file, made } = await recoverTheKey(context);
    if (flags['json']) context.out(JSON.stringify({ file, made }));
    else if (made) context.out(`${file} holds a new key with all scopes.`);
    else context.out(`The key in ${file} works: nothing was done.`);
    if (made)
      context.say('Keys of before that have not ended still work; to look and end them: npx majordomo keys list');
    return 0;
  },
};

export const keysCommand: CommandGroup = {
  name: 'keys',
  summary: 'the keys of the API: list, create, rotate, revoke, recover',
  commands: [list, create, rotate, revoke, recover],
};
