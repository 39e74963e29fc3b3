import { type Interruption, makeInterrupted } from '../interruption.ts';
import { say } from '../terminal/safe-text.ts';

/**
 * How far a run has come in one account, which is what Ctrl-C can still do there. `changing`: a document or an association is
 * being saved. `association`: its run is watched.
 */
export type UnderWay = 'looking' | 'changing' | 'commands' | 'association';

const WORDS: readonly (readonly [stage: UnderWay, words: string])[] = [
  ['changing', 'stopping after what is being saved now'],
  ['commands', 'cancelling; waiting for what already runs'],
  ['association', 'a run of an association cannot be cancelled, so it goes on; reporting what is known'],
];

/** What the first Ctrl-C does, of all accounts together; where nothing is under way yet the end itself says it. */
export function describeInterrupt(stages: readonly UnderWay[]): string {
  const lines = WORDS.filter(([stage]) => stages.includes(stage)).map(([, words]) => words);
  if (lines.length === 0) return '\n';
  return (
    '\n' + lines.map((line) => say`ssm-keepalive: ${line}`).join('\n') + ' (Ctrl-C again leaves at once)\n'
  );
}

/** Ctrl-C while instances were still being looked up: nothing was sent, and nothing shall be. @throws UserError */
export function refuseInterrupted(interruption: Interruption, what = 'nothing was sent'): void {
  if (interruption.isRequested) throw makeInterrupted(what);
}
