import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { refuseMisuse } from '../src/commands/deliver/refusals.ts';
import { ownerOf } from '../src/commands/index.ts';
import { UsageError } from '../src/errors.ts';
import { FILE_NAMES, openConfigFile } from '../src/settings/config-file.ts';
import { FLAGS, type Flag, type RawFlags } from '../src/settings/flags.ts';
import { readSettings, type Settings } from '../src/settings/settings.ts';
import { describeSources, gatherSources } from '../src/settings/sources.ts';
import { answerWell } from './fleet/push-rig.ts';
import { runCli } from './support/cli.ts';
import { startTestLab } from './support/lab.ts';

const YAML = 'ssm-keepalive.config.yaml';
const JSON_FILE = 'ssm-keepalive.config.json';
const EVERY_GROUP = ['Targets', 'Delivery', 'Keeper', 'Measure', 'Accounts', 'Common'] as const;

function makeFolder(context: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-config-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o644 });
  return folder;
}

interface Around {
  readonly flags?: RawFlags;
  readonly variables?: Record<string, string>;
  /** The folder's file is found there; otherwise it is named. */
  readonly isFound?: boolean;
}

/** What the command line does with a folder. */
async function read(
  folder: string,
  { flags = {}, variables = {}, isFound = false }: Around = {},
): Promise<Settings> {
  const named = isFound ? undefined : FILE_NAMES.find((name) => existsSync(join(folder, name)));
  const file = await openConfigFile(
    flags.config ?? variables['SSM_KEEPALIVE_CONFIG'] ?? named,
    variables,
    folder,
    ownerOf,
  );
  return readSettings(flags, variables, EVERY_GROUP, file);
}

async function refusal(folder: string, around?: Around): Promise<string> {
  try {
    await read(folder, around);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assert.equal(error.exitStatus, 2);
    return `${error.what}: ${error.why}; ${error.next}`;
  }
  return assert.fail('it was taken');
}

/** What a flag's value may be, for a file that sets every key there is. */
const SAMPLES: Readonly<Record<string, string>> = {
  tag: 'env=dev',
  'instance-id': 'i-0123456789abcdef0',
  'resource-group': 'web',
  'command-id': '01234567-0123-0123-0123-0123456789ab',
  region: 'eu-central-1',
  profile: 'work',
  'endpoint-url': 'http://127.0.0.1:1',
  report: 'out.html',
  'idle-timeout': '60',
  every: 'rate(1 day)',
  accounts: '111111111111',
  ou: 'ou-ab12-11111111',
  role: 'keeper',
  'external-id': 'secret-7',
  exclude: 'us-west-1',
};
/** What a flag means nothing without: switches, and texts. */
const NEEDS: Readonly<Record<string, Readonly<Record<string, true | string>>>> = {
  every: { follow: true },
  accounts: { role: 'keeper' },
  organization: { role: 'keeper' },
  ou: { role: 'keeper' },
  role: { organization: true },
  'external-id': { organization: true, role: 'keeper' },
  exclude: { 'all-regions': true },
};
const linesOf = (flag: string) =>
  Object.entries(NEEDS[flag] ?? {})
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
const membersOf = (flag: string) =>
  Object.entries(NEEDS[flag] ?? {})
    .map(([name, value]) => `, "${name}": ${JSON.stringify(value)}`)
    .join('');

for (const name of [YAML, JSON_FILE]) {
  test(`config file: every flag is a key of ${name}, read as the flag is`, async (context) => {
    const folder = makeFolder(context);
    for (const flag of FLAGS.filter((candidate) => candidate.name !== 'config') as readonly Flag[]) {
      const value = SAMPLES[flag.name] ?? flag.fallback?.split(',')[0] ?? 'true';
      const typed: RawFlags[keyof RawFlags] =
        flag.kind === 'switch' ? true : flag.kind === 'list' ? [value] : value;
      const inFile =
        flag.kind === 'switch'
          ? 'true'
          : flag.kind === 'list'
            ? JSON.stringify([value])
            : JSON.stringify(value);
      const text =
        name === YAML
          ? `${flag.name}: ${inFile}\n${linesOf(flag.name)}`
          : `{"${flag.name}": ${inFile}${membersOf(flag.name)}}`;
      writeFileSync(join(folder, name), text);
      const config = join(folder, name);
      const { common, ...others } = await read(folder, { flags: { config } });
      const expected = readSettings({ [flag.name]: typed, ...NEEDS[flag.name] });
      assert.deepEqual({ ...others, common: { ...common, configFile: undefined } }, expected, flag.name);
    }
  });
}

