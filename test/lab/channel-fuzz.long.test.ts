import { test } from 'node:test';
import { fuzzChannel } from './fuzz-channel.ts';
import { makeFolder } from './test-lab.ts';

const seed = Number(process.env['SSM_KEEPALIVE_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 30));

test('20,000 rounds of bad input harm nobody', async (context) => {
  context.diagnostic(`SSM_KEEPALIVE_FUZZ_SEED=${seed}`);
  context.diagnostic(JSON.stringify(await fuzzChannel(seed, 20_000, makeFolder())));
});
