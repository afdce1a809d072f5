import { loadKeyring } from '../../adapters/keyring.ts';

/** The key of the saved histories. It is public and protects nothing: those histories are made up. */
export const historyKeyring = loadKeyring({
  env: { MAJORDOMO_KEYS: `histories:${Buffer.alloc(32, 'histories').toString('base64')}` },
  home: '/nonexistent',
});
