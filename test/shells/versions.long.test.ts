// The prompt keeper's tests once more, each in every other version of its shell that scripts/versions.mjs has unpacked.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type OtherVersion, otherVersions } from '../../scripts/versions.mjs';
import { runTests } from '../support/run-tests.ts';
import { shells } from './support/shells.ts';

const files = ['foreground', 'frameworks', 'idle', 'limits', 'line-editor', 'manners', 'startup'];

/** Tests that a version does not pass, by the start of their names: limits of its line editor, told in docs/shells.md. */
const limits: readonly { readonly of: RegExp; readonly tests: readonly string[] }[] = [
  {
    of: /^fish 3\.1\.\d+: line-editor/,
    tests: [
      'fish, emacs, whole answers: a completion pager',
      'fish, emacs, split answers: a completion pager',
      'fish, emacs, whole answers: a search in history',
      'fish, emacs, split answers: a search in history',
      'fish, vi, split answers: command mode and its cursor',
    ],
  },
  // There `test -t 1` looks at the shell's own output, not at where that of `source` goes.
  { of: /^fish 3\.1\.\d+: manners/, tests: ['fish: sourced without a terminal or without a person'] },
  { of: /^fish 4\.0\.\d+: line-editor/, tests: ['fish, emacs, split answers: a paste that stops half way'] },
  {
    of: /^fish 4\.9\.\d+: line-editor/,
    tests: [
      'fish, emacs, whole answers: words killed one after the other',
      'fish, emacs, split answers: words killed one after the other',
    ],
  },
  // The one way round: what other versions drop this one keeps.
  { of: /^fish 4\.9\.\d+: limits/, tests: ['fish: in vi mode a pending operator is dropped'] },
];

/** In a mount namespace of its own the version's data lie over the machine's, so that it is started like any other. */
const overlay = ({ overlays }: OtherVersion): readonly string[] => {
  const mounts = overlays.map((_, index) => `mount --bind "$${2 * index + 1}" "$${2 * index + 2}" &&`);
  const script = `${mounts.join(' ')} shift ${2 * overlays.length} && exec "$@"`;
  const unshare = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'];
  return overlays.length === 0 ? [] : [...unshare, ...overlays.flatMap(({ from, to }) => [from, to])];
};

/** Names of the tests that failed; suites and files, which fail with them, have no shell in front. */
const failuresIn = (output: string, names: readonly string[]): string[] =>
  [...output.matchAll(/^ *not ok \d+ - (.*)$/gm)]
    .map(([, name]) => name!)
    .filter((name) => names.some((shell) => name.startsWith(`${shell}: `) || name.startsWith(`${shell}, `)));

const { present, absent } = otherVersions();

suite('prompt keeper: other versions', () => {
  for (const name of absent.filter((each) => !each.startsWith('tmux')))
    test(name, { skip: 'not unpacked' }, () => {});

  for (const version of present) {
    const names = shells.filter(({ command }) => command === version.program).map(({ name }) => name);
    if (names.length === 0) continue;
    for (const file of files) {
      const name = `${names.join(' and ')} ${version.version}: ${file}`;
      const known = limits.filter((limit) => limit.of.test(name)).flatMap(({ tests }) => tests);
      const isKnown = (failure: string) => known.some((start) => failure.startsWith(start));
      const play = () =>
        runTests(
          new URL(`${file}.test.ts`, import.meta.url),
          `(${names.join('|')})[:,] `,
          { PATH: `${version.folder}:${process.env.PATH}` },
          { wrap: overlay(version) },
        );
      test(name, async () => {
        let outcome = await play();
        // A terminal that is late on a busy machine is no news of a version: once more.
        if (!failuresIn(outcome.output, names).every(isKnown)) outcome = await play();
        const { passed, failed, output } = outcome;
        const failures = failuresIn(output, names);
        assert.ok(passed > 0 && (failed === 0 || failures.length > 0), output);
        assert.deepEqual(
          failures.filter((each) => !isKnown(each)),
          [],
          output,
        );
        // A slice may not have them; the long run does, and a limit that is gone has to leave the list.
        if (process.env['SSM_KEEPALIVE_TEST_LONG'] !== undefined)
          assert.deepEqual(
            known.filter((start) => !failures.some((each) => each.startsWith(start))),
            [],
          );
      });
    }
  }
});
