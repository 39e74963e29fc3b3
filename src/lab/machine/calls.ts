/**
 * A host's systemctl and systemd-run call its manager through files and FIFOs, from a shell script:
 * an installer makes twenty calls, and one start of Node costs as much as the rest of it.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { quoteWord } from '../../terminal/shell-word.ts';

/** What a shim prints and returns. */
export interface ShimAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

/** Stands at /usr/bin/systemctl: writes its call for the manager, waits, and runs the answer. A killed call left files. */
export function shimText(tool: string, callsPath: string): string {
  return `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 077
call=${callsPath}/$$
[ ! -e "$call" ] || rm -f "$call" "$call".*
mkfifo "$call" 2>/dev/null || {
  echo 'Failed to connect to bus: Permission denied' >&2
  exit 1
}
trap 'rm -f "$call" "$call".*' EXIT
exec 9<>"$call"
printf '%s\\0' ${tool} "$@" >"$call.question"
echo $$ >${callsPath}/door
read -r _ <&9
. "$call.answer"
`;
}

/** Only the host's root reaches the folder, as on a real instance without polkit. */
export function answerCalls(
  callsPath: string,
  answer: (tool: string, args: readonly string[]) => Promise<ShimAnswer>,
): void {
  rmSync(callsPath, { recursive: true, force: true });
  mkdirSync(callsPath, { mode: 0o700 });
  const door = join(callsPath, 'door');
  spawnSync('mkfifo', ['-m', '600', door]);
  // Opened for writing too, so that the FIFO never ends.
  const socket = new Socket({ fd: openSync(door, constants.O_RDWR | constants.O_NONBLOCK) });
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const pid of lines) if (/^\d+$/.test(pid)) void answerOne(join(callsPath, pid), answer);
  });
}

async function answerOne(
  call: string,
  answer: (tool: string, args: readonly string[]) => Promise<ShimAnswer>,
): Promise<void> {
  try {
    const [tool = '', ...args] = readFileSync(`${call}.question`, 'utf8').split('\0').slice(0, -1);
    const { code, stdout, stderr } = await answer(tool, args);
    const print = (text: string) => `printf %s ${quoteWord(text)}`;
    writeFileSync(`${call}.new`, `${print(stdout)}\n${print(stderr)} >&2\nexit ${code}\n`);
    renameSync(`${call}.new`, `${call}.answer`);
    const fd = openSync(call, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, 'answered\n');
    closeSync(fd);
  } catch {
    // The caller was ended meanwhile.
  }
}
