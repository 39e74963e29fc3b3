import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { LONGEST_POLL_SECONDS } from '../src/fleet/poll-pace.ts';
import { startLab } from '../src/lab/index.ts';
import { countClasses, makeRoughFleet } from '../test/support/rough-fleet.ts';
import type { BenchRow } from './row.ts';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
/** What a page of results costs [the bar's own figure]. */
const PAGE_LATENCY_SECONDS = 0.08;
const CONSISTENCY_SECONDS = 1;
const LONGEST_HOST_SECONDS = 3;
/** The service's least; scaled, so that hosts that are away end after 15 s. */
const DELIVERY_SECONDS = 30;
const TIMEOUT_SCALE = 0.5;

const PROFILES = { dev: '111111111111', prod: '222222222222' };
const REGIONS = ['us-east-1', 'eu-west-1', 'ap-south-1'];
const PLACES = Object.values(PROFILES).flatMap((account) => REGIONS.map((region) => ({ account, region })));

interface Plan {
  readonly name: string;
  /** In each place. */
  readonly size: number;
  readonly places: readonly { readonly account: string; readonly region: string }[];
  /** The share of calls that the service refuses for being too many. */
  readonly throttledShare: number;
}

const one = PLACES.slice(0, 1);
const PLANS: readonly Plan[] = [
  { name: '100', size: 100, places: one, throttledShare: 0 },
  { name: '1,000', size: 1000, places: one, throttledShare: 0 },
  { name: '10,000', size: 10_000, places: one, throttledShare: 0 },
  { name: '6 × 100 (2 profiles × 3 Regions)', size: 100, places: PLACES, throttledShare: 0 },
  { name: '6 × 1,000 (2 profiles × 3 Regions)', size: 1000, places: PLACES, throttledShare: 0 },
  { name: '100, a tenth of calls throttled', size: 100, places: one, throttledShare: 0.1 },
  { name: '1,000, a tenth of calls throttled', size: 1000, places: one, throttledShare: 0.1 },
  { name: '10,000, a tenth of calls throttled', size: 10_000, places: one, throttledShare: 0.1 },
];

interface Run {
  readonly plan: Plan;
  /** Those that the service took. */
  readonly calls: number;
  readonly polls: number;
  readonly refusals: number;
  readonly peakMiB: number;
  /** From the end of the last host to the end of the command. */
  readonly reportSeconds: number;
}

// The peak of a child is known to whoever waits for it, and Node cannot ask.
const MEASURE = `
import collections, json, resource, subprocess, sys, time
child = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
ended = time.time()
kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
sys.stderr.write(child.stderr.decode()[-2000:] if child.returncode not in (0, 1) else '')
report = json.loads(child.stdout)
classes = collections.Counter(one['class'] for one in report['instances'])
print(json.dumps({'code': child.returncode, 'ended': ended, 'kib': kib, 'classes': classes, 'missing': report['missingCount']}))
`;

interface Measured {
  readonly code: number;
  /** Seconds since 1970. */
  readonly ended: number;
  readonly kib: number;
  readonly classes: Record<string, number>;
  readonly missing: number;
}

function runMeasured(argv: readonly string[], env: Record<string, string>): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const options = { env: { PATH: process.env['PATH'] ?? '', ...env }, encoding: 'utf8' } as const;
    execFile('python3', ['-c', MEASURE, ...argv], options, (error, stdout, stderr) => {
      if (error || stderr) reject(error ?? new Error(stderr));
      else resolve(JSON.parse(stdout));
    });
  });
}

const keyOf = (profile: string) => `AKIA${profile.toUpperCase()}`;

function writeProfiles(path: string, secretOf: (accessKeyId: string) => string): void {
  const profiles = Object.keys(PROFILES).map(
    (name) =>
      `[profile ${name}]\naws_access_key_id = ${keyOf(name)}\naws_secret_access_key = ${secretOf(keyOf(name))}\n`,
  );
  writeFileSync(path, profiles.join(''));
}