/** Files and what they are told: file, line, key, what was expected, what came. */
const REFUSED: readonly (readonly [name: string, text: string, says: RegExp])[] = [
  [YAML, '# ours\ntmout: override', /config\.yaml:2: tmout is no longer a setting.*leave tmout out/],
  [YAML, '# ours\nintervall: 3', /config\.yaml:2: there is no key "intervall": .*did you mean interval\?/],
  [YAML, 'maxIdle: 3', /did you mean max-idle\?/],
  [YAML, 'config: x', /a config file names no other/],
  [YAML, 'escape: "~"', /--escape is a flag of connect alone/],
  [
    YAML,
    '\ninterval: soon',
    /config\.yaml:2: interval cannot be "soon": expected a time from 1s to 3300s; write/,
  ],
  [YAML, 'interval: 4.5', /:1: interval cannot be "4.5"/],
  [YAML, 'interval: [45]', /:1: interval cannot be a list: expected one value/],
  [YAML, 'interval:', /:1: interval cannot be empty/],
  [YAML, 'keeper: relya', /:1: keeper cannot be "relya": .*did you mean keeper: relay\?/],
  [YAML, 'lab: yes', /:1: lab cannot be "yes": expected true or false/],
  [YAML, 'entry: [env, bashrc]', /:1: entry cannot be "bashrc"/],
  [YAML, 'entry: []', /:1: entry cannot be an empty list/],
  [YAML, 'entry: {env: true}', /:1: entry cannot be a map: expected a list/],
  [YAML, 'tag: [[a]]', /:1: tag cannot be a list with a list in it/],
  [YAML, 'tag:\n  env: {a: b}', /:2: tag env cannot be a map/],
  [YAML, 'tag:\n  env:', /:2: tag env cannot be empty/],
  [YAML, 'tag: {Name: "{{ssm:x}}"}', /:1: tag cannot be "Name=\{\{ssm:x\}\}"/],
  [YAML, 'tag: ["Key=PlatformTypes,Values=Linux"]', /write {2}tag: env=dev/],
  [YAML, 'interval: 30\nmax-idle: 25', /:2: max-idle 25s is shorter than .*:1: interval 30s/],
  [YAML, 'tag: a=b\ninstance-id: i-0123456789abcdef0', /:1: tag and .*:2: instance-id were both given/],
  [YAML, 'interval: 3\ninterval: 4', /config\.yaml:2 cannot be read: it is no YAML/],
  [YAML, 'interval: [3', /config\.yaml:\d cannot be read: it is no YAML/],
  [YAML, '- interval', /config\.yaml:1 cannot be read: it is no map/],
  [YAML, 'a: &a [*a]\n---\nb: 1', /cannot be read: it is no YAML/],
  [JSON_FILE, '{\n\t"interval": 3,\n}', /config\.json:3 cannot be read: it is no JSON/],
  [JSON_FILE, '{\n "interval": 3 // ours\n}', /config\.json:2 cannot be read: it is no JSON/],
  [
    JSON_FILE,
    '{\n "interval": 3,\n "interval": 4}',
    /config\.json:3 cannot be read: the key "interval" is there twice/,
  ],
  [JSON_FILE, '[]', /config\.json:1 cannot be read: it is no object/],
  [JSON_FILE, '', /config\.json:1 cannot be read/],
  [JSON_FILE, '{\n\t"max-idle":\n"soon"}', /config\.json:2: max-idle cannot be "soon"/],
  [JSON_FILE, '{"interval": null}', /:1: interval cannot be empty/],
];

