// What an entry costs: a session out of scope pays for looking, a session in scope waits for its relay.
import { fileURLToPath } from 'node:url';
import { bundleOf, ENV } from '../test/support/bundle.ts';
import { ENTRY_SHELLS, Sandbox } from '../test/support/sandbox.ts';
import { type BenchRow, median } from './row.ts';

const ROUNDS = 25;
/** The agent's sessions belong to ssm-user. Only root checks first who can write what it reads, which forks. */
const USERS = [
  ['a user', 65534],
  ['root', 0],
] as const;
/** The trust check of root: the stub's and the entry's. */
const FORKS_OF_ROOT = 4;
/** The bars of design.md section 9. */
const MOST_MILLISECONDS_OUT_OF_SCOPE = 3;
const MOST_PYTHONS_IN_SCOPE = 1.5;

/** The entry's cost under each sh, measured in a sandboxed host with the real files in place. */
export async function benchEntry(): Promise<BenchRow[]> {
  const sandbox = new Sandbox();
  const { stdout, status } = sandbox.runScript(bundleOf().installer);
  if (status !== 0) throw new Error(`the installer failed: ${stdout}`);
  sandbox.extra = ['--ro-bind', fileURLToPath(new URL('.', import.meta.url)), '/bench'];
  try {
    return ENTRY_SHELLS.flatMap(({ name, executable }) =>
      USERS.flatMap(([user, uid]) => {
        const outcome = sandbox.run(
          ['/usr/bin/python3', '-I', '/bench/entry-measure.py', executable, String(ROUNDS), String(uid)],
          { timeout: 300_000 },
        );
        if (outcome.status !== 0) throw new Error(`entry-measure.py failed: ${outcome.stderr}`);
        const times = JSON.parse(outcome.stdout) as Times;
        return rows(`${name} as sh, ${user}`, times, countForks(sandbox, executable, uid));
      }),
    );
  } finally {
    sandbox.close();
  }
}

interface Times {
  plain: number[];
  outOfScope: number[];
  inScope: number[];
  python: number[];
}

function rows(shell: string, times: Times, forks: number): BenchRow[] {
  const mostForks = shell.endsWith('root') ? FORKS_OF_ROOT : 0;
  const plain = median(times.plain);
  const cost = median(times.outOfScope) - plain;
  const wait = median(times.inScope) - plain;
  const python = median(times.python);
  return [
    {
      figure: `entry out of scope (${shell})`,
      measured: `${cost.toFixed(2)} ms, ${forks} forks; plain ${plain.toFixed(1)} ms`,
      ratio: cost / MOST_MILLISECONDS_OUT_OF_SCOPE,
      bar: `≤ ${MOST_MILLISECONDS_OUT_OF_SCOPE} ms, ${mostForks} forks`,
      isMet: cost <= MOST_MILLISECONDS_OUT_OF_SCOPE && forks <= mostForks,
    },
    {
      figure: `prompt appears, in scope (${shell})`,
      measured: `${wait.toFixed(1)} ms later, python3 ${python.toFixed(1)} ms`,
      ratio: wait / python,
      bar: `≤ plain + ${MOST_PYTHONS_IN_SCOPE} × python3 -I -S -c pass`,
      isMet: wait <= MOST_PYTHONS_IN_SCOPE * python,
    },
  ];
}

/** Forks of an interactive shell that reads the entry and ends, as strace sees them; `script` gives it a terminal. */
function countForks(sandbox: Sandbox, executable: string, uid: number): number {
  const command = `strace -f -o /tmp/trace -e trace=fork,vfork,clone,clone3 -E ENV=${ENV} setpriv --reuid ${uid} --regid ${uid} --clear-groups /tmp/sh/sh -i`;
  sandbox.run(
    [
      '/usr/bin/dash',
      '-c',
      `mkdir -p /tmp/sh; ln -sf ${executable} /tmp/sh/sh; script -q -e -c '${command}' /dev/null`,
    ],
    {
      env: { TERM: 'xterm' },
      input: 'exit\n',
    },
  );
  return sandbox
    .read('tmp/trace')
    .split('\n')
    .filter((line) => /fork\(|clone/.test(line)).length;
}
