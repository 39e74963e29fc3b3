// When heartbeats stop: nobody types for max-idle, root's cap, a terminal that never answers. And TMOUT keeps its meaning.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { ENV, installedSandbox } from '../support/bundle.ts';
import { findHelpers } from '../support/processes.ts';
import { skipUnless } from '../support/sandbox.ts';
import { readRecord } from './support/record.ts';
import type { PromptFile } from './support/render.ts';
import { isFish, isZsh, type Shell, shells, testInTurns, testWith } from './support/shells.ts';
import { inTerminal, Terminal, type TerminalOptions, withoutCrossing } from './support/terminal.ts';

const capPath = '/etc/ssm-keepalive/max-idle';

interface Cap {
  readonly name: string;
  readonly text: string;
  readonly mode?: number;
  readonly owner?: number;
  readonly isObeyed: boolean;
}

const caps: readonly Cap[] = [
  { name: 'a cap of root below max-idle', text: '2\n', isObeyed: true },
  { name: 'a cap without a newline', text: '2', isObeyed: true },
  { name: 'a cap that is no number of seconds (the strictest)', text: 'soon\n', isObeyed: true },
  { name: 'an empty cap (the strictest)', text: '', isObeyed: true },
  { name: 'a cap that its group may write', text: '2\n', mode: 0o664, isObeyed: false },
  { name: 'a cap that everyone may write', text: '2\n', mode: 0o646, isObeyed: false },
  { name: 'a cap that belongs to someone else', text: '2\n', owner: 65534, isObeyed: false },
];

/** What TMOUT does at a prompt. fish has no such timer. */
const hasTmout = (shell: Shell) => !isFish(shell);

/** Each of these lets the helper wake often enough that a heartbeat would have come. */
async function isSilent(t: Terminal): Promise<boolean> {
  const before = t.queries;
  await t.ticks(3);
  return t.queries === before;
}

const isAnswering = (t: Terminal) => readRecord(findHelpers(t.pid)[0] ?? 0)?.['state'] === 'answering';

/** In the end. Late on a busy machine fish still reads files of its own, which cannot be told from keys. */
async function fallsSilent(t: Terminal): Promise<boolean> {
  for (let round = 0; round < 4; round++) if (await isSilent(t)) return true;
  return false;
}

/** Of the helper alone, which is one for all shells; root may search every folder. */
test('prompt keeper: a cap in a folder that sessions may not search is the strictest', {
  skip:
    skipUnless('bwrap', 'python3') || (process.getuid?.() === 0 ? false : 'needs root to be somebody else'),
}, async () => {
  const sandbox = installedSandbox({ keeper: 'prompt' });
  try {
    sandbox.write(capPath.slice(1), '28800\n');
    chmodSync(sandbox.path(dirname(capPath)), 0o700);
    await sandbox.inSession({ executable: '/usr/bin/bash', env: { ENV } }, async (session) => {
      const state = () => {
        const [helper] = session.processes('ssm-keepalive');
        return helper === undefined ? undefined : readRecord(helper)?.['state'];
      };
      await session.until('the helper to stop', () => state() === 'capped');
      assert.equal(session.queries, 0);
    });
  } finally {
    sandbox.close();
  }
});

const testRow = testInTurns('idle.test.ts', 12);

