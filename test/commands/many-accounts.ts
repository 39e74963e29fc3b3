// An organization of so many accounts, Regions and hosts, and what one `status` of all of it comes to.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { AccountSpec, HostSpec, Lab } from '../../src/lab/index.ts';
import { DEFAULT_REGIONS } from '../../src/lab/options.ts';
import { line } from '../fleet/push-rig.ts';
import { CLI, USER_ENV } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

export interface Size {
  readonly accounts: number;
  readonly regions: number;
  readonly hosts: number;
}

const MANAGER = '123456789012';
const ROLE = { name: 'fleet-reader' };
const FLAGS = `--organization --role ${ROLE.name} --all-regions --exclude ${MANAGER}`;

const INSTALLED = line({
  verdict: 'status',
  state: 'installed',
  version: '0.1.0',
  digest: 'a'.repeat(64),
  keeper: 'relay',
  entries: { env: 'live', profile: 'live' },
  sessions: [],
});

/** Besides those of the size: one account without the role, one that refuses, and in each Region one host that is offline. */
export async function startOrganization(context: TestContext, size: Size): Promise<Lab> {
  const regions = DEFAULT_REGIONS.slice(0, size.regions);
  const ids = Array.from({ length: size.accounts }, (_, index) => String(200_000_000_000 + index));
  const accounts: AccountSpec[] = [
    ...ids.map((id) => ({ id, role: ROLE, regions })),
    { id: '900000000001' },
    { id: '900000000002', role: ROLE, regions, refusal: 'AccessDeniedException' },
  ];
  const places = ids.flatMap((account) => regions.map((region) => ({ account, region })));
  const hosts = places.flatMap(({ account, region }, at): HostSpec[] =>
    Array.from({ length: size.hosts }, (_, index) => ({
      name: `host-${index}`,
      id: `i-${(at * size.hosts + index).toString(16).padStart(17, '0')}`,
      account,
      region,
      tags: { env: 'dev' },
      synthetic: at < regions.length && index === 0 ? { outcome: 'Undeliverable' } : { stdout: INSTALLED },
    })),
  );
  return startTestLab(context, { hosts, accounts, consistencySeconds: 0 });
}

export const statusOf = (output: string) => `status --tag env=dev ${FLAGS} --output ${output}`.split(' ');

export interface Ran {
  readonly status: number | null;
  readonly stderr: string;
  readonly lines: number;
  readonly peakKib: number;
}

/** The built command line, as a process of its own; how much memory it took at most. */
export async function runStatus(lab: Lab, output: string): Promise<Ran> {
  const words = statusOf(output);
  const report =
    'import("node:fs").then((fs)=>process.on("exit",()=>fs.writeSync(3,String(process.resourceUsage().maxRSS))))';
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(report)}`, CLI, ...words],
    { env: { ...USER_ENV, ...lab.env }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  );
  const said = { stderr: '', peak: '' };
  let lines = 0;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    lines += text.split('\n').length - 1;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  child.stdio[3]?.on('data', (text: Buffer) => {
    said.peak += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stderr: said.stderr, lines, peakKib: Number(said.peak) };
}

/** How often each operation was called, failed ones too. */
export function countCalls(lab: Lab): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation } of lab.requests) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}

/** One role and one list of Regions an account; in each Region one look, one command, its pages and what names the hosts. */
export function checkCalls(lab: Lab, { accounts, regions, hosts }: Size): void {
  const places = accounts * regions;
  const { ListCommands: polls = 0, ...calls } = countCalls(lab);
  const pages = Math.ceil(hosts / 50);
  assert.equal(calls['AssumeRole'], accounts + 2);
  assert.equal(calls['listRegions'], accounts + 1);
  assert.equal(calls['ListAccounts'], Math.ceil((accounts + 3) / 20));
  assert.equal(calls['SendCommand'], places);
  assert.ok(polls <= places * 6, `${polls} polls of ${places} commands`);
  assert.ok((calls['ListCommandInvocations'] ?? 0) <= places * pages * 2, JSON.stringify(calls));
  assert.ok((calls['DescribeInstanceInformation'] ?? 0) <= places * (1 + pages), JSON.stringify(calls));
}