for (const [name, text, says] of REFUSED) {
  test(`config file: ${JSON.stringify(text)} in ${name} is refused with file, line and key`, async (context) => {
    assert.match(await refusal(makeFolder(context, { [name]: text })), says);
  });
}

test('config file: tags are a text, a list or a map, numbers as they are written', async (context) => {
  const folder = makeFolder(context);
  const forms = {
    [YAML]: [
      'tag: env=dev',
      'tag: [env=dev]',
      'tag: {env: dev}',
      'tag:\n  env:\n    - dev\n',
      'tag: &t {env: dev}',
      '$schema: x\ntag: {env: [dev]}',
    ],
    [JSON_FILE]: ['{"tag":"env=dev"}', '\ufeff{"tag":["env=dev"]}', '{"$schema":"x","tag":{"env":["dev"]}}'],
  };
  for (const [name, texts] of Object.entries(forms)) {
    for (const text of texts) {
      writeFileSync(join(folder, name), text);
      assert.deepEqual((await read(folder)).targets.tags, [{ key: 'env', values: ['dev'] }], text);
    }
    rmSync(join(folder, name));
  }
  writeFileSync(join(folder, YAML), 'tag:\n  version: 1.10\n  on: [true, 007]\n');
  assert.deepEqual((await read(folder)).targets.tags, [
    { key: 'version', values: ['1.10'] },
    { key: 'on', values: ['true', '007'] },
  ]);
});

test('config file: the one that docs/reference.md shows is taken', async (context) => {
  const page = readFileSync(new URL('../docs/reference.md', import.meta.url), 'utf8');
  const [, text = ''] = /```yaml\n(region:[\s\S]*?)```/.exec(page) ?? [];
  const { targets, common } = await read(makeFolder(context, { [YAML]: text }), { isFound: true });
  assert.equal(common.region, 'eu-central-1');
  assert.deepEqual(targets.tags.at(-1), { key: 'role', values: ['web', 'db'] });
});

test('config file: an empty one says nothing', async (context) => {
  const settings = await read(makeFolder(context, { [YAML]: '# nothing yet\n' }));
  assert.deepEqual(settings.keeper, readSettings({}).keeper);
});

test('config file: the command line wins over variables, these over the file, that over defaults (seeded)', async (context) => {
  const folder = makeFolder(context);
  await fc.assert(
    fc.asyncProperty(fc.subarray(['line', 'variable', 'file'] as const), async (layers) => {
      const seconds = { line: 31, variable: 32, file: 33 };
      writeFileSync(join(folder, YAML), layers.includes('file') ? `interval: ${seconds.file}\n` : '');
      const { keeper } = await read(folder, {
        flags: layers.includes('line') ? { interval: String(seconds.line) } : {},
        variables: layers.includes('variable') ? { SSM_KEEPALIVE_INTERVAL: String(seconds.variable) } : {},
      });
      const top = (['line', 'variable', 'file'] as const).find((layer) => layers.includes(layer));
      assert.equal(keeper.intervalSeconds, top ? seconds[top] : 45);
    }),
    { seed: 20240502, numRuns: 40 },
  );
});

test('config file: a switch that it sets is taken back by a variable or the command line', async (context) => {
  const folder = makeFolder(context, { [YAML]: 'lab: true\n' });
  assert.equal((await read(folder)).common.isLab, true);
  assert.equal((await read(folder, { variables: { SSM_KEEPALIVE_LAB: '0' } })).common.isLab, false);
  assert.equal((await read(folder, { flags: { lab: false } })).common.isLab, false);
});

