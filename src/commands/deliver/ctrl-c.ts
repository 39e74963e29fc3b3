import { safe } from '../../terminal/safe-text.ts';

/**
 * The work in one account at Ctrl-C. `looking`: nothing was sent. `changing`: a document or an association is being
 * saved. `commands`: sent commands can be cancelled. `association`: its run is watched.
 */
export type Phase = 'looking' | 'changing' | 'commands' | 'association';

const WORDS: readonly (readonly [phase: Phase, words: string])[] = [
  ['changing', 'stopping after what is being saved now'],
  ['commands', 'cancelling; waiting for what already runs'],
  ['association', 'a run of an association cannot be cancelled, so it goes on; reporting what is known'],
];

/** Says what the first Ctrl-C does in all accounts; empty if all are only looking. */
export function describeInterrupt(phases: readonly Phase[]): string {
  const lines = WORDS.filter(([phase]) => phases.includes(phase)).map(([, words]) => words);
  if (lines.length === 0) return '\n';
  return (
    '\n' + lines.map((line) => safe`ssm-keepalive: ${line}`).join('\n') + ' (Ctrl-C again leaves at once)\n'
  );
}
