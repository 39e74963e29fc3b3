/** A throw-away host for installer and entry tests: its own /etc, /usr/local/lib, /opt, /run, /tmp; the machine's /usr/bin read-only. */
import assert from 'node:assert/strict';
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { foldersBelow } from '../../src/lab/folders.ts';
import { bindMachine } from '../../src/lab/sandbox.ts';
import { GROUP, giveHome, layTree, PASSWD, type TreeFile } from '../../src/lab/tree.ts';
import { commandLine, descendantsOf, isRunning, nameOf, parentOf, stateOf } from './processes.ts';
import { Pty, type PtyOptions } from './pty.ts';
import { rotate, TURN } from './turns.ts';

const supportFolder = fileURLToPath(new URL('.', import.meta.url));

/** The shells that every installer and entry test loops over; `argv` starts a script. */
export const INSTALLER_SHELLS = [
  { name: 'dash', argv: ['/usr/bin/dash'] },
  { name: 'bash', argv: ['/usr/bin/bash'] },
  { name: 'busybox', argv: ['/usr/bin/busybox', 'sh'] },
  // The real file: a sandbox has no /etc/alternatives.
  { name: 'ksh', argv: [existsSync('/usr/bin/ksh') ? realpathSync('/usr/bin/ksh') : '/usr/bin/ksh'] },
  { name: 'mksh', argv: ['/usr/bin/mksh'] },
] as const;

/** Of the shells one, another for each row of a table and each day; all in the long run. */
export const shellsInTurn = (row: number) => rotate(INSTALLER_SHELLS, TURN + row);

/** The shells in which an entry does something. busybox finds its applet by argv[0]. */
export const ENTRY_SHELLS = [
  { name: 'dash', executable: '/usr/bin/dash' },
  { name: 'bash', executable: '/usr/bin/bash' },
  { name: 'busybox', executable: '/usr/bin/busybox' },
] as const;

export interface WayIn {
  readonly name: string;
  readonly executable: string;
  readonly argv0: string;
  readonly env?: Record<string, string>;
}

/** Every shell and the entry by which it meets its keeper; what has to hold for a keeper that breaks is tested in each. */
export const WAYS_IN: readonly WayIn[] = [
  ...ENTRY_SHELLS.map(({ name, executable }) => ({
    name: `${name} as sh`,
    executable,
    argv0: 'sh',
    env: { ENV: '/usr/local/lib/ssm-keepalive/entry.sh' },
  })),
  { name: '-bash', executable: '/usr/bin/bash', argv0: '-bash' },
  { name: 'bash, by its rc', executable: '/usr/bin/bash', argv0: 'bash' },
  { name: '-zsh', executable: '/usr/bin/zsh', argv0: '-zsh' },
  { name: 'zsh, by its rc', executable: '/usr/bin/zsh', argv0: 'zsh' },
  { name: '-fish', executable: '/usr/bin/fish', argv0: '-fish' },
];

/** fish alone is optional on a machine that tests. */
export const lacksShell = ({ executable }: WayIn): string | false =>
  executable.endsWith('/fish') && !existsSync(executable) ? 'absent: fish' : false;

/** The reason to skip where a required tool is missing; with CI=true the test fails instead. */
export function skipUnless(...tools: string[]): string | false {
  const missing = tools.filter((tool) => !existsSync(tool.startsWith('/') ? tool : join('/usr/bin', tool)));
  if (missing.length === 0) return false;
  if (process.env['CI'] === 'true') throw new Error(`required in CI and absent: ${missing.join(', ')}`);
  return `absent: ${missing.join(', ')}`;
}

/** The first line of a script's output; its shape is checked in test/install/verdict.test.ts. */
export type Verdict = Record<string, unknown> & {
  entries?: Record<string, string>;
  drifted?: string[];
  left?: string[];
};

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
  /** The first line, parsed, where it is JSON. */
  verdict: Verdict;
}

export interface SandboxOptions {
  /** What /bin/sh is. */
  sh?: string;
  hasPython?: boolean;
  /** Writes the agent's unit file. */
  hasUnit?: boolean;
}