test('config file: targets come from one place alone', async (context) => {
  const folder = makeFolder(context, { [YAML]: 'tag: {env: dev}\n' });
  const id = 'i-0123456789abcdef0';
  for (const around of [
    { flags: { 'instance-id': [id] } },
    { variables: { SSM_KEEPALIVE_INSTANCE_ID: id } },
  ] as const) {
    const { targets } = await read(folder, { ...around, isFound: true });
    assert.deepEqual([targets.tags, targets.instanceIds, targets.foundIn], [[], [id], undefined]);
  }
  assert.equal((await read(folder, { isFound: true })).targets.foundIn, YAML);
  assert.equal((await read(folder, { flags: { config: join(folder, YAML) } })).targets.foundIn, undefined);
});

test('config file: none of the folder’s is read when another is named, or none is wanted', async (context) => {
  const folder = makeFolder(context, { [YAML]: 'region: eu-west-3\n', other: 'region: eu-west-5\n' });
  const regionOf = async (around: Around) => (await read(folder, { ...around, isFound: true })).common.region;
  assert.equal(await regionOf({}), 'eu-west-3');
  assert.equal(await regionOf({ flags: { config: join(folder, 'other') } }), 'eu-west-5');
  assert.equal(await regionOf({ variables: { SSM_KEEPALIVE_CONFIG: join(folder, 'other') } }), 'eu-west-5');
  assert.equal(await regionOf({ flags: { config: 'none' } }), undefined);
  assert.match(
    await refusal(folder, { flags: { config: join(folder, 'absent') } }),
    /absent cannot be read: there is no such file or folder \(ENOENT /,
  );
  writeFileSync(join(folder, 'other'), Buffer.from([0xff, 0xfe, 0x80]));
  assert.match(await refusal(folder, { flags: { config: join(folder, 'other') } }), /it is not UTF-8 text/);
});

test('config file: two in one folder are one too many', async (context) => {
  for (const other of FILE_NAMES.filter((name) => name !== YAML)) {
    const folder = makeFolder(context, { [YAML]: '', [other]: '{}' });
    assert.match(
      await refusal(folder, { isFound: true }),
      /this folder has .* and .*: only one config file is read/,
    );
  }
});

/** What a found file may set. Written once more here: a flag that joins them has to be meant to. */
const PLACES: readonly string[] = ['tag', 'instance-id', 'resource-group', 'region', 'profile', 'lab'];
/** Without quiet: it would hide the line that says what the file chose. */
const PRINTS: readonly string[] = ['output', 'debug', 'no-color'];
const FOUND = [...PLACES, ...PRINTS];

for (const flag of FLAGS.filter(({ name }) => name !== 'config') as readonly Flag[]) {
  const isTaken = FOUND.includes(flag.name);
  test(`config file: ${flag.name} in one that was only found is ${isTaken ? 'taken' : 'refused, never ignored'}`, async (context) => {
    const given = SAMPLES[flag.name] ?? flag.fallback?.split(',')[0] ?? 'true';
    // As strict as it gets is refused too: who reads 1h there believes that it holds.
    const values =
      flag.name === 'max-idle' ? ['365d', '8h', '1h'] : flag.kind === 'switch' ? ['true', 'false'] : [given];
    for (const value of values) {
      for (const name of [YAML, JSON_FILE]) {
        const text =
          name === YAML
            ? `# ours\n${flag.name}: ${value}\n${linesOf(flag.name)}`
            : `{\n"${flag.name}": ${flag.kind === 'switch' ? value : JSON.stringify(value)}${membersOf(flag.name)}}`;
        const folder = makeFolder(context, { [name]: text });
        if (isTaken) {
          await read(folder, { isFound: true });
          continue;
        }
        const words = await refusal(folder, { isFound: true });
        assert.ok(
          words.startsWith(`${name}:2: ${flag.name} is not allowed in a file that was only found`),
          words,
        );
        assert.ok(words.includes(`--config ${name}; or say --${flag.name}`), words);
        if (value !== '365d') await read(folder);
      }
    }
  });
}

for (const flag of (FLAGS as readonly Flag[]).filter(({ name }) => FOUND.includes(name))) {
  const isPlace = PLACES.includes(flag.name);
  const value = SAMPLES[flag.name] ?? flag.fallback ?? 'true';
  test(`config file: --yes with ${flag.name} of one that was only found ${isPlace ? 'is refused, and names it' : 'counts'}`, async (context) => {
    const folder = makeFolder(context, { [YAML]: `${flag.name}: ${value}\n` });
    for (const around of [{ flags: { yes: true } }, { variables: { SSM_KEEPALIVE_YES: '1' } }]) {
      for (const targets of [{}, { tag: ['env=dev'] }]) {
        const flags = { ...('flags' in around ? around.flags : {}), ...targets };
        const settings = await read(folder, { ...around, flags, isFound: true });
        assert.equal(settings.delivery.isConfirmed, true);
        const isUsed = isPlace && (flag.group !== 'Targets' || !('tag' in targets));
        assert.equal(settings.targets.foundIn, isUsed ? YAML : undefined);
        if (flag.group !== 'Targets' && !('tag' in targets)) continue;
        refuseMisuse('status', settings);
        for (const verb of ['install', 'uninstall'] as const) {
          if (!isUsed) {
            refuseMisuse(verb, settings);
            continue;
          }
          const given = flag.kind === 'switch' ? `--${flag.name}` : `--${flag.name} ${value}`;
          assert.throws(
            () => refuseMisuse(verb, settings),
            (error: UsageError) => {
              assert.match(error.what, /^--yes \(or SSM_KEEPALIVE_YES\) was given, and /);
              assert.ok(error.what.includes(`${YAML} says ${given}`), error.what);
              assert.ok(error.next.includes(`name it: --config ${YAML}`), error.next);
              return error.exitStatus === 2;
            },
          );
        }
      }
    }
    const { status, stderr } = await runCli(
      ['preferences', 'set', '--idle', '60', '--yes'],
      { AWS_ENDPOINT_URL_SSM: 'http://127.0.0.1:1', AWS_REGION: 'us-east-1', AWS_MAX_ATTEMPTS: '1' },
      { cwd: folder },
    );
    // A target is no flag of this command, so the file's does not count there.
    if (!isPlace || flag.group === 'Targets') assert.doesNotMatch(stderr, /was given, and/);
    else {
      assert.equal(status, 2);
      assert.match(stderr, new RegExp(`was given, and ${YAML} says --${flag.name}`));
    }
  });
}

test('max-idle: more than a day needs --override-idle-policy, wherever it is given', async (context) => {
  const folder = makeFolder(context, { [YAML]: 'max-idle: 25h\n' });
  for (const around of [
    {},
    { flags: { 'max-idle': '365d' } },
    { variables: { SSM_KEEPALIVE_MAX_IDLE: '86401' } },
  ] as const) {
    assert.match(await refusal(folder, around), /max.idle.* is more than 24h: .*--override-idle-policy/i);
    const flags = { ...('flags' in around ? around.flags : {}), 'override-idle-policy': true };
    assert.ok((await read(folder, { ...around, flags })).keeper.maxIdleSeconds > 86_400);
  }
  assert.equal((await read(folder, { flags: { 'max-idle': '24h' } })).keeper.maxIdleSeconds, 86_400);
});

/** What others may do to a file or to a folder above it, and what is said of it then. */
const OPENED: readonly (readonly [
  string,
  (file: string, folder: string) => void,
  RegExp | undefined,
  ('root' | 'setfacl')?,
])[] = [
  [
    'everybody writes to it',
    (file) => chmodSync(file, 0o646),
    /everybody may write to it; read it, then name it: --config/,
  ],
  ['nobody else writes to it', (file) => chmodSync(file, 0o644), undefined],
  [
    'everybody writes to its folder',
    (_, folder) => chmodSync(folder, 0o777),
    /everybody may write to its folder/,
  ],
  ['its folder is sticky', (_, folder) => chmodSync(folder, 0o1777), undefined],
  [
    'everybody writes to a folder above',
    (_, folder) => chmodSync(join(folder, '..'), 0o777),
    /everybody may write to its folder/,
  ],
  [
    'it is somebody else’s',
    (file) => chownSync(file, 65_534, 0),
    /it belongs to user 65534, not to you or root/,
    'root',
  ],
  [
    'a group writes to it',
    (file) => {
      chownSync(file, 0, 65_534);
      chmodSync(file, 0o664);
    },
    /group 65534 may write to it/,
    'root',
  ],
  ['its own group writes to it', (file) => chmodSync(file, 0o664), undefined],
  [
    'an access list lets somebody write to it',
    (file) => execFileSync('setfacl', ['-m', 'u:65534:rw', file]),
    /somebody in its access list may write to it/,
    'setfacl',
  ],
  [
    'an access list lets somebody write to its folder',
    (_, folder) => execFileSync('setfacl', ['-m', 'g:65534:rwx', folder]),
    /somebody in its access list may write to its folder/,
    'setfacl',
  ],
  [
    'its folder is somebody else’s',
    (_, folder) => chownSync(folder, 65_534, 0),
    /its folder .* belongs to user 65534/,
    'root',
  ],
  [
    'it points to a folder that others write to',
    (file, folder) => {
      const open = join(folder, 'open');
      mkdirSync(open);
      writeFileSync(join(open, 'real'), 'region: eu-west-3\n');
      chmodSync(open, 0o777);
      rmSync(file);
      symlinkSync(join(open, 'real'), file);
    },
    /everybody may write to its folder .*open/,
  ],
  [
    'a link on the way lies in a folder that others write to',
    (file, folder) => {
      const [open, real] = [join(folder, 'open'), join(folder, 'real.yaml')];
      mkdirSync(open);
      writeFileSync(real, 'region: eu-west-3\n');
      symlinkSync(real, join(open, 'hop'));
      chmodSync(open, 0o777);
      rmSync(file);
      symlinkSync('open/hop', file);
    },
    /everybody may write to its folder .*open/,
  ],
  [
    'a link on the way lies in a folder of somebody else',
    (file, folder) => {
      const [theirs, ours] = [join(folder, 'theirs'), join(folder, 'ours')];
      for (const made of [theirs, ours]) mkdirSync(made);
      writeFileSync(join(ours, 'real'), 'region: eu-west-3\n');
      symlinkSync(ours, join(theirs, 'hop'));
      chownSync(theirs, 65_534, 0);
      rmSync(file);
      symlinkSync(join(theirs, 'hop', 'real'), file);
    },
    /its folder .*theirs belongs to user 65534/,
    'root',
  ],
  [
    'a link on the way is somebody else’s',
    (file, folder) => {
      writeFileSync(join(folder, 'real'), 'region: eu-west-3\n');
      symlinkSync('real', join(folder, 'hop'));
      lchownSync(join(folder, 'hop'), 65_534, 0);
      rmSync(file);
      symlinkSync('hop', file);
    },
    /the link .*hop belongs to user 65534/,
    'root',
  ],
  [
    'all links on the way are one’s own',
    (file, folder) => {
      mkdirSync(join(folder, 'deep'));
      writeFileSync(join(folder, 'deep', 'real'), 'region: eu-west-3\n');
      symlinkSync('deep', join(folder, 'hop'));
      rmSync(file);
      symlinkSync('./hop/../hop/real', file);
    },
    undefined,
  ],
];

for (const [what, open, says, needs] of OPENED) {
  const lacks = needs === 'root' ? process.getuid?.() !== 0 : needs && !existsSync('/usr/bin/setfacl');
  test(`config file: where ${what} it is ${says ? 'refused until it is named' : 'read'}`, {
    skip: lacks && `needs ${needs}`,
  }, async (context) => {
    const above = makeFolder(context);
    const folder = join(above, 'here');
    mkdirSync(folder);
    const path = join(folder, YAML);
    writeFileSync(path, 'region: eu-west-3\n', { mode: 0o644 });
    open(path, folder);
    if (says) assert.match(await refusal(folder, { isFound: true }), says);
    else assert.equal((await read(folder, { isFound: true })).common.region, 'eu-west-3');
    assert.equal((await read(folder)).common.region, 'eu-west-3');
  });
}

test('config file: a link that leads in a circle is told, and --config none goes without it', async (context) => {
  const folder = makeFolder(context, {});
  symlinkSync(YAML, join(folder, YAML));
  assert.match(await refusal(folder, { isFound: true }), /cannot be read: its links lead in a circle/);
});

test('config file: --yes needs no name where nothing is asked', async (context) => {
  const folder = makeFolder(context, { [YAML]: 'region: eu-west-3\n' });
  const commandId = '01234567-0123-0123-0123-0123456789ab';
  const settings = await read(folder, { flags: { yes: true, 'command-id': [commandId] }, isFound: true });
  assert.equal(settings.targets.foundIn, YAML);
  refuseMisuse('install', settings);
});

test('config file: in a folder that may not be searched there is none', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, (context) => {
  const folder = makeFolder(context, { [YAML]: 'region: eu-west-3\n' });
  chmodSync(folder, 0o700);
  const open = makeFolder(context, {});
  chmodSync(open, 0o755);
  symlinkSync(join(folder, YAML), join(open, YAML));
  const url = (file: string) => JSON.stringify(new URL(`../src/settings/${file}`, import.meta.url).href);
  const program = `const { openConfigFile } = await import(${url('config-file.ts')});
process.setgroups([]); process.setgid(65534); process.setuid(65534);
console.log(await openConfigFile(undefined, {}, ${JSON.stringify(folder)}) === undefined);
console.log(await openConfigFile(undefined, {}, ${JSON.stringify(open)}).catch(({ why }) => why));`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', program];
  assert.equal(
    execFileSync(process.execPath, args, { encoding: 'utf8' }).replace(/ \(.*/, ''),
    'true\nyou may not do that there\n',
  );
});

test('config file: --debug names each setting and its place', async (context) => {
  const folder = makeFolder(context, { [YAML]: '# ours\nmax-idle: 4h\ntag: {env: dev}\nssh: true\n' });
  const config = join(folder, YAML);
  const file = await openConfigFile(config, {}, folder);
  const variables = { SSM_KEEPALIVE_INTERVAL: '30', SSM_KEEPALIVE_LAB: '0' };
  assert.deepEqual(
    describeSources(gatherSources({ scope: 'all' }, variables, EVERY_GROUP, file)).split('\n'),
    [
      `ssm-keepalive: --tag env=dev  (from ${config}:3)`,
      'ssm-keepalive: --interval 30  (from SSM_KEEPALIVE_INTERVAL)',
      `ssm-keepalive: --max-idle 4h  (from ${config}:2)`,
      'ssm-keepalive: --scope all  (from the command line)',
      `ssm-keepalive: --ssh  (from ${config}:4)`,
      'ssm-keepalive: no --lab  (from SSM_KEEPALIVE_LAB)',
      '',
    ],
  );
});

test('config file: keys of other commands are checked and not used', async (context) => {
  const folder = makeFolder(context, { [YAML]: 'interval: 7\nrepeat: 3\nclient: plugin\n' });
  const named = { SSM_KEEPALIVE_CONFIG: YAML };
  const { stdout, status } = await runCli(['render', 'installer'], named, { cwd: folder });
  assert.equal(status, 0);
  assert.equal(stdout, (await runCli(['render', 'installer', '--interval', '7'])).stdout);
  writeFileSync(join(folder, YAML), 'repeat: 99\n');
  const refused = await runCli(['preferences', 'get'], named, { cwd: folder });
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /config\.yaml:1: repeat cannot be "99"/);
});

test('config file: targets of a found file are shown, and nothing is changed before they are confirmed', async (context) => {
  const lab = await startTestLab(context, {
    hosts: ['web', 'db'].map((name, index) => ({
      name,
      id: `i-0${String(index).repeat(16)}`,
      tags: { env: name === 'web' ? 'dev' : 'prod' },
      synthetic: { stdout: answerWell() },
    })),
  });
  const folder = makeFolder(context, { [YAML]: 'tag:\n  env: dev\nregion: us-east-1\n' });
  const cli = (...words: string[]) => runCli(words, lab.env, { cwd: folder });
  const sent = () => lab.requests.filter(({ operation }) => operation === 'SendCommand').length;
  const refused = await cli('install', '--output', 'json');
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /config\.yaml says --region us-east-1 --tag env=dev\n/);
  assert.match(
    refused.stderr,
    /install would change 1 instance in us-east-1; ssm-keepalive.config.yaml says --region us-east-1 --tag env=dev[\s\S]*name the file: --config/,
  );
  assert.equal(JSON.parse(refused.stdout).error.code, 'not-confirmed');
  assert.equal((await cli('install', '--dry-run')).status, 0);
  assert.equal(sent(), 0);
  assert.equal((await cli('install', '--yes')).status, 2);
  assert.equal(sent(), 0);
  for (const words of [
    ['--yes', '--config', YAML],
    ['--config', YAML],
  ]) {
    const before = sent();
    const done = await cli('install', '--no-canary', ...words);
    assert.equal(done.status, 0, `${words.join(' ')}\n${done.stderr}`);
    assert.equal(sent() - before, 1);
  }
  assert.equal((await cli('status', '--quiet')).stderr, '');
});

