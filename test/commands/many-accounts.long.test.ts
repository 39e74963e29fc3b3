// 300 accounts × 17 Regions × 20 hosts: calls counted, and memory as flat as the number of accounts and Regions lets it be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCalls, countCalls, runStatus, startOrganization } from './many-accounts.ts';

const SMALL = { accounts: 30, regions: 17, hosts: 20 };
const WHOLE = { accounts: 300, regions: 17, hosts: 20 };
/** Ten times the hosts, and so much of the memory. */
const MOST_GROWTH = 1.5;

test('accounts: an organization of 102,000 hosts takes hardly more memory than a tenth of it', async (context) => {
  const peaks: number[] = [];
  for (const size of [SMALL, WHOLE]) {
    const lab = await startOrganization(context, size);
    const started = performance.now();
    const { status, lines, peakKib, stderr } = await runStatus(lab, 'ndjson');
    context.diagnostic(
      `${JSON.stringify(size)}: ${Math.round((performance.now() - started) / 1000)} s, ${Math.round(peakKib / 1024)} MiB, ${JSON.stringify(countCalls(lab))}`,
    );
    assert.equal(status, 1, stderr.slice(-2000));
    checkCalls(lab, size);
    assert.ok(lines >= size.accounts * size.regions * size.hosts, `${lines} lines`);
    peaks.push(peakKib);
    await lab.stop();
  }
  const [small = 0, whole = 0] = peaks;
  assert.ok(whole <= small * MOST_GROWTH, `${whole} KiB, ${small} KiB for a tenth`);
});