/** The folders that are the host's own. */
const OWN = ['bin', 'etc', 'opt', 'run', 'root', 'home', 'tmp', 'var', 'usr/local', 'usr/sbin'];
const FOLDERS = [
  ...OWN,
  'usr/local/lib',
  'etc/profile.d',
  'etc/fish/conf.d',
  'etc/systemd/system',
  'var/log/amazon/ssm',
  'home/ssm-user/.local/share/fish/generated_completions',
  // The first fish of a home makes these, with a mkdir of its own.
  'home/ssm-user/.config/fish/completions',
  'home/ssm-user/.config/fish/conf.d',
  'home/ssm-user/.config/fish/functions',
];
const FILES: readonly TreeFile[] = [
  ['etc/passwd', PASSWD],
  ['etc/group', GROUP],
  [
    'etc/profile',
    'PATH=/usr/bin:/bin\nexport PATH\nfor i in /etc/profile.d/*.sh; do [ ! -r "$i" ] || . "$i"; done\nunset i\n',
  ],
  // The startup files of Debian's bash and zsh; what comes last has no newline, as editors leave it.
  ['etc/bash.bashrc', '[ -z "${PS1-}" ] && return\nshopt -s checkwinsize'],
  ['etc/zsh/zprofile', ''],
  ['etc/zsh/zshrc', 'READNULLCMD=cat'],
  // As little as zsh and fish need to start without questions and without work of their own.
  ['home/ssm-user/.zshrc', 'unsetopt prompt_sp\n'],
  [
    'home/ssm-user/.config/fish/config.fish',
    'function fish_prompt; echo -n "prompt> "; end\nfunction fish_greeting; end\n',
  ],
];
const UNIT: TreeFile = [
  'etc/systemd/system/amazon-ssm-agent.service',
  '[Unit]\nDescription=agent\n[Service]\nExecStart=/usr/bin/amazon-ssm-agent\nKillMode=process\n',
];

/** In memory where programs may be run from there: the installer syncs what it writes, ten times as long on a busy disk. */
export function fastFolder(): string {
  const own = process.env['SSM_KEEPALIVE_TEST_FOLDER'];
  if (own) return own;
  const isGood = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .some((line) => line.includes(' /dev/shm tmpfs ') && !line.includes('noexec'));
  return isGood ? '/dev/shm' : tmpdir();
}

