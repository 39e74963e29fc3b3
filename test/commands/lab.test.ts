import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CliResult, runCli, runLabCli } from '../support/cli.ts';

function makeLabCli(context: TestContext): (line: string) => Promise<CliResult> {
  const dir = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-labdir-'));
  const cli = (line: string) => runLabCli(line, { SSM_KEEPALIVE_LAB_DIR: dir });
  context.after(async () => {
    await cli('lab down');
    rmSync(dir, { recursive: true, force: true });
  });
  return cli;
}

test('lab: up prints what to export, hosts lists three, down ends it, each twice', async (context) => {
  const cli = makeLabCli(context);
  const up = await cli('lab up --idle 5s --policy any --sizes none');
  assert.equal(up.status, 0, up.stderr);
  assert.match(up.stdout, /^export AWS_ENDPOINT_URL_SSM=http:\/\/127\.0\.0\.1:\d+$/m);
  assert.match(up.stderr, /end after 5s without input or output/);
  const again = await cli('lab up');
  assert.equal(again.status, 1);
  assert.match(again.stderr, /already up[\s\S]*lab down/);
  const hosts = await cli('lab hosts --output json');
  assert.equal(JSON.parse(hosts.stdout).isUp, true);
  assert.deepEqual(
    JSON.parse(hosts.stdout).hosts.map(({ tags, python }: { tags: { env: string }; python: boolean }) => [
      tags.env,
      python,
    ]),
    [
      ['dev', true],
      ['dev', true],
      ['prod', false],
    ],
  );
  // 2.5 timeouts of this lab, where no document says another time.
  const { stderr } = await cli('measure i-0123456789abcdef0 --lab --arm nothing');
  assert.match(stderr, /1 session on i-0123456789abcdef0 of the lab[\s\S]*idle timeout: 5s/);
  assert.match((await cli('lab down')).stderr, /the lab is down/);
  assert.match((await cli('lab down')).stderr, /no lab was up/);
});

for (const [line, says] of [
  ['lab', /lab needs to know what to do/],
  ['lab upp', /there is no {2}lab upp[\s\S]*did you mean {2}ssm-keepalive lab up/],
  ['lab up --idle 0', /--idle cannot be "0"/],
  ['lab up --sizes both', /--sizes cannot be "both"\n {2}why: {2}expected changed, every or none/],
  ['lab up --policy sometimes', /--policy cannot be "sometimes"/],
] as const) {
  test(`lab: \`${line}\` is refused`, async () => {
    const result = await runCli(line.split(' '));
    assert.equal(result.status, 2);
    assert.match(result.stderr, says);
  });
}
