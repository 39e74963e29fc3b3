// Whatever else reads the terminal must get what was typed and nothing more: the keeper is silent then.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { childrenOf } from '../support/processes.ts';
import { isBash, isFish, isZsh, prompt, type Shell, shells, testInTurns } from './support/shells.ts';
import { type Terminal, type TerminalOptions, withoutCrossing } from './support/terminal.ts';

interface Program {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly shells: (shell: Shell) => boolean;
  readonly before?: string;
  /** A command line that says `started` and then occupies the terminal. */
  readonly line: string;
  /** It is still there in the end. */
  readonly staysOpen?: boolean;
  /** A key that starts it instead of Enter. */
  readonly key?: string;
  /** Types into it, ends it and gives back what it read, with what it should have read. */
  readonly finish: (t: Terminal) => Promise<readonly [read: string, typed: string]>;
}

const started = "printf 'start%s ' ed";
const isAny = () => true;
/** Whose line editor is no part of what runs here: fish reads with its own, which swallows the answers. */
const isPosix = (shell: Shell) => !isFish(shell);

/** By its path: the first one in PATH may be a script that looks for another. */
const PYTHON = '/usr/bin/python3';
/** Reads in raw mode, as an editor or a pager does, and shows every byte; ends at q. */
const rawReader = `${PYTHON} -IS -c "
import os,tty,termios
old=termios.tcgetattr(0); tty.setraw(0); os.write(1,b'start'+b'ed '); got=b''
while not got.endswith(b'q'): got+=os.read(0,1)
termios.tcsetattr(0,termios.TCSADRAIN,old); os.write(2,b'=['+got.hex().encode()+b']=')
"`;
const sawOnlyTheTyped = async (t: Terminal) => {
  const from = t.screen.length;
  t.type('abq');
  return [await t.answerTo(from), Buffer.from('abq').toString('hex')] as const;
};
/** sh reads it: no one syntax of a substitution is known to all shells and to fish before 3.4. */
const readBack = (t: Terminal, file: string): Promise<string> => {
  const from = t.screen.length;
  t.type(`sh -c 'printf "=[%s]=" "$(cat ${file})"'\r`);
  return t.answerTo(from);
};
const readVariable = (typed: string, value: string) => async (t: Terminal) => {
  t.type(typed);
  return [await t.ask('"$x"'), value] as const;
};