test('config file: Regions of a found file are in the line before the run and in the question, and --yes names the file', async (context) => {
  const lab = await startTestLab(context, {
    hosts: [{ name: 'web', id: 'i-00000000000000000', tags: { env: 'dev' }, synthetic: { stdout: '' } }],
  });
  const folder = makeFolder(context, { [YAML]: 'region: [us-east-1, eu-west-1]\n' });
  const sent = () => lab.requests.filter(({ operation }) => /^(Send|Create|Update)/.test(operation)).length;
  for (const line of ['install --tag env=dev', 'uninstall --tag env=dev', 'preferences set --idle 30']) {
    const asked = await runCli(line.split(' '), lab.env, { cwd: folder });
    assert.equal(asked.status, 2, asked.stderr);
    assert.match(asked.stderr, /^ssm-keepalive: \S+ says --region us-east-1 --region eu-west-1$/m);
    assert.match(asked.stderr, /[;(] ?ssm-keepalive.config.yaml says --region us-east-1 --region eu-west-1/);
    assert.match(asked.stderr, /--config ssm-keepalive.config.yaml/);
    const yes = await runCli([...line.split(' '), '--yes'], lab.env, { cwd: folder });
    assert.equal(yes.status, 2, yes.stderr);
  }
  assert.equal(sent(), 0);
});

test('config file: one that was made to be long, deep or full of aliases is refused in words, and soon', async (context) => {
  const anchors = `profile: &a [${'x, '.repeat(4000)}x]\n`;
  const deep = `{"region":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  const cases: readonly (readonly [name: string, text: string, isFound: boolean, words: RegExp])[] = [
    [YAML, `# ${'x'.repeat(70_000)}\n`, true, /is not trusted: it is larger than 64 KiB/],
    [YAML, `${anchors}region: [${'*a, '.repeat(8000)}*a]\n`, true, /more than 100000 values/],
    [YAML, `region: ${'['.repeat(30_000)}`, true, /nested too deep|no YAML/],
    [JSON_FILE, deep, false, /nested too deep/],
  ];
  for (const [name, text, isFound, words] of cases) {
    const folder = makeFolder(context, { [name]: text });
    assert.match(await refusal(folder, { isFound }), words);
  }
  const many = makeFolder(context, { [YAML]: `instance-id: [${'i-0123456789abcdef0, '.repeat(9000)}]\n` });
  assert.equal((await read(many)).targets.instanceIds.length > 0, true, 'a long file that was named is read');
  const endless = await runCli(['policy', 'status', '--config', '/dev/zero']);
  assert.equal(endless.status, 2);
  assert.match(endless.stderr, /\/dev\/zero cannot be read\n {2}why: {2}it is larger than 1024 KiB/);
});
