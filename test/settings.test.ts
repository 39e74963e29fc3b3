import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { manifestSettings } from '../src/bundle/manifest.ts';
import { parseDuration } from '../src/duration.ts';
import { UsageError } from '../src/errors.ts';
import { FLAGS, type RawFlags, variableName } from '../src/settings/flags.ts';
import { tellInstall } from '../src/settings/keeper-flags.ts';
import { readSettings, requireTargets } from '../src/settings/settings.ts';

/** What each bad command line is told: the flag it names, what was expected, what came. */
const REFUSED: readonly (readonly [flags: RawFlags, says: RegExp])[] = [
  [{ tag: ['env'] }, /--tag cannot be "env": expected KEY=VALUE/],
  [{ tag: ['=dev'] }, /--tag cannot be "=dev": expected KEY=VALUE/],
  [{ tag: ['env=dev '] }, /--tag cannot be "env=dev "/],
  [{ tag: ['Key=PlatformTypes,Values=Linux'] }, /--tag cannot be "Key=PlatformTypes/],
  [{ tag: ['env='] }, /--tag cannot be "env=": expected KEY=VALUE/],
  [{ tag: ['env=a,,b'] }, /--tag cannot be "env=a,,b"/],
  [{ tag: ['a=1', 'b=1', 'c=1', 'd=1', 'e=1', 'f=1'] }, /--tag names 6 keys: the service takes at most 5/],
  [{ tag: ['env=a', 'env=b'] }, /--tag names the key "env" twice/],
  [{ tag: ['env=$(reboot)'] }, /--tag cannot be "env=\$\(reboot\)"/],
  [{ tag: ['env={{ssm:x}}'] }, /--tag cannot be/],
  [{ tag: [`env=${'x'.repeat(257)}`] }, /--tag cannot be/],
  [{ tag: [`env=${Array.from({ length: 51 }, (_, n) => n).join(',')}`] }, /51 values.*at most 50/],
  [{ tag: ['env=a'], 'instance-id': ['i-0123456789abcdef0'] }, /--tag and --instance-id were both given/],
  [{ 'instance-id': ['web-1'] }, /--instance-id cannot be "web-1": expected an instance id/],
  [{ 'instance-id': ['i-123'] }, /--instance-id cannot be "i-123"/],
  [{ 'instance-id': ['i-0123456789abcdef0\nx'] }, /--instance-id cannot be/],
  [{ interval: '0' }, /--interval cannot be "0": expected a time from 1s to 3300s/],
  [{ interval: '3301' }, /--interval cannot be "3301"/],
  [{ interval: '-1' }, /--interval cannot be "-1"/],
  [{ interval: '4.5' }, /--interval cannot be "4.5"/],
  [{ interval: 'soon' }, /--interval cannot be "soon"/],
  [{ interval: ['45', '60'] }, /--interval was given 2 times: it takes one value/],
  [{ interval: '1141' }, /--interval 1141s is too long: .*20m, the default, expected at most 1140s/],
  [{ interval: '1800', 'idle-timeout': '20' }, /--interval 30m is too long/],
  [{ 'idle-timeout': '61' }, /--idle-timeout cannot be "61": expected a time from 1 to 60 minutes/],
  [{ 'max-idle': '30', interval: '45' }, /--max-idle 30s is shorter than --interval 45s/],
  [{ 'max-idle': '0' }, /--max-idle cannot be "0"/],
  [{ 'max-idle': '19', interval: '1' }, /--max-idle cannot be "19": expected a time from 20s to 365d/],
  [{ 'max-concurrency': '0' }, /--max-concurrency cannot be "0": expected a number from 1/],
  [{ 'max-concurrency': '101%' }, /--max-concurrency cannot be "101%"/],
  [{ 'max-concurrency': '010' }, /--max-concurrency cannot be "010"/],
  [{ 'max-errors': '-1' }, /--max-errors cannot be "-1"/],
  [{ 'max-errors': 'none' }, /--max-errors cannot be "none"/],
  [{ 'delivery-timeout': '29' }, /--delivery-timeout cannot be "29": expected a time from 30s/],
  [{ 'delivery-timeout': '31d' }, /--delivery-timeout cannot be "31d"/],
  [{ 'command-id': 'abc' }, /--command-id cannot be "abc"/],
  [{ keeper: 'tmux' }, /--keeper cannot be "tmux": expected auto, relay or prompt/],
  [{ scope: 'everything' }, /--scope cannot be "everything"/],
  [{ entry: ['env,bashrc'] }, /--entry cannot be "bashrc"/],
  [{ output: 'yaml' }, /--output cannot be "yaml": expected table, json or ndjson/],
  [{ region: 'EU Central' }, /--region cannot be "EU Central"/],
  [{ profile: 'a\nb' }, /--profile cannot be "a\\nb"/],
  [{ 'endpoint-url': 'localhost:4566' }, /--endpoint-url cannot be "localhost:4566"/],
  [{ 'endpoint-url': 'file:///etc/passwd' }, /--endpoint-url cannot be/],
  [
    { 'endpoint-url': 'https://me:word@x@example.com' },
    /--endpoint-url cannot be "https:\/\/…@example.com":/,
  ],
];

for (const [flags, says] of REFUSED) {
  test(`settings: ${JSON.stringify(flags).slice(0, 90)} is refused before anything is sent`, () => {
    assert.throws(
      () => readSettings(flags),
      (error: unknown) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, says);
        assert.equal(error.exitStatus, 2);
        assert.notEqual(error.next, '');
        return true;
      },
    );
  });
}