const programs: readonly Program[] = [
  {
    name: 'sleep',
    shells: isAny,
    line: `${started}; sleep 1000`,
    finish: async (t) => {
      t.type('\x03');
      return [await t.ask('ok'), 'ok'];
    },
  },
  {
    name: 'cat',
    shells: isAny,
    line: `${started}; cat >caught`,
    finish: async (t) => {
      t.type('typed\r\x04');
      return [await readBack(t, 'caught'), 'typed'];
    },
  },
  {
    name: 'a job waited for',
    shells: (shell) => !isFish(shell),
    line: `${started}; sleep 1000 & wait`,
    finish: async (t) => {
      // Not Ctrl-C: zsh goes on waiting.
      for (const child of childrenOf(t.pid)) process.kill(child, 'SIGKILL');
      return [await t.ask('ok'), 'ok'];
    },
  },
  {
    name: 'the read builtin',
    shells: isPosix,
    line: `${started}; read -r x`,
    finish: readVariable('abc\r', 'abc'),
  },
  {
    name: 'read -s',
    shells: isPosix,
    line: `${started}; read -rs x`,
    finish: readVariable('secret\r', 'secret'),
  },
  {
    name: 'read of a single key',
    shells: isBash,
    line: `${started}; read -rsn1 x`,
    finish: readVariable('k', 'k'),
  },
  {
    name: 'read -k, a single key',
    shells: isZsh,
    line: `${started}; read -k x`,
    finish: readVariable('k', 'k'),
  },
  {
    name: 'select',
    shells: isBash,
    line: `${started}; select x in one two; do break; done`,
    finish: readVariable('2\r', 'two'),
  },
  {
    name: 'a program in raw mode',
    needs: [PYTHON],
    shells: isPosix,
    line: rawReader,
    finish: sawOnlyTheTyped,
  },
  {
    name: 'a program in raw mode without job control',
    needs: [PYTHON],
    shells: isPosix,
    // Not in a startup file: bash turns job control on after reading it.
    line: `set +m; ${rawReader}`,
    finish: sawOnlyTheTyped,
  },
  {
    name: 'a chooser that a key binding started, as fzf does in zsh',
    needs: [PYTHON],
    shells: isZsh,
    before: `reader() { ${rawReader}; }\nchoose() { x=$(reader 2>&1 >/dev/tty </dev/tty); }\nzle -N choose; bindkey '^T' choose`,
    line: '',
    key: '\x14',
    finish: async (t) => {
      t.type('abq');
      return [await t.ask('"$x"'), `=[${Buffer.from('abq').toString('hex')}]=`.slice(0, -2)] as const;
    },
  },
  {
    name: 'a chooser that a key binding started, as fzf does in fish',
    needs: [PYTHON],
    shells: isFish,
    before: `function reader; ${rawReader}; end\nfunction choose; set -g x (reader 2>&1 >/dev/tty </dev/tty); commandline -f repaint; end\nbind \\ct choose`,
    line: '',
    key: '\x14',
    finish: async (t) => {
      t.type('abq');
      return [await t.ask('"$x"'), `=[${Buffer.from('abq').toString('hex')}`] as const;
    },
  },
  {
    name: 'a program in raw mode, run by fish',
    needs: [PYTHON],
    shells: isFish,
    before: `function reader; ${rawReader}; end`,
    line: 'reader',
    finish: sawOnlyTheTyped,
  },
  {
    name: 'a chooser that a key binding started, as fzf does',
    needs: [PYTHON],
    shells: isBash,
    before: `reader() { ${rawReader}; }\nchoose() { x=$(reader 2>&1 >/dev/tty); }\nbind -x '"\\C-t": choose'`,
    line: '',
    key: '\x14',
    finish: async (t) => {
      t.type('abq');
      return [await t.ask('"$x"'), `=[${Buffer.from('abq').toString('hex')}`] as const;
    },
  },
  {
    name: 'a command substitution',
    shells: isPosix,
    line: `${started}; x=$(cat)`,
    finish: readVariable('typed\r\x04', 'typed'),
  },
  {
    name: 'a command substitution of fish',
    shells: isFish,
    line: `${started}; set x (cat)`,
    finish: readVariable('typed\r\x04', 'typed'),
  },
  {
    name: 'vi',
    needs: ['vi'],
    shells: isAny,
    line: `${started}; vi -u NONE written`,
    finish: async (t) => {
      t.type('iabc\x1b');
      await t.ticks(2);
      const from = t.screen.length;
      t.type(':wq\r');
      // An editor reads ahead: what is typed before the prompt would be its.
      await t.see(prompt, from);
      return [await readBack(t, 'written'), 'abc'];
    },
  },
  {
    name: 'a nested shell of another kind',
    staysOpen: true,
    needs: ['dash'],
    shells: isAny,
    line: `${started}; dash`,
    finish: async (t) => [await t.ask('inner'), 'inner'],
  },
  {
    name: 'a nested shell that has the same modes',
    staysOpen: true,
    needs: ['bash'],
    shells: isAny,
    line: `${started}; bash --norc --noprofile`,
    finish: async (t) => [await t.ask('inner'), 'inner'],
  },
];

const testRow = testInTurns('foreground.test.ts', 8);

suite('prompt keeper: something else in the foreground', { concurrency: 16 }, () => {
  for (const program of programs) {
    for (const shell of shells.filter(program.shells)) {
      const name = `${shell.name}: silent during ${program.name}, which reads what is typed and no more, and then works again`;
      testRow([shell.command, ...(program.needs ?? [])], name, () => silentDuring(shell, program));
    }
  }

  for (const shell of shells) {
    // With the modes of the line editor: the foreground alone tells the two apart.
    const program = programs.find(
      ({ name, shells: fits }) => name.startsWith('a program in raw mode') && fits(shell),
    )!;
    const name = `${shell.name}: silent during ${program.name} also where wchan cannot be read`;
    testRow([shell.command, 'python3'], name, () =>
      silentDuring(shell, program, (_, text) => text.replaceAll('/proc/$pid/wchan', '/proc/$pid/absent')),
    );
  }
});

async function silentDuring(
  shell: Shell,
  program: Program,
  edit: TerminalOptions['edit'] = (_, text) => text,
): Promise<void> {
  const options = { shell, edit, after: program.before ?? '', intervalSeconds: 2 };
  await withoutCrossing(options, async (t) => {
    // Right after a heartbeat nothing is due for a whole interval.
    await t.outputs(1);
    const asked = t.queries;
    t.type(`${program.line}${program.key ?? '\r'}`);
    await t.see('started ');
    await t.ticks(1);
    if (t.queries !== asked) return 'crossed';
    const before = t.queries;
    await t.ticks(3);
    assert.equal(t.queries, before);
    const [read, typed] = await program.finish(t);
    assert.equal(read, typed);
    // The prompt keeper works again, unless a shell inside it has the terminal.
    if (!program.staysOpen) await t.outputs(1);
    return 'shown';
  });
}
