import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzChannel } from './fuzz-channel.ts';
import { makeFolder } from './test-lab.ts';

const rounds = Number(process.env['SSM_KEEPALIVE_FUZZ_ROUNDS'] ?? 300);
const seed = Number(process.env['SSM_KEEPALIVE_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 30));

test('whatever a client sends, only its own session can be closed by it, and with a reason', async (context) => {
  context.diagnostic(`SSM_KEEPALIVE_FUZZ_SEED=${seed}`);
  const report = await fuzzChannel(seed, rounds, makeFolder());
  assert.equal(report.rounds, rounds);
  // Random input that never meets a rule would show nothing.
  if (rounds >= 300) assert.ok(report.closed > 50 && report.lived > 20, JSON.stringify(report));
});