function copyTree(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

export class Sandbox {
  readonly folder = mkdtempSync(join(fastFolder(), 'ssm-keepalive-test-'));
  private readonly children = new Set<ChildProcess>();
  private readonly hasPython: boolean;
  private readonly options: string;
  private isNew = true;
  /** More bwrap arguments, after all others. */
  extra: string[] = [];

  constructor({ sh = '/usr/bin/dash', hasPython = true, hasUnit = true }: SandboxOptions = {}) {
    this.hasPython = hasPython;
    this.options = JSON.stringify([sh, hasPython, hasUnit]);
    layTree(this.folder, FOLDERS, hasUnit ? [...FILES, UNIT] : FILES);
    for (const folder of [this.folder, ...foldersBelow(this.folder)]) chmodSync(folder, 0o755);
    chmodSync(join(this.folder, 'tmp'), 0o1777);
    giveHome(this.folder);
    symlinkSync(sh, join(this.folder, 'bin/sh'));
    for (const shell of ['bash', 'dash', 'ksh', 'mksh', 'busybox', 'cat'])
      symlinkSync(`/usr/bin/${shell}`, join(this.folder, `bin/${shell}`));
  }

  /** What distinguishes this host from others, or undefined once anything could have changed it. */
  get origin(): string | undefined {
    return this.isNew && this.extra.length === 0 ? this.options : undefined;
  }

  /** Makes all of this host's files those of a tree that saveTo() made. */
  loadFrom(tree: string): void {
    this.isNew = false;
    copyTree(tree, this.folder);
  }

  saveTo(tree: string): void {
    copyTree(this.folder, tree);
  }

  write(path: string, text: string, mode = 0o644): void {
    this.isNew = false;
    layTree(this.folder, [], [[path, text, mode]]);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.folder, path));
  }

  path(path: string): string {
    this.isNew = false;
    return join(this.folder, path);
  }

  private bwrapArguments(): string[] {
    this.isNew = false;
    const user = process.getuid?.() === 0 ? [] : ['--unshare-user', '--uid', '0', '--gid', '0'];
    const python = ['/usr/bin/python3', '/usr/bin/python']
      .filter((path) => existsSync(path))
      .map((path) => realpathSync(path));
    return [
      '--unshare-pid',
      '--unshare-ipc',
      '--die-with-parent',
      ...user,
      ...bindMachine(this.folder, OWN),
      ...(this.hasPython ? [] : python.flatMap((path) => ['--ro-bind', '/dev/null', path])),
      '--ro-bind',
      supportFolder,
      '/support',
      '--chdir',
      '/',
      ...this.extra,
    ];
  }

  /** Runs `argv` as root of this host, with exactly `env`. */
  run(
    argv: readonly string[],
    {
      env = {},
      input = '',
      timeout = 60_000,
    }: { env?: Record<string, string>; input?: string; timeout?: number } = {},
  ): Outcome {
    const { status, signal, stdout, stderr } = spawnSync(
      '/usr/bin/bwrap',
      [...this.bwrapArguments(), ...argv],
      {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
        input,
        encoding: 'utf8',
        timeout,
        killSignal: 'SIGKILL',
      },
    );
    return { status: status ?? (signal ? -1 : -2), stdout, stderr, verdict: firstLine(stdout) };
  }

  /** Starts `argv` as root of this host, with all that root may do, and does not wait. */
  start(argv: readonly string[], stdio: StdioOptions): ChildProcess {
    const child = spawn('/usr/bin/bwrap', [...this.bwrapArguments(), '--cap-add', 'ALL', ...argv], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8', TERM: 'xterm' },
      stdio,
    });
    this.children.add(child);
    return child;
  }

  /** Runs a script's text under one of INSTALLER_SHELLS: of the two that are `sh` on most hosts another each day. */
  runScript(
    script: string,
    {
      shell = INSTALLER_SHELLS[TURN % 2]!.argv as readonly string[],
      env = {},
    }: { shell?: readonly string[]; env?: Record<string, string> } = {},
  ): Outcome {
    this.write('tmp/script.sh', script);
    return this.run([...shell, '/tmp/script.sh'], { env });
  }

  /** Starts a shell on a pty as the agent (or a login, with another `parent`) would. */
  open(options: SessionOptions): PtySession {
    const {
      executable,
      argv0 = 'sh',
      args = [],
      uid = 1001,
      parent = 'ssm-session-wor',
      directory = '/usr/bin',
      env = {},
    } = options;
    const child = spawn(
      '/usr/bin/bwrap',
      [
        ...this.bwrapArguments(),
        ...(options.extra ?? []),
        ...(options.prefix ?? []),
        '/usr/bin/python3',
        '-IS',
        '/support/session-worker.py',
        String(uid),
        directory,
        parent,
        executable,
        argv0,
        ...args,
      ],
      {
        env: {
          PATH: '/usr/bin:/bin',
          TERM: 'xterm-256color',
          LANG: 'C.UTF-8',
          HOME: '/home/ssm-user',
          PS1: 'prompt> ',
          ...env,
        },
        stdio: 'pipe',
      },
    );
    this.children.add(child);
    return new PtySession(child, options.terminal);
  }

  /** A session with its relay. The entry gives one up after 3 s, which a busy machine may take: then another session. */
  async openKept(options: SessionOptions): Promise<PtySession> {
    for (let left = 4; ; left -= 1) {
      const session = this.open(options);
      // The prompt comes once the relay has started or was given up.
      await session.see('prompt> ');
      if (left > 0 && !session.processes('ssm-keepalive').some((pid) => session.isRelay(pid)))
        session.close();
      else {
        await session.relay();
        return session;
      }
    }
  }

  /** Opens a session for as long as `body` takes. */
  async inSession<T>(options: SessionOptions, body: (session: PtySession) => Promise<T>): Promise<T> {
    const session = this.open(options);
    try {
      return await body(session);
    } finally {
      session.close();
    }
  }

  /** Every file below the given paths, with all that an undo has to put back. */
  snapshot(...paths: string[]): string {
    const { stdout } = spawnSync(
      'find',
      [
        ...paths.map((path) => join(this.folder, path)),
        '-printf',
        '%P %y %m %U:%G %l\n',
        '-type',
        'f',
        '-exec',
        'sha256sum',
        '{}',
        '+',
      ],
      { encoding: 'utf8' },
    );
    return stdout.replaceAll(this.folder, '').split('\n').sort().join('\n');
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    try {
      rmSync(this.folder, { recursive: true, force: true });
      return;
    } catch {
      // What was killed just now still writes, and rmSync's own retries do not look for new files.
    }
    spawnSync('sh', [
      '-c',
      'for i in 1 2 3 4 5 6; do rm -rf "$0" 2>&1 && exit; sleep 0.$i; done',
      this.folder,
    ]);
  }
}