test('settings: a variable of a flag that can be repeated takes spaces between its values', () => {
  const { profiles, regions } = readSettings(
    {},
    { SSM_KEEPALIVE_PROFILE: 'dev prod', SSM_KEEPALIVE_REGION: 'eu-west-1,us-east-1 eu-north-1' },
  ).common;
  assert.deepEqual(profiles, ['dev', 'prod']);
  assert.deepEqual(regions, ['eu-west-1', 'us-east-1', 'eu-north-1']);
  // What has a space in it is one value everywhere else.
  assert.deepEqual(readSettings({ profile: ['my own', 'prod'] }).common.profiles, ['my own', 'prod']);
});

test('settings: the variable of a removed flag is refused', () => {
  for (const value of ['override', 'respect'])
    assert.throws(
      () => readSettings({}, { SSM_KEEPALIVE_TMOUT: value }),
      (error: UsageError) =>
        error.code === 'removed-flag' &&
        /^SSM_KEEPALIVE_TMOUT is no longer/.test(error.what) &&
        error.next === 'leave SSM_KEEPALIVE_TMOUT out',
    );
});

test('settings: a near miss is told the nearest value', () => {
  assert.throws(
    () => readSettings({ keeper: 'relya' }),
    (error: UsageError) => /did you mean --keeper relay/.test(error.next),
  );
});

/** What is given, and the whole value that is told. */
const NEARLY: readonly (readonly [RawFlags, string])[] = [
  [{ arm: ['nothing,keepr'] }, 'did you mean --arm nothing,keeper?'],
  [{ arm: ['nothing', 'keepr'] }, 'did you mean --arm nothing,keeper?'],
  [{ entry: ['env,profle,rc'] }, 'did you mean --entry env,profile,rc?'],
  [{ interval: '4S' }, 'write --interval 4s'],
  [{ interval: '45 sec' }, 'write --interval 45s'],
  [{ 'max-idle': '2hours' }, 'write --max-idle 2h'],
  [{ 'max-idle': '20 Minutes' }, 'write --max-idle 20m'],
  [{ interval: '4ms' }, 'give --interval 45s or 20m: a whole number and s, m, h or d'],
];

test('settings: a near miss is told the whole value, with what was right in it', () => {
  for (const [given, next] of NEARLY)
    assert.throws(
      () => readSettings(given),
      (error: UsageError) => error.next === next || assert.fail(`${JSON.stringify(given)}: ${error.next}`),
    );
});

test('settings: no target at all is refused, a command id alone is enough', () => {
  assert.throws(() => requireTargets(readSettings({})), /no target/);
  requireTargets(readSettings({ 'command-id': '01234567-0123-0123-0123-0123456789ab' }));
});

test('settings: an interval above 1140 s is taken when the account’s longer timeout is said', () => {
  assert.equal(readSettings({ interval: '30m', 'idle-timeout': '60' }).keeper.intervalSeconds, 1800);
});

test('settings: a variable stands in for a flag, the flag wins, and a bad variable is named', () => {
  assert.equal(readSettings({}, { SSM_KEEPALIVE_INTERVAL: '60' }).keeper.intervalSeconds, 60);
  assert.equal(readSettings({ interval: '30' }, { SSM_KEEPALIVE_INTERVAL: '60' }).keeper.intervalSeconds, 30);
  assert.throws(
    () => readSettings({}, { SSM_KEEPALIVE_INTERVAL: 'x' }),
    /SSM_KEEPALIVE_INTERVAL cannot be "x"/,
  );
  assert.throws(
    () => readSettings({}, { SSM_KEEPALIVE_LAB: 'maybe' }),
    /SSM_KEEPALIVE_LAB cannot be "maybe"/,
  );
  assert.equal(readSettings({}, { SSM_KEEPALIVE_NO_RESTART: '1' }).keeper.restart, false);
  assert.deepEqual(readSettings({}, { SSM_KEEPALIVE_TAG: 'env=dev role=web' }).targets.tags, [
    { key: 'env', values: ['dev'] },
    { key: 'role', values: ['web'] },
  ]);
});

