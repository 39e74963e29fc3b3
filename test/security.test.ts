import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { marked, type Tokens } from 'marked';
import { renderBundle } from '../src/bundle/index.ts';
import { SETTINGS } from './support/bundle.ts';

const SECURITY = readFileSync(new URL('../SECURITY.md', import.meta.url), 'utf8');
const MOST_WORDS = 2500;

/** The items of every list, each a claim. */
function listClaims(): string[] {
  return marked
    .lexer(SECURITY)
    .filter((token): token is Tokens.List => token.type === 'list')
    .flatMap(({ items }) => items.map(({ text }) => text));
}

test(`SECURITY: at most ${MOST_WORDS} words, counted as wc does`, () => {
  const words = SECURITY.split(/\s+/).filter(Boolean).length;
  assert.ok(words <= MOST_WORDS, `${words} words`);
});

test('SECURITY: every claim names a test that is there, or says that it is not tested', () => {
  const claims = listClaims();
  assert.ok(claims.length >= 40, `${claims.length} claims`);
  for (const claim of claims) {
    const named = [...claim.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path = '']) => path);
    // What a person trusts on their own machine is a decision, not a claim.
    if (claim.startsWith('**Flags and variables**')) continue;
    assert.ok(named.length > 0 || /\bNot\s+tested\b/i.test(claim), claim);
    for (const path of named) {
      assert.match(path, /\.test\.ts$/, claim);
      assert.ok(existsSync(new URL(`../${path}`, import.meta.url)), `${claim}\nno file ${path}`);
    }
  }
});

/** What a host gets with every option, by path. */
const BUNDLE = renderBundle({
  ...SETTINGS,
  wrap: 'tmux',
  shell: 'login',
  entries: ['env', 'profile', 'rc'],
  ssh: true,
});
const FILES = [...BUNDLE.files, { path: 'the installer', mode: 0o755, text: BUNDLE.installer }];
const SOURCES = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(new URL(`../src/${path}`, import.meta.url), 'utf8') }));
const withoutComments = (text: string) => text.replace(/^\s*#.*$/gm, '');

test('SECURITY: nothing that a host gets is setuid, installs, makes users, or reaches for the network', () => {
  assert.ok(FILES.length > 15);
  for (const { path, mode, text } of FILES) {
    assert.match(mode.toString(8), /^[67][0-5]{2}$/, path);
    const found =
      /\b(curl|wget|nc|ncat|useradd|adduser|groupadd|apt-get|yum|dnf|apk|pip|setcap)\b|chmod [^\n]*(\+s|[2467][0-7]{3}\b)|\bimport (socket|urllib|http|ssl)\b|\/dev\/(tcp|udp)\b/.exec(
        withoutComments(text),
      );
    assert.equal(found, null, `${path}: ${found?.[0]}`);
  }
});

test('SECURITY: of the command line only the lab listens, and nothing switches the check of TLS off', () => {
  const listeners = SOURCES.filter(({ text }) => /\bcreateServer\(|new WebSocketServer\(/.test(text));
  assert.ok(listeners.length > 0);
  for (const { path } of listeners) assert.match(path, /^lab\//);
  for (const { path, text } of SOURCES)
    assert.doesNotMatch(
      text,
      /rejectUnauthorized|NODE_TLS_REJECT_UNAUTHORIZED'?\]? = |checkServerIdentity/,
      path,
    );
});

test('SECURITY: a line for syslog is fixed words and numbers, with the session id behind them', () => {
  const relay = FILES.find(({ path }) => path === 'relay.py')?.text ?? '';
  const calls = [...relay.matchAll(/self\.log\('(\w+)', '([^']*)' % /g)];
  assert.deepEqual(calls.map(([, event]) => event).sort(), ['cap', 'end', 'start']);
  for (const [, , format] of calls) assert.match(format!, /^[a-z]+=%d( [a-z]+=%d)+$/);
  assert.match(
    relay,
    /def log\(self, event, text\):\n +text = '%s uid=%d %s session=%s' % \(event, os\.getuid\(\), text, self\.session_id\)\n/,
  );
  assert.match(relay, /self\.session_id = session_id or '-'\n/);
});

test('SECURITY: beside the lab only completion, the report of measure and render --out write files', () => {
  const writers = SOURCES.filter(
    ({ path, text }) =>
      !path.startsWith('lab/') && /\b(writeFile|appendFile|createWriteStream|cpSync|copyFile)/.test(text),
  ).map(({ path }) => path);
  assert.deepEqual(writers.sort(), [
    'commands/completion/account-cache.ts',
    'commands/measure/report-file.ts',
    'commands/render/tree-folder.ts',
  ]);
});
