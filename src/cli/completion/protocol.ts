/** Answers the completion scripts: the kind of answer on the first line, then one candidate a line. */

import { type Clock, sleep } from '../../clock.ts';
import { REFRESH_MS } from '../../commands/completion/account-cache.ts';
import type { Environment } from '../../environment.ts';
import { answer } from './answer.ts';
import type { Candidate } from './candidates.ts';
import { readLine } from './line.ts';

/**
 * Questions: `bash LINE WORD` (LINE up to the cursor; WORD as bash splits it), `zsh WORD…`, `fish WORD…`.
 * `refresh PLACE` asks the account and answers nothing.
 * Kinds: `files`, `open` (no space after), `words`.
 */
export async function answerShell(
  [shell, ...args]: readonly string[],
  environment: Environment,
  clock: Clock,
): Promise<string> {
  if (shell === 'refresh') {
    const { refreshContents } = await import('../../commands/completion/completion-refresh.ts');
    const known = new AbortController();
    const refreshed = refreshContents(JSON.parse(args[0] ?? ''), environment.variables, clock);
    await Promise.race([refreshed.finally(() => known.abort()), sleep(clock, REFRESH_MS, known.signal)]);
    return '';
  }
  if (shell !== 'bash') {
    const { candidates, isFiles } = await answer(args, environment, clock);
    const rows = candidates.map(({ text, describe }) => (describe ? `${text}\t${describe}` : text));
    return print(isFiles, candidates, rows);
  }
  const typed = readLine(args[0] ?? '');
  const { candidates, isFiles } = await answer(typed.words.slice(1), environment, clock);
  const skipped = lengthKept(typed.rawLast, args[1] ?? '');
  const rows = candidates.map(({ text }) => quoteForBash(text, typed.quote).slice(skipped));
  return print(isFiles, candidates, rows);
}

function print(isFiles: boolean, candidates: readonly Candidate[], rows: readonly string[]): string {
  const isOpen = candidates.some((candidate) => candidate.isOpen);
  const kind = isFiles ? 'files' : isOpen ? 'open' : 'words';
  return [kind, ...rows].join('\n') + '\n';
}

/** How much of a candidate to leave out: bash replaces only what follows the last `=` or `:` (COMP_WORDBREAKS). */
function lengthKept(raw: string, current: string): number {
  if (/^[=:]+$/.test(current)) return raw.length;
  if (raw.endsWith(current)) return raw.length - current.length;
  return Math.max(raw.lastIndexOf('='), raw.lastIndexOf(':')) + 1;
}

function quoteForBash(text: string, quote: '' | "'" | '"'): string {
  if (quote === "'") return text.replaceAll("'", "'\\''");
  return quote === '"' ? text.replace(/["\\$`]/g, '\\$&') : text.replace(/[^\p{L}\p{N}_@%+=:,./-]/gu, '\\$&');
}