test('settings: a target on the command line stands alone, and other commands’ variables are not read', () => {
  const settings = readSettings(
    { 'instance-id': ['i-0123456789abcdef0'] },
    { SSM_KEEPALIVE_TAG: 'env=prod' },
  );
  assert.deepEqual(settings.targets.tags, []);
  readSettings({}, { SSM_KEEPALIVE_MAX_IDLE: 'bogus' }, ['Targets', 'Common']);
});

test('settings: every flag that takes a value has a variable of its own that is read', () => {
  for (const flag of FLAGS.filter(({ kind }) => kind !== 'switch')) {
    assert.throws(
      () => readSettings({}, { [variableName(flag.name)]: '\u0001' }),
      (error: Error) => error.message.startsWith(variableName(flag.name)),
      flag.name,
    );
  }
});

test('settings: the result is complete and frozen all the way down', () => {
  const settings = readSettings({ tag: ['env=dev,test'] });
  assert.throws(() => {
    (settings.keeper as { intervalSeconds: number }).intervalSeconds = 1;
  }, TypeError);
  assert.throws(() => (settings.targets.tags[0]!.values as string[]).push('x'), TypeError);
  assert.deepEqual(settings.keeper.entries, ['env', 'profile']);
});

test('settings: whatever is typed for a tag is either refused or arrives as typed (seeded)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (value) => {
      let tags: readonly { key: string; values: readonly string[] }[];
      try {
        tags = readSettings({ tag: [`k=${value}`] }).targets.tags;
      } catch (error) {
        assert.ok(error instanceof UsageError);
        return;
      }
      assert.equal(`k=${tags[0]?.values.join(',')}`, `k=${value}`);
      assert.doesNotMatch(value, /[{}$`"'\\\n]/);
    }),
    { seed: 20240501, numRuns: 2000 },
  );
});

test('duration: bare numbers, units and nonsense', () => {
  assert.equal(parseDuration('45'), 45);
  assert.equal(parseDuration('20m'), 1200);
  assert.equal(parseDuration('8h'), 28_800);
  assert.equal(parseDuration('5', 'm'), 300);
  for (const bad of ['', 'm', '1w', '1 m', '1e3', '٣', '9'.repeat(10)])
    assert.equal(parseDuration(bad), undefined, bad);
});

test('settings: what a host reports of any keeper becomes flags that give the same keeper again (seeded)', () => {
  const pick = <T>(...options: T[]) => fc.constantFrom(...options);
  const flags = fc.record(
    {
      keeper: pick('auto', 'relay', 'prompt'),
      wrap: pick('none', 'tmux'),
      interval: fc.integer({ min: 1, max: 1140 }).map(String),
      'max-idle': fc.integer({ min: 1140, max: 86_400 }).map(String),
      scope: pick('ssm', 'all'),
      shell: pick('keep', 'login'),
      entry: fc.subarray(['env', 'profile', 'rc'], { minLength: 1 }),
      ssh: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(flags, (given) => {
      fc.pre(given.keeper !== 'prompt' || given.wrap !== 'tmux');
      const { keeper } = readSettings(given as RawFlags);
      const reported = manifestSettings('1.2.3', keeper).map((pair) => pair.join('='));
      const [, words = ''] = /^ssm-keepalive install --instance-id i-1(.*)$/.exec(
        tellInstall('i-1', reported.join(' ')),
      )!;
      const typed = words
        .split(' --')
        .slice(1)
        .map((word) => word.split(' '));
      const again = readSettings(Object.fromEntries(typed.map(([name, value = true]) => [name, value])));
      assert.deepEqual({ ...again.keeper, insistsOnEnv: keeper.insistsOnEnv }, keeper);
      assert.equal(typed.length, new Set(typed.map(([name]) => name)).size);
    }),
    { seed: 20260730 },
  );
});

test('settings: no word of a host gets into a told command unless its flag takes that word', () => {
  const plain = 'ssm-keepalive install --instance-id i-1';
  for (const reported of [
    '',
    'interval',
    'interval=1;reboot',
    'interval=$(reboot)',
    'interval=1\n--all',
    'interval=1 wrap=tmux;--all',
    'wrap=--all',
    'entries=env,--all',
    'entries=',
    'ssh=maybe',
    'keeper=auto max-idle=9999999999',
    'scope=all\u202e',
    'lab=true all=true',
  ])
    assert.equal(tellInstall('i-1', reported), plain, reported);
  assert.equal(tellInstall('i-1', 'interval=1 all=true'), `${plain} --interval 1s`);
});
