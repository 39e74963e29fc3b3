// What doctor knows of the versions of the official plugin and of the agent, and what the lab says of the plugin's.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { warnOfLabPlugin } from '../../src/commands/lab-plugin.ts';
import type { Facts } from '../../src/doctor/check.ts';
import { recycle } from '../../src/doctor/checks/account.ts';
import { plugin } from '../../src/doctor/checks/client.ts';
import { agentVersion } from '../../src/doctor/checks/instance.ts';
import { lookAtMachine } from '../../src/doctor/machine.ts';
import { findPlugin, readPluginVersion } from '../../src/session/plugin.ts';

interface Seen {
  readonly platform?: NodeJS.Platform;
  readonly source?: 'SSO' | 'web identity' | 'profile';
}

function factsOf(version: string, { platform = 'linux', source = 'profile' }: Seen): Partial<Facts> {
  const machine = {
    ...lookAtMachine('us-east-1', { PATH: '' }),
    plugin: { path: '/p', version },
    platform,
  };
  const credentials = {
    ...{ region: 'us-east-1', accessKeyId: 'AKIA', source, isTemporary: true, expiresAt: undefined },
    ...{
      isRenewed: true,
      isHardForPlugin: source !== 'profile',
      isSso: source === 'SSO',
      isFlagRole: false,
      now: new Date(0),
    },
  };
  return { machine, credentials };
}

const run = (check: typeof plugin, version: string, seen: Seen) =>
  check.run({ facts: factsOf(version, seen), gaps: {}, connection: '' });

for (const [version, seen, level, finding] of [
  ['1.2.763.0', {}, 'todo', /older than 1\.2\.764\.0/],
  ['1.2.764.0', {}, 'ok', /^1\.2\.764\.0$/],
  ['1.2.764.0', { platform: 'win32' }, 'todo', /lacks what is needed here: keys of international keyboards/],
  ['1.2.792.0', { platform: 'win32' }, 'ok', /./],
  ['1.2.792.0', { source: 'SSO' }, 'todo', /lacks what is needed here: renewed SSO credentials/],
  ['1.2.814.0', { source: 'SSO' }, 'ok', /./],
  ['1.2.889.0', {}, 'todo', /withdrawn/],
  ['1.2.900.0', { platform: 'win32', source: 'SSO' }, 'ok', /./],
] as const) {
  test(`doctor: the plugin ${version} with ${JSON.stringify(seen)} is ${level}`, () => {
    const found = run(plugin, version, seen);
    assert.equal(found.level, level, found.finding);
    assert.match(found.finding, finding);
  });
}

test('doctor: what a later plugin brings is named, also where nothing needs it', () => {
  assert.match(run(plugin, '1.2.814.0', {}).evidence.join('\n'), /~\. to leave .*: from 1\.2\.835\.0/);
  assert.equal(run(plugin, '1.2.835.0', {}).evidence.length, 1);
});

test('doctor: what later agents changed for sessions is named, and is nothing to do', () => {
  const look = (version: string) => {
    const instance = {
      ...{ instanceId: 'i-0aaaaaaaaaaaaaaa1', isKnown: true, name: '', isOnline: true, pingStatus: 'Online' },
      ...{ platformType: 'Linux', agentVersion: version },
    };
    return agentVersion.run({ facts: { instance }, gaps: {}, connection: '' });
  };
  const { level, evidence } = look('3.3.4108.0');
  assert.equal(level, 'ok');
  assert.match(evidence.join('\n'), /^escape sequences .* logs .*: from 3\.3\.4121\.0\n.*4851.*\n.*5226\.0$/);
  assert.deepEqual(look('3.3.5226.0').evidence, []);
});

for (const [version, source, level] of [
  ['1.2.792.0', 'SSO', 'note'],
  ['1.2.814.0', 'SSO', 'ok'],
  ['1.2.900.0', 'web identity', 'note'],
  ['1.2.792.0', 'profile', 'ok'],
] as const) {
  test(`doctor: the hourly recycle with ${source} and the plugin ${version} is ${level}`, () => {
    assert.equal(run(recycle, version, { source }).level, level);
  });
}

test('lab: a plugin that may refuse its address is named with the versions that it serves', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-plugin-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'session-manager-plugin');
  for (const [version, isServed] of [
    ['1.2.764.0', true],
    ['1.2.835.0', true],
    ['1.2.889.0', false],
    ['1.3.0.0', false],
  ] as const) {
    writeFileSync(path, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    const warning = warnOfLabPlugin(path, { PATH: '/bin' });
    assert.equal(warning === '', isServed, version);
    if (!isServed)
      assert.match(warning, /serves plugins up to 1\.2\.835\.0 \(inferred\), or use {2}--client own/);
  }
});

test('a plugin that ignores its end holds nobody up, and a relative folder of PATH has none', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-plugin-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'session-manager-plugin');
  writeFileSync(path, "#!/bin/sh\ntrap '' TERM INT HUP\nwhile :; do sleep 0.1; done\n", { mode: 0o755 });
  assert.equal(readPluginVersion(path, { PATH: '/usr/bin:/bin' }, 300), '');
  assert.equal(findPlugin({ PATH: `/nonexistent:${folder}` }), path);
  for (const place of ['.', '', 'node_modules/.bin', relative(process.cwd(), folder)])
    assert.equal(findPlugin({ PATH: `${place}:/nonexistent` }), undefined, place);
});
