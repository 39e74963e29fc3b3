// What another process of the same user can do to a session, with a relay and without: the table of docs/same-user.md, measured.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ENV, installedSandbox } from '../support/bundle.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';

const skip =
  skipUnless('bwrap', 'python3', 'dash') ||
  (process.getuid?.() === 0 ? false : 'needs root for a pty of root’s');

const YAMA = '/proc/sys/kernel/yama/ptrace_scope';
/** 0 where the kernel has no Yama: any process of the user may trace another. */
const yama = existsSync(YAMA) ? Number(readFileSync(YAMA, 'utf8')) : 0;

/** Probe of same-user.py; with a relay, without; `yama`: yes where its value is 0. */
const ROWS = [
  ['open-outer-by-name', 'no', 'no'],
  ['open-outer-by-fd', 'no', 'no'],
  ['open-inner-by-name', 'yes', 'no'],
  ['open-inner-by-fd', 'yes', 'no'],
  ['signal', 'yes', 'yes'],
  ['take-terminal', 'yama', 'yama'],
  ['take-master', 'yama', undefined],
  ['memory', 'yama', 'yama'],
  ['ptrace', 'yama', 'yama'],
] as const;

for (const [column, what] of [
  [1, 'with a relay'],
  [2, 'without'],
] as const)
  test(`${what}: another process of the user can do what docs/same-user.md says`, {
    skip,
  }, async (context) => {
    context.diagnostic(existsSync(YAMA) ? `Yama ${yama}` : 'no Yama in this kernel: as with 0');
    const sandbox = column === 1 ? installedSandbox() : new Sandbox();
    try {
      sandbox.write('tmp/probe.py', readFileSync(new URL('same-user.py', import.meta.url), 'utf8'));
      const session = sandbox.open({ executable: '/usr/bin/dash', env: column === 1 ? { ENV } : {} });
      try {
        if (column === 1) await session.relay();
        session.type('python3 -I /tmp/probe.py\r');
        await session.see('probe end');
        const measured = Object.fromEntries(
          [...session.screen.matchAll(/probe (\S+) (yes|no)\r?$/gm)].map(([, name, can]) => [name, can]),
        );
        const expected = Object.fromEntries(
          ROWS.flatMap((row) => {
            const can = row[column];
            if (can === undefined) return [];
            return [[row[0], can === 'yama' ? (yama === 0 ? 'yes' : 'no') : can]];
          }),
        );
        assert.deepEqual(measured, expected, session.screen);
      } finally {
        session.close();
      }
    } finally {
      sandbox.close();
    }
  });

test('the page has these rows and no others', () => {
  const page = readFileSync(new URL('../../docs/same-user.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| .*\| `([a-z-]+)` \| (.*?) \| (.*?) \|$/gm)].map(
    ([, ...cells]) => cells,
  );
  const words = { yes: 'yes', no: 'no', yama: 'if Yama is 0' };
  assert.deepEqual(
    rows,
    ROWS.map(([name, kept, plain]) => [name, words[kept], plain === undefined ? '-' : words[plain]]),
  );
});
