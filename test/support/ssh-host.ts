/**
 * A sandbox that is reached by a real ssh client over loopback: its sshd is started for each connection, under strace. Clients share
 * a connection between `connect` and `disconnect`: keys are exchanged once.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Sandbox } from './sandbox.ts';

const SFTP_SERVERS = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server'];
const CONFIG = `HostKey /etc/ssh/host_key
AuthorizedKeysFile /etc/ssh/user_key.pub
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
LogLevel QUIET
`;

export class SshHost {
  readonly sandbox: Sandbox;
  private readonly server: Server;
  private connections = 0;
  private master: ChildProcess | undefined;
  private readonly served: Promise<unknown>[] = [];

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
    // sshd's own folder is the sandbox's: nothing but it is in there.
    sandbox.extra = ['/usr/sbin/sshd', '/usr/sbin/cron'].flatMap((path) => ['--ro-bind-try', path, path]);
    this.server = createServer({ pauseOnConnect: true }, (socket) => this.serve(socket));
  }

  /** Makes keys and waits until connections are taken. */
  async listen(): Promise<this> {
    const subsystem = SFTP_SERVERS.map((path) => `[ ! -x ${path} ] || echo "Subsystem sftp ${path}"`).join(
      '; ',
    );
    this.sandbox.write('etc/ssh/sshd_config', CONFIG);
    const made = await this.run([
      '/usr/bin/dash',
      '-ec',
      `mkdir -p /run/sshd; chmod 755 /run/sshd
      for key in host_key user_key; do ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/$key; done
      { ${subsystem}; } >>/etc/ssh/sshd_config`,
    ]);
    if (made.status !== 0) throw new Error(`no keys: ${made.stderr}`);
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  /** What every client is told: nothing of this machine's own configuration. */
  get options(): string[] {
    const pairs = {
      IdentityFile: '/etc/ssh/user_key',
      UserKnownHostsFile: '/dev/null',
      GlobalKnownHostsFile: '/dev/null',
      StrictHostKeyChecking: 'no',
      LogLevel: 'ERROR',
      Port: String((this.server.address() as AddressInfo).port),
      ControlPath: '/tmp/shared-connection',
    };
    return [
      '-F',
      '/dev/null',
      ...Object.entries(pairs).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ];
  }

  /** Opens the connection that all clients use from now on. */
  async connect(user: string): Promise<void> {
    const argv = ['/usr/bin/ssh', ...this.options, '-o', 'ControlMaster=yes', '-N', user];
    this.master = this.sandbox.start(argv, 'ignore');
    const path = this.sandbox.path('tmp/shared-connection');
    while (!existsSync(path)) {
      if (this.master.exitCode !== null) throw new Error('no connection');
      await pause(20);
    }
  }

  async disconnect(): Promise<void> {
    const ended = once(this.master!, 'close');
    this.master!.kill();
    await ended;
    rmSync(this.sandbox.path('tmp/shared-connection'), { force: true });
  }

  /** sshd as inetd starts it: no port is chosen twice, and none is left behind. */
  private serve(socket: Socket): void {
    this.connections += 1;
    const trace = `/tmp/trace.${this.connections}`;
    const sshd = ['/usr/sbin/sshd', '-i', '-f', '/etc/ssh/sshd_config'];
    const child = this.sandbox.start(
      ['/usr/bin/strace', '-ff', '--seccomp-bpf', '-qq', '-o', trace, '-e', 'trace=execve', ...sshd],
      [socket, socket, 'ignore'],
    );
    this.served.push(once(child, 'close'));
    child.on('close', () => socket.destroy());
    socket.on('error', () => {});
  }

  /** Runs a client, or anything else, as root of this host. */
  async run(argv: readonly string[], input = '') {
    const child = this.sandbox.start(argv, 'pipe');
    child.stdin!.on('error', () => {});
    child.stdin!.end(input);
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    const [[status], stdout, stderr] = await Promise.all([
      once(child, 'close') as Promise<[number | null]>,
      text(child.stdout!),
      text(child.stderr!),
    ]);
    clearTimeout(timer);
    return { status: status ?? -1, stdout, stderr };
  }

  /** Every program that was started on the host's side since the last question, sorted; waits for connections to end. */
  async takeStarted(): Promise<string[]> {
    await Promise.all(this.served);
    const folder = this.sandbox.path('tmp');
    const names = readdirSync(folder).filter((name) => name.startsWith('trace.'));
    const lines = names.flatMap((name) => this.sandbox.read(`tmp/${name}`).split('\n'));
    for (const name of names) rmSync(this.sandbox.path(`tmp/${name}`));
    return lines.flatMap((line) => /execve\("([^"]+)", (.*)\], 0x.* = 0$/.exec(line)?.[1] ?? []).sort();
  }

  close(): void {
    this.server.close();
    this.sandbox.close();
  }
}