function firstLine(stdout: string): Verdict {
  try {
    return JSON.parse(stdout.split('\n')[0] ?? '') as Verdict;
  } catch {
    return {};
  }
}

export interface SessionOptions {
  executable: string;
  argv0?: string;
  args?: string[];
  uid?: number;
  /** Name of the process above the shell; `-`: whatever it is. */
  parent?: string;
  directory?: string;
  env?: Record<string, string>;
  /** More bwrap arguments. */
  extra?: string[];
  /** A command that runs the rest. */
  prefix?: string[];
  terminal?: PtyOptions;
}

/** A shell of a sandbox: its pty is the session worker's. */
export class PtySession extends Pty {
  private notes = '';
  private readonly child: ChildProcess;

  constructor(child: ChildProcess, options: PtyOptions = {}) {
    super({ encoding: 'latin1', ...options });
    this.child = child;
    child.stdout!.on('data', (data: Buffer) => this.read(data));
    child.stderr!.on('data', (data: Buffer) => {
      this.notes += data.toString('latin1');
      const found = /^exit (\d+)$/m.exec(this.notes);
      if (!found) return;
      // What the session printed was written before, to another pipe: one whole turn of the loop reads that too.
      setImmediate(() =>
        setImmediate(() => {
          this.end(Number(found[1]));
        }),
      );
    });
    child.stdin!.on('error', () => {});
  }

  protected write(bytes: Buffer): void {
    this.child.stdin!.write(bytes);
  }

  protected override describe(): string {
    const processes = descendantsOf(this.child.pid!).map(
      (pid) => `${pid} ${stateOf(pid)} ${nameOf(pid)}: ${this.commandLine(pid)}`,
    );
    return `${super.describe()}\n--- notes\n${this.notes}\n--- processes\n${processes.join('\n')}`;
  }

  /** Host pids of the processes of that name in this session. A fork of one, which is about to become another program, is none. */
  processes(name: string): number[] {
    return descendantsOf(this.child.pid!).filter(
      (pid) => nameOf(pid) === name && isRunning(pid) && nameOf(parentOf(pid)) !== name,
    );
  }

  /**
   * The relay of this session, once it runs and a terminal that answers has answered it. A heartbeat alone proves none: the prompt
   * keeper asks too, where the entry has given a relay up.
   */
  async relay(): Promise<number> {
    let relay: number | undefined;
    await this.until('the relay', () => {
      const keepers = this.processes('ssm-keepalive');
      relay = keepers.find((pid) => this.isRelay(pid));
      if (keepers.length > 0 && relay === undefined)
        assert.fail(`the relay was given up, and the prompt keeper took its place\n${this.describe()}`);
      return relay !== undefined && (this.answers === 'never' || this.answered > 0);
    });
    return relay!;
  }

  /** By its Python, which runs the relay; the prompt keeper's helper has the same name. */
  isRelay(pid: number): boolean {
    return this.commandLine(pid).includes('import relay');
  }

  commandLines(): string[] {
    return descendantsOf(this.child.pid!).map((pid) => this.commandLine(pid));
  }

  commandLine(pid: number): string {
    return commandLine(pid).join(' ').trim();
  }

  close(): void {
    this.child.kill('SIGKILL');
  }
}
