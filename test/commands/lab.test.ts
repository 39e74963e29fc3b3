import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CliResult, runCli, runLabCli } from '../support/cli.ts';

type LabCli = (line: string, env?: Record<string, string>) => Promise<CliResult>;

function makeLabCli(context: TestContext): LabCli {
  const dir = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-labdir-'));
  const cli: LabCli = (line, env) => runLabCli(line, { SSM_KEEPALIVE_LAB_DIR: dir, ...env });
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
  const again = await cli('lab up --idle 9s');
  assert.equal(again.status, 1);
  assert.match(again.stderr, /already up[\s\S]*lab down/);
  const same = await cli('lab up');
  assert.deepEqual([same.status, same.stdout], [0, up.stdout], same.stderr);
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
  const variables = Object.fromEntries(
    [...up.stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  await checkAdvice(cli, variables);
  assert.match((await cli('lab down')).stderr, /the lab is down; its hosts stay \(--forget deletes them\)/);
  const { stderr: down } = await cli('status --all', variables);
  assert.match(
    down,
    /could not be reached[\s\S]*next: if that was a lab: {2}eval "\$\(ssm-keepalive lab up\)"/,
  );
  assert.match((await cli('lab down')).stderr, /no lab was up/);
});

test('lab down --forget deletes what a lab has made, and nothing else', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-forget-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const forget = (dir: string) => runLabCli('lab down --forget', { SSM_KEEPALIVE_LAB_DIR: dir });
  const make = (name: string, entries: readonly string[]) => {
    const dir = join(folder, name);
    for (const entry of entries) {
      mkdirSync(dirname(join(dir, entry)), { recursive: true });
      writeFileSync(join(dir, entry), '');
    }
    return dir;
  };
  const other = make('other', ['thesis.txt', 'hosts/list']);
  const { status, stderr } = await forget(other);
  assert.equal(status, 1);
  assert.match(stderr, /nothing was deleted\n {2}why: {2}.*other is no folder of a lab\n {2}next: /);
  assert.deepEqual(readdirSync(other, { recursive: true }).sort(), ['hosts', 'hosts/list', 'thesis.txt']);

  const parts = [
    'inventory.json',
    'hosts/web-1/tree/etc/passwd',
    'program/machine.js',
    'lab.log',
    'alarms.json',
  ];
  const records = ['records.json', 'records-123456789012-eu-west-1.json'];
  const lab = make('lab', [...parts, ...records, 'notes.txt']);
  assert.equal((await forget(lab)).status, 0);
  assert.deepEqual(readdirSync(lab), ['notes.txt']);
  const home = dirname(dirname(make('ssm-keepalive/lab', parts)));
  assert.equal((await runLabCli('lab down --forget', { XDG_STATE_HOME: home })).status, 0);
  assert.equal(existsSync(join(home, 'ssm-keepalive')), false, 'the folder above, which is ours');
  const plain = make('plain', parts);
  assert.equal((await forget(plain)).status, 0);
  assert.equal(existsSync(plain), false);
  // What was linked there is somebody else's.
  const linked = make('linked', ['inventory.json']);
  symlinkSync(other, join(linked, 'hosts'));
  assert.equal((await forget(linked)).status, 0);
  assert.equal(readdirSync(other).length, 2);
  if (process.getuid?.() !== 0) return;
  const foreign = make('foreign', ['inventory.json']);
  chownSync(foreign, 1001, 1001);
  assert.match((await forget(foreign)).stderr, /belongs to another user/);
});

/** The lab's variables lead to it without --lab: no advice sends people to look for an account or a Region. */
async function checkAdvice(cli: LabCli, variables: Record<string, string>): Promise<void> {
  const nobody = 'i-0123456789abcdef0';
  for (const [line, says] of [
    ['status --tag env=dve', /did you mean --tag env=dev\? If not, look with {2}ssm-keepalive lab hosts/],
    [`status -i ${nobody}`, /next: look with {2}ssm-keepalive lab hosts/],
    [`status -i ${nobody} i-0aaaaaaaaaaaaaaa1`, /next: look with {2}ssm-keepalive lab hosts/],
    [`doctor ${nobody}`, /next: look with {2}ssm-keepalive lab hosts/],
    ['doctor web-1 --region eu-west-1', /next: look with {2}ssm-keepalive lab hosts/],
    [
      `measure ${nobody} --arm nothing`,
      /of the lab[\s\S]*no session could be opened[\s\S]*next: look with {2}ssm-keepalive doctor i-0123456789abcdef0\n/,
    ],
    ['install web-1', /comes too late for the lab’s idle timeout/],
  ] as const) {
    const { status, stdout, stderr } = await cli(line, variables);
    assert.equal(status, 1, line);
    assert.match(stdout + stderr, says, line);
    assert.doesNotMatch(stdout + stderr, /--region|--profile/, line);
  }
  const stale = { ...variables, AWS_SECRET_ACCESS_KEY: 'of-an-earlier-start' };
  const { stderr } = await cli('status --all', stale);
  assert.match(stderr, /started again[\s\S]*next: set them again: {2}eval "\$\(ssm-keepalive lab up\)"/);
}

for (const [line, says] of [
  ['lab', /lab needs to know what to do/],
  ['lab strat', /there is no {2}lab strat[\s\S]*did you mean {2}ssm-keepalive lab up/],
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
