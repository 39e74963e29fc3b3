// The process trees that docs/hardened-hosts.md gives to those who allow-list them, against those of real sessions.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import type { BundleSettings } from '../../src/bundle/index.ts';
import { makeClient, sandboxMissing, until } from '../lab/test-lab.ts';
import { skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';
import { startSession } from './dialogue.ts';
import { useKeptLab } from './kept-host.ts';

/** In the order of the document. A shell as fish or zsh would be one name more; sh is what the agent starts. */
const KEEPERS: readonly { readonly name: string; readonly settings: Partial<BundleSettings> }[] = [
  { name: 'relay', settings: { keeper: 'relay' } },
  { name: 'prompt', settings: { keeper: 'prompt' } },
  { name: 'tmux', settings: { keeper: 'relay', wrap: 'tmux' } },
];

const [, section = ''] =
  /## The process trees[^\n]*\n([\s\S]*?)\n## /.exec(
    readFileSync(new URL('../../docs/hardened-hosts.md', import.meta.url), 'utf8'),
  ) ?? [];
const drawings = [...section.matchAll(/```\n([\s\S]*?)```/g)].map(([, text = '']) => text);

interface Process {
  readonly name: string;
  readonly user: string;
  readonly children: Process[];
}

/** The trees of one drawing: what a line hangs on is told by where its name begins. */
function readDrawing(text: string): Process[] {
  const roots: Process[] = [];
  const open: { column: number; process: Process }[] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, lead = '', name = '', user = ''] = /^([ └─]*)(\S+(?: \S+)*) {2,}(\S+(?: \S+)*)/.exec(line) ?? [];
    assert.notEqual(name, '', line);
    // The kernel keeps 15 characters of a name.
    const process = { name: name.slice(0, 15), user, children: [] };
    while (open.length > 0 && open.at(-1)!.column >= lead.length) open.pop();
    (open.at(-1)?.process.children ?? roots).push(process);
    open.push({ column: lead.length, process });
  }
  return roots;
}

/** Everything that runs on a host: each process by its name, with those it is the parent of. */
function readProcesses(listing: string): (Process & { readonly parent: string })[] {
  const rows = listing
    .trim()
    .split('\n')
    .map((line) => /^ *(\d+) +(\d+) +(\d+) +(.*)$/.exec(line)?.slice(1) ?? ['', '', '', line]);
  const all = rows.map(([pid = '', parent = '', uid = '', name = '']) => ({
    pid,
    parent,
    name,
    user: uid === '0' ? 'root' : "session's user",
    children: [] as Process[],
  }));
  for (const one of all) all.find(({ pid }) => pid === one.parent)?.children.push(one);
  return all;
}

/** One line for a tree, whatever else is known of its processes. */
const draw = ({ name, user, children }: Process): string =>
  `${name} (${user})${children.length > 0 ? ` > [${children.map(draw).sort().join(', ')}]` : ''}`;

// Before any test: one that is over while the lab starts would end the file, and the lab with it.
const skip = sandboxMissing() || skipUnless('ps', 'tmux');
const played = someOf([...KEEPERS.entries()], 2);
const lab = await useKeptLab(
  (skip ? [] : played).map(([index, { name, settings }]) => ({
    spec: { name, id: `i-0fffffffffffffe0${index}`, tags: {} },
    // The prompt keeper is for a shell that can swallow an answer, as sh is on Amazon Linux.
    sh: settings.keeper === 'prompt' ? '/usr/bin/bash' : undefined,
    settings,
  })),
);

test('docs: a process tree is drawn for each keeper and for tmux', () => {
  assert.equal(drawings.length, KEEPERS.length);
});

suite('docs: the processes of a session', { concurrency: true }, () => {
  for (const [index, { name }] of played) {
    test(`${name}: are those drawn, with their parents and users`, {
      skip,
    }, async () => {
      const talk = await startSession(makeClient(lab), lab.host(name).spec.id, { terminal: 'answers' });
      await talk.wait(/[$#>] /);
      for (const drawn of readDrawing(drawings[index] ?? '')) {
        let found: readonly (Process & { readonly parent: string })[] = [];
        // Until what runs at the start of a session alone, and now and then in a helper, is over.
        await until(draw(drawn), async () => {
          const listing = await lab.host(name).exec(['ps', '-e', '-o', 'pid=,ppid=,uid=,comm=']);
          found = readProcesses(listing.stdout).filter((each) => each.name === drawn.name);
          return found.some((each) => draw(each) === draw(drawn));
        }).catch((error: Error) => {
          throw new Error(`${error.message}; found: ${found.map(draw).join('\n')}`);
        });
        assert.equal(found.length, 1, `more than one ${drawn.name}: ${found.map(draw).join('\n')}`);
        if (new RegExp(`^${drawn.name} .*parent: init`, 'm').test(drawings[index] ?? ''))
          assert.equal(found[0]?.parent, '1');
      }
      talk.session.close();
    });
  }
});