suite('prompt keeper: when it stops', { concurrency: 24 }, () => {
  const inShell = (
    shell: Shell,
    name: string,
    more: Partial<TerminalOptions>,
    body: (t: Terminal) => Promise<void>,
  ) => testRow([shell.command], `${shell.name}: ${name}`, () => inTerminal({ shell, ...more }, body));

  // The helper counts, and it is one file for all shells.
  for (const shell of shells) {
    inShell(
      shell,
      'stops after max-idle, answers not counted; a key resumes it',
      { maxIdleSeconds: 5 },
      async (t) => {
        // Not one more than now: on a busy machine there may have been all that will come.
        await t.until('an output', () => t.queries > 0);
        await t.ticks(5);
        assert.ok(await fallsSilent(t));
        t.type('\r');
        await t.outputs(1);
        await t.ticks(5);
        assert.ok(await fallsSilent(t), 'and stops again');
      },
    );
  }

  for (const shell of shells) whereProcIsHidden(shell);

  for (const shell of shells) {
    testRow([shell.command], `${shell.name}: writes nothing while someone types`, () =>
      withoutCrossing({ shell, intervalSeconds: 3 }, async (t) => {
        // The second comes only to a terminal that is known to answer.
        await t.heartbeats(2);
        let last = Date.now();
        let longestPauseMs = 0;
        const typing = setInterval(() => {
          longestPauseMs = Math.max(longestPauseMs, Date.now() - last);
          last = Date.now();
          t.type(' \r');
        }, 200);
        try {
          // What was due before the first key, since a shell may take its time to be ready, has come by then.
          await t.ticks(1);
          const before = t.queries;
          await t.ticks(6);
          // On a busy machine this process may itself have typed nothing for so long that a heartbeat was due.
          if (longestPauseMs > 1000) return 'crossed';
          assert.equal(t.queries, before);
        } finally {
          clearInterval(typing);
        }
        await t.outputs(1);
        return 'shown';
      }),
    );
  }

  if (process.getuid?.() === 0) testCaps();

  for (const shell of shells) {
    inShell(
      shell,
      'a terminal that never answers gets one query at the first prompt and nothing more',
      { answers: 'never' },
      async (t) => {
        await t.until('the probe', () => t.queries > 0);
        const from = t.raw.length;
        await t.ticks(6);
        // fish goes on reading its own files, which may be taken for the answer of somebody who also types.
        if (isFish(shell)) assert.ok(t.queries <= 3);
        else assert.equal(t.queries, 1);
        assert.ok(!t.raw.slice(from).includes('\0'));
        assert.equal(readRecord(await t.helper())?.['state'], 'no-answer');
      },
    );

    inShell(
      shell,
      'is kept from the first answer on, however late that is',
      { answers: 'never' },
      async (t) => {
        await t.until('the probe', () => t.queries > 0);
        await t.ticks(3);
        t.answers = 'whole';
        t.type('\x1b[0n');
        await t.outputs(2);
        await t.until('a record of it', () => isAnswering(t));
      },
    );

    inShell(shell, 'four queries without an answer, then nothing until a key comes', {}, async (t) => {
      // The first answer may be hidden by what the shell reads as it starts; only one that counted is followed by more queries.
      await t.until('an answer that counts', () => isAnswering(t));
      t.answers = 'never';
      const before = t.queries;
      await t.until('four queries', () => t.queries >= before + 4);
      assert.ok(await fallsSilent(t));
      t.type(' ');
      await t.outputs(1);
    });
  }

  const timed = shells.filter(hasTmout);
  for (const shell of timed) {
    for (const [how, before] of [
      ['set before', 'TMOUT=4'],
      ['set and readonly', 'TMOUT=4; readonly TMOUT'],
    ] as const) {
      testRow([shell.command], `${shell.name}: TMOUT ${how} still logs out`, () =>
        inTerminal({ shell, before }, async (t) => {
          await t.exited();
          if (isZsh(shell)) assert.equal(t.queries, 0, 'its answers would have kept the shell');
        }),
      );
    }

    testRow([shell.command], `${shell.name}: TMOUT set later, by the user, still logs out`, () =>
      inTerminal({ shell }, async (t) => {
        await t.outputs(2);
        t.type('TMOUT=4\r');
        await t.exited();
      }),
    );
  }

  testWith(['zsh'], 'zsh: silent while TMOUT is set, and heartbeats again once it is not', () =>
    inTerminal({ shell: shells.find(isZsh)! }, async (t) => {
      await t.heartbeats(1);
      assert.equal(await t.ask('on; TMOUT=100'), 'on');
      await t.ticks(1);
      assert.ok(await isSilent(t));
      assert.equal(await t.ask('off; TMOUT=0'), 'off');
      await t.heartbeats(2);
      assert.equal(await t.ask('gone; unset TMOUT'), 'gone');
      await t.heartbeats(2);
      // A framework that sets the hooks anew: the next answer brings ours back, and TMOUT is seen again.
      assert.equal(await t.ask('hooks; precmd_functions=(true)'), 'hooks');
      await t.heartbeats(2);
      assert.equal(await t.ask('on; TMOUT=100'), 'on');
      await t.ticks(1);
      assert.ok(await isSilent(t));
      assert.equal(
        await t.ask('"$(ls -l /proc/self/fd | grep -c full)"'),
        '0',
        'no program inherits the sign',
      );
    }),
  );
});

/** What the helper does where the system hides a file of /proc from it. */
function whereProcIsHidden(shell: Shell): void {
  const edit = (hidden: string) => (_: PromptFile, text: string) =>
    text.replaceAll(`/proc/$pid/${hidden}`, '/proc/$pid/absent');

  testRow([shell.command], `${shell.name}: where no answer can be counted there is one query`, () =>
    inTerminal({ shell, edit: edit('io') }, async (t) => {
      await t.until('the probe', () => t.queries > 0);
      await t.ticks(5);
      assert.equal(t.queries, 1);
    }),
  );

  testRow([shell.command], `${shell.name}: works where wchan cannot be read`, () =>
    inTerminal({ shell, edit: edit('wchan') }, (t) => t.outputs(3)),
  );
}

function testCaps(): void {
  const startWith = (
    shell: Shell,
    cap: Omit<Cap, 'name' | 'isObeyed'> | undefined,
    maxIdleSeconds: number,
  ) => {
    const edit = (file: PromptFile, text: string) =>
      file === 'prompt-helper.sh' ? text : text.replace(capPath, '"$__ssmka_dir/cap"');
    const t = new Terminal({ shell, maxIdleSeconds, edit });
    if (cap) writeCap(join(t.folder, 'cap'), cap);
    return t;
  };
  const writeCap = (path: string, { text, mode = 0o644, owner = 0 }: Omit<Cap, 'name' | 'isObeyed'>) => {
    writeFileSync(path, text);
    chmodSync(path, mode);
    chownSync(path, owner, 0);
  };
  const closing = async (t: Terminal, body: () => Promise<void>) => {
    try {
      await t.ready();
      await body();
    } finally {
      await t.close();
    }
  };

  for (const cap of caps) {
    for (const shell of shells) {
      const name = `${shell.name}: ${cap.name} is ${cap.isObeyed ? 'obeyed' : 'not'}`;
      testRow([shell.command], name, () => {
        const t = startWith(shell, cap, 28_800);
        return closing(t, async () => {
          await t.ticks(5);
          assert.equal(await (cap.isObeyed ? fallsSilent(t) : isSilent(t)), cap.isObeyed);
        });
      });
    }
  }

  for (const shell of shells)
    testRow([shell.command], `${shell.name}: a cap above max-idle does not raise it`, () => {
      const t = startWith(shell, { text: '28800\n' }, 2);
      return closing(t, async () => {
        await t.ticks(4);
        assert.ok(await fallsSilent(t));
      });
    });

  for (const shell of shells)
    testRow([shell.command], `${shell.name}: a cap written while a session runs takes effect`, () => {
      const t = startWith(shell, undefined, 28_800);
      return closing(t, async () => {
        await t.outputs(2);
        writeCap(join(t.folder, 'cap'), { text: '1\n' });
        await t.ticks(1);
        assert.ok(await fallsSilent(t));
      });
    });
}