/** One install on one fleet. @throws where any host's verdict is not the right one: a figure of a wrong run says nothing. */
async function measureFleet(plan: Plan): Promise<Run> {
  const { size, places, throttledShare } = plan;
  const dir = mkdtempSync(join(tmpdir(), 'ssm-keepalive-bench-'));
  const config = join(dir, 'aws-config');
  const lab = await startLab({
    dir,
    hosts: places.flatMap((place, digit) => makeRoughFleet(size, LONGEST_HOST_SECONDS, { ...place, digit })),
    accounts: Object.entries(PROFILES).map(([name, id]) => ({ id, accessKeyId: keyOf(name) })),
    pageLatencySeconds: PAGE_LATENCY_SECONDS,
    consistencySeconds: CONSISTENCY_SECONDS,
    timeoutScale: TIMEOUT_SCALE,
    port: 0,
  });
  writeProfiles(config, (key) => lab.door.credentials(key).secretAccessKey);
  lab.faults.throttle(throttledShare, 11);
  try {
    const regions = [...new Set(places.map(({ region }) => region))];
    const several = regions.length > 1;
    const argv = [
      process.execPath,
      CLI,
      'install',
      ...['--tag', 'env=dev', '--yes', '--no-canary', '--no-restart', '--output', 'json'],
      ...['--max-concurrency', '100%', '--max-errors', '100%', '--timeout', String(DELIVERY_SECONDS)],
      ...(several ? Object.keys(PROFILES) : ['dev']).flatMap((name) => ['--profile', name]),
      ...regions.flatMap((name) => ['--region', name]),
    ];
    const measured = await runMeasured(argv, {
      AWS_CONFIG_FILE: config,
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
      AWS_ENDPOINT_URL_SSM: lab.endpoint,
      AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: lab.endpoint,
    });
    const { requests } = lab;
    await lab.stop();
    checkVerdicts(plan, measured);
    const answered = requests.filter(({ error }) => error !== 'ThrottlingException');
    return {
      plan,
      calls: answered.length,
      polls: answered.filter(({ operation }) => operation === 'ListCommands').length,
      refusals: requests.length - answered.length,
      peakMiB: measured.kib / 1024,
      reportSeconds: measured.ended - readLastEnd(dir) / 1000,
    };
  } finally {
    await lab.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function checkVerdicts({ name, size, places }: Plan, { code, classes, missing }: Measured): void {
  const expected = Object.fromEntries(
    Object.entries(countClasses(size)).map(([kind, count]) => [kind, count * places.length]),
  );
  if (code === 1 && missing === 0 && isDeepStrictEqual({ ...classes }, expected)) return;
  throw new Error(`install on ${name} ended with ${code}, ${missing} missing: ${JSON.stringify(classes)}`);
}

/** When the last host ended, from what the lab wrote down; milliseconds since 1970. */
function readLastEnd(dir: string): number {
  const records = readdirSync(dir).filter((name) => /^records.*\.json$/.test(name));
  return records
    .flatMap((name) => {
      const { commands } = JSON.parse(readFileSync(join(dir, name), 'utf8')) as {
        commands: { invocations: { endedAt: number }[] }[];
      };
      return commands.flatMap(({ invocations }) => invocations);
    })
    .reduce((last, { endedAt }) => Math.max(last, endedAt), 0);
}

/** Installs on fleets of synthetic hosts through the command line: calls, memory, and how soon the report comes. */
export async function benchFleet(): Promise<BenchRow[]> {
  const runs: Run[] = [];
  for (const plan of PLANS) runs.push(await measureFleet(plan));
  const smallest = runs[0]!;
  return runs.flatMap((run) => [...describeRun(run, smallest), ...compareThrottled(run, runs)]);
}

/** The same fleet with no call refused, in the same bench. */
function compareThrottled({ plan, reportSeconds }: Run, runs: readonly Run[]): BenchRow[] {
  const { size, places, throttledShare } = plan;
  const unthrottled = runs.find(
    (run) => run.plan.size === size && run.plan.places === places && run.plan.throttledShare === 0,
  );
  if (throttledShare === 0 || !unthrottled) return [];
  const ratio = reportSeconds / unthrottled.reportSeconds;
  return [
    {
      figure: `fleet of ${plan.name}: last host to report, against none throttled`,
      measured: `${reportSeconds.toFixed(1)} s, ${unthrottled.reportSeconds.toFixed(1)} s`,
      ratio,
      bar: '≤ 1.3 ×',
      isMet: ratio <= 1.3,
    },
  ];
}

function describeRun(
  { plan, calls, polls, refusals, peakMiB, reportSeconds }: Run,
  smallest: Run,
): BenchRow[] {
  const { name, places, size } = plan;
  // Accounts work side by side: their calls add up, their pages do not.
  const pages = Math.ceil(size / 50);
  const mostCalls = places.length * (4 + pages) + polls;
  const latest = LONGEST_POLL_SECONDS + pages * PAGE_LATENCY_SECONDS;
  const refused = refusals > 0 ? `, ${refusals} more refused` : '';
  return [
    {
      figure: `fleet of ${name}: API calls`,
      measured: `${calls}, of them ${polls} polls${refused}`,
      ratio: calls / mostCalls,
      bar:
        places.length > 1
          ? `≤ ${places.length} × (4 + ${pages} pages) + polls`
          : `≤ 4 + ${pages} pages + polls`,
      isMet: calls <= mostCalls,
    },
    {
      figure: `fleet of ${name}: last host to report`,
      measured: `${reportSeconds.toFixed(1)} s`,
      ratio: reportSeconds / latest,
      bar: '≤ one poll + pages × 80 ms',
      isMet: reportSeconds <= latest,
    },
    {
      figure: `fleet of ${name}: peak memory of the CLI`,
      measured: `${peakMiB.toFixed(0)} MiB`,
      ratio: peakMiB / smallest.peakMiB,
      bar: '≤ 1.3 × that of 100',
      isMet: peakMiB / smallest.peakMiB <= 1.3,
    },
  ];
}
