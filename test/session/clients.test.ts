// Who may sit at the other end of a kept session: each terminal that answers in a way of its own, and programs, which never answer.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StartSessionCommand } from '@aws-sdk/client-ssm';
import { execa } from 'execa';
import { ANSWER, TERMINALS, type TerminalKind } from '../../src/session/terminal.ts';
import { makeClient, makeFolder, sandboxMissing, until } from '../lab/test-lab.ts';
import { findCommand } from '../shells/support/shells.ts';
import { placePlugin } from '../support/plugin.ts';
import { someOf } from '../support/turns.ts';
import { startSession } from './dialogue.ts';
import { useKeptLab } from './kept-host.ts';

const QUERY = '\x1b[5n';
const PROMPT = /[$#>] /;
const LISTENER = `
import os, socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind('/dev/log')
os.chmod('/dev/log', 0o666)
log.settimeout(60)
line = b''
while b'ssm-keepalive' not in line or b' end uid=' not in b' ' + line.split(b': ', 1)[-1]:
    line = log.recv(4096)
    print(line.decode())
os.unlink('/dev/log')
`;
const WORDS = 'sleep 4; echo res""ult=42';
/** Programs that hold the client; each prints what it read. */
const DRIVERS: Readonly<Record<string, (client: string) => readonly string[]>> = {
  'a pipe': (client) => ['sh', '-c', `(echo '${WORDS}'; echo exit) | ${client}`],
  script: (client) => [
    'sh',
    '-c',
    `(echo '${WORDS}'; echo exit) | script -qec '${client.replaceAll("'", '')}' /dev/null`,
  ],
  expect: (client) => [
    'expect',
    '-c',
    `set timeout 50; spawn -noecho sh -c {${client}}; expect {$ }; send {${WORDS}}; send "\\r"; expect "\nresult=42"; send "exit\\r"; expect eof`,
  ],
};
const skip = sandboxMissing();
let plugin: Promise<string> | undefined;
/** What sh is where a program drives the session. */
const DRIVEN = someOf(['dash', 'bash'], 1);
const HOSTS = [...new Set(['dash', ...DRIVEN, 'logged'])].map((name, index) => ({
  spec: { name, id: `i-0ccccccccccccccc${index}`, tags: {} },
  sh: findCommand(name === 'bash' ? name : 'dash'),
  settings: { entries: ['env'] as const },
}));
const lab = await useKeptLab(skip ? [] : HOSTS, { idleSeconds: 36_000 });

describe('clients of a kept session', { skip, concurrency: true }, () => {
  const start = async (host: string, terminal: TerminalKind | 'silent') => {
    const talk = await startSession(makeClient(lab), lab.host(host).spec.id, { terminal });
    await talk.wait(PROMPT);
    return talk;
  };

  for (const kind of someOf(Object.keys(TERMINALS) as TerminalKind[], 2)) {
    test(`a terminal of the kind ${kind}: heartbeats go on, and a program reads none of the answers`, async () => {
      const talk = await start('dash', kind);
      await talk.say('cat -v; echo le""ft\r', /cat -v/);
      const before = talk.session.stats.answersSent;
      await until('four heartbeats', () => talk.session.stats.answersSent >= before + 4);
      await talk.say('typed\r', /typed\r\ntyped\r\n/);
      await talk.say('\x04', /left/);
      assert.doesNotMatch(talk.printed().replaceAll(QUERY, ''), /0n|\^\[/);
      talk.session.close();
    });
  }

  for (const name of DRIVEN) {
    test(`${name} as sh: a program that drives the session as Ansible does reads its commands' output and nothing else`, async () => {
      const talk = await start(name, 'silent');
      talk.session.write("stty -echo\nPS1=''\nPS2=''\n");
      const run = async (mark: string, command: string) => {
        const found = await talk.say(
          `echo BEGIN''${mark}\n${command}\necho\necho $?,END''${mark}\n`,
          new RegExp(`BEGIN${mark}\\r\\n[^]*?,END${mark}`),
        );
        return found.replaceAll('\r', '').replace(/\x1b\[\?2004[hl]\n?/g, '');
      };
      // Longer than three intervals, by itself and through a terminal that a program reads.
      assert.equal(await run('one', 'sleep 4; echo x'), 'BEGINone\nx\n\n0,ENDone');
      const encoded = Buffer.from('result=42\n').toString('base64');
      assert.equal(
        await run(
          'two',
          `for part in $(echo result=42 | base64 | fold -w 4); do printf %s "$part"; sleep 1; done`,
        ),
        `BEGINtwo\n${encoded}\n0,ENDtwo`,
      );
      const printed = talk.printed();
      assert.equal(printed.split(QUERY).length, 2, JSON.stringify(printed));
      assert.ok(printed.startsWith(QUERY) && !printed.includes('\0'), JSON.stringify(printed));
      talk.session.close();
    });
  }

  for (const [name, drive] of someOf(Object.entries(DRIVERS), 1)) {
    const missing = name === 'expect' && findCommand(name) === undefined && 'absent: expect';
    test(`through the client in ${name}, what is read has nothing of ours after the shell's first byte`, {
      skip: missing,
    }, async () => {
      plugin ??= placePlugin(makeFolder());
      const Target = lab.host('dash').spec.id;
      const started = JSON.stringify(await makeClient(lab).send(new StartSessionCommand({ Target })));
      const [program, ...args] = drive(`'${await plugin}' "$STARTED"`);
      const { stdout } = await execa(program!, args, { env: { STARTED: started }, timeout: 60_000 });
      // What was typed before the prompt was there has no line break of its own.
      assert.match(stdout, /(?:\n|[$#] )result=42\r/, JSON.stringify(stdout));
      const [before, rest, ...others] = stdout.split(QUERY);
      assert.ok(before && rest && others.length === 0, JSON.stringify(stdout));
      assert.ok(!/[$#] /.test(before) && !rest.includes('\0'), JSON.stringify(stdout));
    });
  }

  test('syslog has a line for the start, the cap and the end of a session, each with its session id', async () => {
    const host = lab.host('logged');
    await host.exec(['/bin/sh', '-c', 'mkdir -p /etc/ssm-keepalive && echo 2 >/etc/ssm-keepalive/max-idle']);
    // As the system's own syslog: it ends with the line of the end.
    const listener = host.exec(['/usr/bin/python3', '-c', LISTENER]);
    await until('the listener', async () => (await host.exec(['test', '-S', '/dev/log'])).code === 0);
    const talk = await start('logged', 'answers');
    await talk.say('sleep 5; exit 7\r', /exit 7/);
    const { stdout } = await listener;
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/^.*?ssm-keepalive(\[\d+\])?: /, ''));
    const id = / session=([\w.@+=,-]+-[a-z0-9]{17,32})$/.exec(lines[0]!)?.[1];
    assert.ok(id, stdout);
    assert.deepEqual(
      lines.map((line) => line.replace(id, 'ID').replace(/=\d+/g, '=0')),
      [
        'start uid=0 interval=0 maxidle=0 session=',
        'cap uid=0 interval=0 maxidle=0 session=',
        'end uid=0 status=0 sent=0 answered=0 leaked=0 session=',
      ].map((text) => `${text}ID`),
    );
    assert.match(lines[2]!, /^end uid=\d+ status=7 /);
  });

  test('a client whose first answer comes late is asked nothing before, and kept from then on', async () => {
    const talk = await start('dash', 'silent');
    await talk.say('sleep 3; echo wo""ke\r', /woke/);
    assert.equal(talk.printed().split(QUERY).length, 2);
    talk.session.write(ANSWER);
    await talk.next(/\x1b\[5n/);
    await talk.say(`${ANSWER}echo do""ne\r`, /done/);
    assert.doesNotMatch(talk.printed().replaceAll(QUERY, ''), /0n/);
    talk.session.close();
  });
});
