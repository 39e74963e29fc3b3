import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import { marked, type Token, type Tokens } from 'marked';
import { fillPage, PAGES, PARTS } from '../scripts/docs.ts';
import { systemClock } from '../src/clock.ts';
import { COMMANDS } from '../src/commands/index.ts';
import { DEFAULT_HOSTS } from '../src/lab/index.ts';
import { runCli } from './support/cli.ts';
import { startTestLab } from './support/lab.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LONGEST_LINE = 100;
const DOCS = PAGES.filter((page) => dirname(page) !== join(ROOT, '.'));

/** The one host of each lab here: it plays the instance of the documentation, and all that have a tag of the lab. */
const [WEB = DEFAULT_HOSTS[0]!] = DEFAULT_HOSTS;
const HOST = { ...WEB, tags: { ...WEB.tags, role: 'web' } };
const INSTANCE = 'i-0123456789abcdef0';

/** What a line needs a real host for; for the others one answers that has no machine, as a host would that has all done. */
const NEEDS_MACHINE = /^(measure (?!--from)|install --no-restart)/;
const ANSWERS: Readonly<Record<string, string>> = {
  install: JSON.stringify({
    'ssm-keepalive': 1,
    verdict: 'installed',
    keeper: 'relay',
    entries: { env: 'live' },
  }),
  status: JSON.stringify({ 'ssm-keepalive': 1, verdict: 'status', state: 'installed', keeper: 'relay' }),
  uninstall: JSON.stringify({ 'ssm-keepalive': 1, verdict: 'removed' }),
};

/** How a line may leave, where that is not 0 alone; the words that it has to say then. */
const LEAVES: readonly (readonly [line: RegExp, statuses: readonly number[], says: RegExp])[] = [
  // Work to do is an answer.
  [/^doctor\b/, [0, 1], /^/],
  // No host of the lab is in another Region.
  [/^status .*--region/, [0, 1], /^/],
  // A shell needs a terminal, which the tests of connect have; what stands on the line was read before that is said.
  [/^connect\b/, [2], /connect needs a terminal/],
];

/**
 * What is typed on the lab instead: nobody waits for hours or for an agent’s restart here, and an account has profiles that a
 * test has not.
 */
const REPLACED: readonly (readonly [RegExp, string])[] = [
  [
    /^(measure (?!--from).*?)( --limit \S+)?( --temporary-document)?( --output json > \S+)?$/,
    '$1 --limit 1s$4',
  ],
  // Every arm has a test of its own.
  [/^(measure .*?)( --arm \S+)?( --limit 1s.*)$/, '$1 --arm nothing$3'],
  // The plainest install is done, the others are planned.
  [/^install --tag env=dev$/, 'install --no-restart --tag env=dev'],
  [/^install (?!--no-restart --tag env=dev$)(?!.*--dry-run)(.*)$/, 'install $1 --dry-run'],
  [/ --profile \S+/g, ''],
  [/ --lab\b/g, ''],
];

interface Line {
  readonly page: string;
  readonly words: string;
}

/** Every token, also those inside lists, tables and quotes. */
function walk(page: string): Token[] {
  const found: Token[] = [];
  marked.walkTokens(marked.lexer(readFileSync(page, 'utf8')), (token) => {
    found.push(token);
  });
  return found;
}

