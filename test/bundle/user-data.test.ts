import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { bundleOf } from '../support/bundle.ts';
import { formatOf } from '../support/formats.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'curl');
const bundle = bundleOf();

/** Serves `texts` one after the other, the last again and again; an empty one is a 503. */
async function serve(
  context: TestContext,
  ...texts: string[]
): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((_request, response) => {
    const text = texts[Math.min(asked, texts.length - 1)]!;
    asked += 1;
    response.writeHead(text === '' ? 503 : 200).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/installer.sh`,
    asked: () => asked,
  };
}

/** Runs the script as cloud-init does, as root of a fresh host. */
async function boot(context: TestContext, url: string) {
  const host = new Sandbox();
  context.after(() => host.close());
  host.write('tmp/user-data', formatOf('user-data', bundle, url), 0o755);
  const child = host.start(
    ['/usr/bin/env', 'SSM_KEEPALIVE_ROOT=/.', 'SSM_KEEPALIVE_FETCH_PAUSE=0', '/tmp/user-data'],
    'pipe',
  );
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (data: Buffer) => {
      output += data.toString();
    });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { host, status, output };
}

test('user data fetches the installer, checks it and runs it; a service that is late is asked again', {
  skip,
}, async (context) => {
  const { url, asked } = await serve(context, '', '', bundle.installer);
  const { host, status, output } = await boot(context, url);
  assert.equal(status, 0, output);
  assert.match(output, new RegExp(`"verdict":"installed".*"digest":"${bundle.digest}"`));
  assert.equal(asked(), 3);
  assert.equal(host.run(['/usr/bin/find', '/tmp', '/run', '-name', 'ssm-keepalive*']).stdout, '');
});

test('user data runs nothing where the download is another script, however alike', {
  skip,
}, async (context) => {
  const other = bundleOf({ intervalSeconds: 44 }).installer;
  const { url } = await serve(context, other);
  const { host, status, output } = await boot(context, url);
  assert.equal(status, 1);
  assert.match(output, /is not the installer of bundle .*; nothing was run/);
  assert.equal(host.has('usr/local/lib/ssm-keepalive'), false);
});

test('user data gives up after ten attempts and says so', { skip }, async (context) => {
  const { url, asked } = await serve(context, '');
  const { status, output } = await boot(context, url);
  assert.equal(status, 1);
  assert.match(output, /could not be fetched in 10 attempts; nothing was installed/);
  assert.equal(asked(), 10);
});

test('user data fits in what EC2 takes, whatever the address, and the shells and shellcheck read it', () => {
  const url = `https://example.com/a'b"$(id)\`id\`?${'x'.repeat(1900)}`;
  const text = formatOf('user-data', bundle, url);
  assert.ok(Buffer.byteLength(text) < 16_384);
  assert.ok(Buffer.byteLength(formatOf('cloud-init', bundle, url)) < 16_384);
  const shown = spawnSync('/bin/sh', [
    '-c',
    `${text.split('\n').find((line) => line.startsWith('url='))}; printf %s "$url"`,
  ]);
  assert.equal(shown.stdout.toString(), url);
  // 2016: the hostile address in its single quotes.
  const linted = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2016', '-'], {
    input: text,
    encoding: 'utf8',
  });
  if (!linted.error) assert.equal(linted.stdout, '');
});
