/**
 * A host's systemctl and systemd-run call its manager through FIFOs, from a shell script that starts no other program: an
 * installer makes twenty calls, and one start of Node costs as much as the rest of it.
 */
import { execFile, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** What a shim prints and returns. */
export interface ShimAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

/** FIFOs are made so many at a time. */
const SUPPLY = 32;

/**
 * Stands at /usr/bin/systemctl: takes a FIFO that nobody has, leaves its call beside it, waits for a line and runs that. What a
 * killed call took stays taken.
 */
export function shimText(tool: string, callsPath: string): string {
  return `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 077
set -C
cd ${callsPath} 2>/dev/null || {
  echo 'Failed to connect to bus: Permission denied' >&2
  exit 1
}
take() {
  for call in free/*; do
    call=\${call#free/}
    { true >"taken/$call"; } 2>/dev/null && [ -p "free/$call" ] && return
  done
  return 1
}
until take; do sleep 0.05; done
exec 9<>"free/$call"
printf '%s\\0' ${tool} "$@" >|"taken/$call"
echo "$call" >|door
read -r answer <&9
eval "$answer"
`;
}

type Answer = (tool: string, args: readonly string[]) => Promise<ShimAnswer>;

/** Only the host's root reaches the folder, as on a real instance without polkit. */
export function answerCalls(callsPath: string, answer: Answer): void {
  rmSync(callsPath, { recursive: true, force: true });
  mkdirSync(callsPath, { mode: 0o700 });
  for (const name of ['free', 'taken']) mkdirSync(join(callsPath, name));
  const door = join(callsPath, 'door');
  let made = 0;
  const nameMore = () => Array.from({ length: SUPPLY }, () => join(callsPath, 'free', String(++made)));
  spawnSync('mkfifo', [door, ...nameMore()]);
  // Opened for writing too, so that the FIFO never ends.
  const socket = new Socket({ fd: openSync(door, constants.O_RDWR | constants.O_NONBLOCK) });
  let rest = '';
  let answered = 0;
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const call of lines) {
      if (!/^\d+$/.test(call)) continue;
      void answerOne(join(callsPath, 'free', call), join(callsPath, 'taken', call), answer);
      answered += 1;
      if (answered % SUPPLY === SUPPLY / 2) execFile('mkfifo', nameMore(), () => {});
    }
  });
}

async function answerOne(fifo: string, question: string, answer: Answer): Promise<void> {
  try {
    const [tool = '', ...args] = readFileSync(question, 'utf8').split('\0').slice(0, -1);
    const { code, stdout, stderr } = await answer(tool, args);
    const fd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, `${printf(stdout)}; ${printf(stderr)} >&2; exit ${code}\n`);
    closeSync(fd);
  } catch {
    // The caller was ended meanwhile.
  }
  // First the FIFO: a name that is free again must have none.
  for (const path of [fifo, question]) rmSync(path, { force: true });
}

/** One line of shell that prints this text; in octal what a shell might read in its own way. */
function printf(text: string): string {
  const octal = (byte: number) => `\\0${byte.toString(8).padStart(3, '0')}`;
  const words = Buffer.from(text).toString('latin1');
  return `printf %b '${words.replace(/[^\w .,:;=/@+-]/g, (character) => octal(character.charCodeAt(0)))}'`;
}