/** The lines that start with our name in a page's blocks of commands; `\` at a line's end goes on in the next. */
function commandLines(page: string): Line[] {
  return walk(page)
    .filter(
      (token): token is Tokens.Code => token.type === 'code' && ['console', 'sh'].includes(token['lang']),
    )
    .flatMap(({ text }) => text.replaceAll(/\s*\\\n\s*/g, ' ').split('\n'))
    .flatMap((line) => {
      const words = /^(?:\$ )?ssm-keepalive ([^#]*)/.exec(line)?.[1]?.trim();
      return words === undefined ? [] : [{ page: relative(ROOT, page), words }];
    });
}

/** As a shell would split them: quotes hold words together. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replaceAll(/["']/g, ''));
}

test('docs: every ssm-keepalive line of a console block, and every example of help, runs on the lab or is planned', async (context) => {
  const help = COMMANDS.flatMap(({ examples }) => examples.map(([words]) => ({ page: 'help', words })));
  // What needs a lab of its own: test/commands/lab.test.ts.
  const lines = [...PAGES.flatMap(commandLines), ...help].filter(({ words }) => !/^lab /.test(words));
  assert.ok(lines.length >= 10, 'the blocks were found');
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-docs-'));
  const role = { name: 'fleet-reader' };
  const accounts = ['111111111111', '222222222222'].map((id) => ({ id, role }));
  const answer = { stdout: '' };
  const [real, played] = await Promise.all(
    [HOST, { ...HOST, synthetic: answer }].map((host) => startTestLab(context, { hosts: [host], accounts })),
  );
  const env = { SSM_KEEPALIVE_LAB_DIR: join(folder, 'lab') };
  context.after(async () => {
    await runCli(['lab', 'down'], env);
    rmSync(folder, { recursive: true, force: true });
  });
  const known = new Set<string>();
  for (const { page, words } of lines) {
    const line = REPLACED.reduce(
      (text, [pattern, other]) => text.replace(pattern, other),
      words.replaceAll(INSTANCE, WEB.id),
    );
    if (known.has(line)) continue;
    known.add(line);
    const [, typed = '', file] = /^(.*?)(?: > (\S+))?$/.exec(line) ?? [];
    const lab = NEEDS_MACHINE.test(line) ? real : played;
    const [verb = '', ...more] = splitWords(typed);
    answer.stdout = ANSWERS[verb] ?? '';
    const { status, stdout, stderr } = await runCli(
      [verb, ...more],
      { ...lab?.env, ...env },
      {
        cwd: folder,
        // A shell's first prompt comes no sooner because the clock of a poll is eager.
        ...(line.startsWith('measure ') ? { clock: systemClock } : {}),
      },
    );
    if (file !== undefined) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), stdout);
    }
    const [, statuses, says] = LEAVES.find(([pattern]) => pattern.test(line)) ?? [/^/, [0], /^/];
    assert.ok(statuses.includes(status ?? -1), `${page}: ${words}\n${stderr}${stdout}`);
    assert.match(stderr, says, `${page}: ${words}`);
  }
});

const slugs = new Map<string, ReadonlySet<string>>();

/** The names of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const found = slugs.get(page);
  if (found) return found;
  const slugger = new GithubSlugger();
  const made = new Set(
    walk(page)
      .filter(({ type }) => type === 'heading')
      .map((token) => slugger.slug(plainText(token))),
  );
  slugs.set(page, made);
  return made;
}

/** A heading without its marks: `code` and **bold** leave their text. */
function plainText(token: Token): string {
  const parts = (token as { tokens?: Token[] }).tokens;
  return parts ? parts.map(plainText).join('') : String((token as { text?: string }).text ?? '');
}

/** Why a link leads nowhere; undefined when it leads somewhere, or out into the world. */
function findFault(page: string, href: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(href)) return undefined;
  const [path = '', anchor] = href.split('#');
  const target = path === '' ? page : join(dirname(page), decodeURIComponent(path));
  if (!existsSync(target)) return `no file ${relative(ROOT, target)}`;
  if (anchor === undefined) return undefined;
  if (!target.endsWith('.md')) return `${path} has no headings`;
  return anchorsOf(target).has(anchor) ? undefined : `no heading #${anchor} in ${relative(ROOT, target)}`;
}

for (const page of PAGES) {
  test(`docs: every link of ${relative(ROOT, page)} leads somewhere`, () => {
    const faults = walk(page).flatMap((token) => {
      if (token.type !== 'link' && token.type !== 'image') return [];
      const fault = findFault(page, String(token['href']));
      return fault === undefined ? [] : [`${token['href']}: ${fault}`];
    });
    assert.deepEqual(faults, []);
  });
}

test('docs: what the tables of the code say is what the pages say; `npm run docs` writes it', () => {
  for (const page of PAGES) {
    const text = readFileSync(page, 'utf8');
    assert.equal(text, fillPage(text), `${relative(ROOT, page)}: run  npm run docs`);
  }
});

test('docs: every part that the tables give is in a page', () => {
  const texts = PAGES.map((page) => readFileSync(page, 'utf8')).join('');
  for (const name of Object.keys(PARTS))
    assert.ok(texts.includes(`<!-- generated by npm run docs: ${name} -->`), name);
});

test('docs: every file of ours and every npm script that a page names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const page of PAGES) {
    const text = readFileSync(page, 'utf8');
    for (const [, path = ''] of text.matchAll(
      /`((?:src|test|bench|templates|docs|scripts)\/(?:[\w./-]+(?:\.(?:ts|md|mjs|ejs|py)|\/))?)`/g,
    ))
      assert.ok(existsSync(join(ROOT, path)), `${relative(ROOT, page)}: ${path}`);
    for (const [, name = ''] of text.matchAll(/npm run ([\w-]+(?::\w+)?)/g))
      assert.ok(name in scripts, `${relative(ROOT, page)}: npm run ${name}`);
  }
});

test(`docs: no line is longer than ${LONGEST_LINE} characters`, () => {
  for (const page of PAGES)
    for (const [index, line] of readFileSync(page, 'utf8').split('\n').entries())
      assert.ok([...line].length <= LONGEST_LINE, `${relative(ROOT, page)}:${index + 1}: ${line}`);
});

test('docs: every page can be reached from the README', () => {
  const reached = new Set<string>();
  const visit = (page: string): void => {
    if (reached.has(page) || !existsSync(page)) return;
    reached.add(page);
    for (const token of walk(page)) {
      if (token.type !== 'link' || /^[a-z]+:/i.test(String(token['href']))) continue;
      const [path = ''] = String(token['href']).split('#');
      if (path.endsWith('.md')) visit(join(dirname(page), path));
    }
  };
  visit(join(ROOT, 'README.md'));
  assert.deepEqual(
    DOCS.filter((page) => !reached.has(page)).map((page) => relative(ROOT, page)),
    [],
  );
});

test('docs: a link that leads nowhere is found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-docs-'));
  try {
    const page = join(folder, 'a.md');
    writeFileSync(page, '# One `two`\n\ntext\n\n## One two\n');
    assert.equal(findFault(page, '#one-two'), undefined);
    assert.equal(findFault(page, 'a.md#one-two-1'), undefined);
    assert.equal(findFault(page, 'https://example.com/x#y'), undefined);
    assert.match(findFault(page, '#three') ?? '', /no heading #three/);
    assert.match(findFault(page, 'b.md') ?? '', /no file/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
