// Who may sit at the other end of a kept session: each terminal that answers in a way of its own, and programs, which never answer.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HostSpec } from '../../src/lab/index.ts';
import { ANSWER, TERMINALS, type TerminalKind } from '../../src/session/terminal.ts';
import { makeClient, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { findCommand } from '../shells/support/shells.ts';
import { startSession } from './dialogue.ts';
import { installKeeper, prepareHost } from './kept-host.ts';

const QUERY = '\x1b[5n';
const PROMPT = /[$#>] /;
const skip = sandboxMissing();
const HOSTS: readonly HostSpec[] = ['dash', 'bash'].map((name, index) => ({
  name,
  id: `i-0ccccccccccccccc${index}`,
  tags: {},
}));
const lab = await useLab({ hosts: skip ? [] : HOSTS, idleSeconds: 36_000, consistencySeconds: 0 });

describe('clients of a kept session', { skip, concurrency: true }, () => {
  const ready = skip
    ? undefined
    : Promise.all(
        HOSTS.map(async ({ name }) => {
          await prepareHost(lab, name, findCommand(name));
          await installKeeper(lab, name, { entries: ['env'] });
        }),
      );
  ready?.catch(() => {});
  const start = async (host: string, terminal: TerminalKind | 'silent') => {
    await ready;
    const talk = await startSession(makeClient(lab), lab.host(host).spec.id, { terminal });
    await talk.wait(PROMPT);
    return talk;
  };

  for (const kind of Object.keys(TERMINALS) as TerminalKind[]) {
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

  for (const { name } of HOSTS) {
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
