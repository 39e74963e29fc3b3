import { say } from '../../terminal/safe-text.ts';

/**
 * What goes on in one account, which is what Ctrl-C can still do there. `changing`: a document or an association is being saved.
 * `association`: its run is watched.
 */
export type Doing = 'looking' | 'changing' | 'commands' | 'association';

const WORDS: readonly (readonly [doing: Doing, words: string])[] = [
  ['changing', 'stopping after what is being saved now'],
  ['commands', 'cancelling; waiting for what already runs'],
  ['association', 'a run of an association cannot be cancelled, so it goes on; reporting what is known'],
];

/** What the first Ctrl-C does, of all accounts together; where nothing goes on the end itself says it. */
export function describeInterrupt(doings: readonly Doing[]): string {
  const lines = WORDS.filter(([doing]) => doings.includes(doing)).map(([, words]) => words);
  if (lines.length === 0) return '\n';
  return (
    '\n' + lines.map((line) => say`ssm-keepalive: ${line}`).join('\n') + ' (Ctrl-C again leaves at once)\n'
  );
}
