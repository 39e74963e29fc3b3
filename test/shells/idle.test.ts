// When heartbeats stop: nobody types for max-idle, root's cap, a terminal that never answers. And TMOUT keeps its meaning.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'node:test';
import { rotate, TURN } from '../support/turns.ts';
import type { PromptFile } from './support/render.ts';
import {
  isFish,
  isZsh,
  rotateFamilies,
  type Shell,
  shells,
  swallowingShells,
  testWith,
} from './support/shells.ts';
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

/** A shell for each kind of keeper. */
const rotateKeepers = (index: number): readonly Shell[] =>
  (['query', 'output'] as const).flatMap((kind) =>
    rotate(
      shells.filter(({ keeper }) => keeper === kind),
      TURN + index,
    ),
  );

/** What TMOUT does at a prompt. ksh warns, and ends a minute later; dash, busybox ash and fish have no such timer. */
function tmoutOf({ name }: Shell): 'ends' | 'warns' | 'none' {
  if (/dash|busybox|fish/.test(name)) return 'none';
  return name === 'ksh' ? 'warns' : 'ends';
}

/** Each of these lets the helper wake often enough that a heartbeat would have come. */
async function isSilent(t: Terminal): Promise<boolean> {
  const before = t.queries + t.nuls;
  await t.ticks(3);
  return t.queries + t.nuls === before;
}

/** In the end. Late on a busy machine fish still reads files of its own, which cannot be told from keys. */
async function fallsSilent(t: Terminal): Promise<boolean> {
  for (let round = 0; round < 4; round++) if (await isSilent(t)) return true;
  return false;
}

suite('prompt keeper: when it stops', { concurrency: 24 }, () => {
  const inShell = (
    shell: Shell,
    name: string,
    more: Partial<TerminalOptions>,
    body: (t: Terminal) => Promise<void>,
  ) => testWith([shell.command], `${shell.name}: ${name}`, () => inTerminal({ shell, ...more }, body));

  // The helper counts, and it is one file for all shells.
  for (const shell of rotateKeepers(0)) {
    inShell(
      shell,
      'stops after max-idle, answers not counted; a key resumes it',
      { maxIdleSeconds: 5 },
      async (t) => {
        // Not one more than now: on a busy machine there may have been all that will come.
        await t.until('an output', () => t.queries + t.nuls > 0);
        await t.ticks(5);
        assert.ok(await fallsSilent(t));
        t.type('\r');
        await t.outputs(shell.keeper, 1);
        await t.ticks(5);
        assert.ok(await fallsSilent(t), 'and stops again');
      },
    );
  }

  for (const shell of rotateKeepers(1)) whereProcIsHidden(shell);

  for (const shell of rotateFamilies(shells, TURN)) {
    testWith([shell.command], `${shell.name}: writes nothing while someone types`, () =>
      withoutCrossing({ shell, intervalSeconds: 3 }, async (t) => {
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
          const before = t.queries + t.nuls;
          await t.ticks(6);
          // On a busy machine this process may itself have typed nothing for so long that a heartbeat was due.
          if (longestPauseMs > 1000) return 'crossed';
          assert.equal(t.queries + t.nuls, before);
        } finally {
          clearInterval(typing);
        }
        await t.outputs(shell.keeper, 1);
        return 'shown';
      }),
    );
  }

  // The helper reads the cap, and it is one for all: one shell for each kind of keeper is enough.
  const kinds = [...new Map(shells.map((shell) => [shell.keeper, shell])).values()];
  if (process.getuid?.() === 0) testCaps(kinds);

  for (const shell of rotateFamilies(swallowingShells, TURN)) {
    testWith(
      [shell.command],
      `${shell.name}: four queries without an answer, then NUL bytes until a key comes`,
      () =>
        inTerminal({ shell, answers: 'never' }, async (t) => {
          await t.outputs('output', 2);
          // fish goes on reading its own files after its first prompt, and what a shell reads is taken for a key.
          if (isFish(shell)) assert.ok(t.queries >= 4);
          else assert.equal(t.queries, 4);
          t.type(' ');
          await t.outputs('query', 1);
        }),
    );
  }

  const timed = shells.filter((shell) => tmoutOf(shell) !== 'none');
  for (const [turn, shell] of rotateFamilies(timed, TURN).entries()) {
    const limit = tmoutOf(shell);
    const out = (t: Terminal) => (limit === 'warns' ? t.see(/shell will time ?out/i) : t.exited());
    for (const [how, before] of rotate(
      [
        ['set before', 'TMOUT=4'],
        ['set and readonly', 'TMOUT=4; readonly TMOUT'],
      ] as const,
      TURN + turn,
    )) {
      testWith([shell.command], `${shell.name}: TMOUT ${how} still logs out`, () =>
        inTerminal({ shell, before }, async (t) => {
          await out(t);
          if (isZsh(shell)) assert.equal(t.queries, 0, 'its answers would have kept the shell');
        }),
      );
    }

    testWith([shell.command], `${shell.name}: TMOUT set later, by the user, still logs out`, () =>
      inTerminal({ shell }, async (t) => {
        await t.outputs(shell.keeper, 2);
        t.type('TMOUT=4\r');
        await out(t);
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

  testWith(
    [shell.command],
    `${shell.name}: where the count of keys cannot be read, max-idle counts from the start`,
    () =>
      inTerminal({ shell, maxIdleSeconds: 9, edit: edit('io') }, async (t) => {
        // Counted from the first: on a busy machine some have come before the prompt was seen, and there are nine at most.
        await t.until('five outputs', () => t.queries + t.nuls >= 5);
        t.type('\r');
        await t.ticks(6);
        assert.ok(await isSilent(t));
      }),
  );

  testWith([shell.command], `${shell.name}: works where wchan cannot be read`, () =>
    inTerminal({ shell, edit: edit('wchan') }, (t) => t.outputs(shell.keeper, 3)),
  );
}

function testCaps(kinds: readonly Shell[]): void {
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

  for (const [turn, cap] of caps.entries()) {
    for (const shell of rotate(kinds, turn)) {
      const name = `${shell.name}: ${cap.name} is ${cap.isObeyed ? 'obeyed' : 'not'}`;
      testWith([shell.command], name, () => {
        const t = startWith(shell, cap, 28_800);
        return closing(t, async () => {
          await t.ticks(5);
          assert.equal(await (cap.isObeyed ? fallsSilent(t) : isSilent(t)), cap.isObeyed);
        });
      });
    }
  }

  for (const shell of rotate(kinds, 0))
    testWith([shell.command], `${shell.name}: a cap above max-idle does not raise it`, () => {
      const t = startWith(shell, { text: '28800\n' }, 2);
      return closing(t, async () => {
        await t.ticks(4);
        assert.ok(await fallsSilent(t));
      });
    });

  for (const shell of rotate(kinds, 1))
    testWith([shell.command], `${shell.name}: a cap written while a session runs takes effect`, () => {
      const t = startWith(shell, undefined, 28_800);
      return closing(t, async () => {
        await t.outputs(shell.keeper, 2);
        writeCap(join(t.folder, 'cap'), { text: '1\n' });
        await t.ticks(1);
        assert.ok(await fallsSilent(t));
      });
    });
}
