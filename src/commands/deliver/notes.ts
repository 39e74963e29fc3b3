/** Sentences about a run: warnings before it, and what it has done. */
import type { Settings } from '../../settings/settings.ts';
import { safe } from '../../terminal/safe-text.ts';
import type { Apply } from './apply.ts';
import { describeChange, warnOfAssociations } from './follow-text.ts';
import { describeDocumentPlan } from './own-documents.ts';
import type { Plan, Verb } from './plan.ts';
import { describeWatching, type SentCommands } from './sent-commands.ts';

/** Warnings to show before the question. */
export function warnBefore({ verb, warnings, associations = [] }: Plan, settings: Settings): string[] {
  return [...warnings, ...(verb === 'uninstall' ? warnOfAssociations(associations, settings) : [])];
}

/** What was saved, and how to see the results if nobody waited for them. */
export function describeDone(work: Apply | SentCommands, verb: Verb, settings: Settings): string[] {
  const { commandIds, outlook } = work;
  const takeUp = describeWatching(verb, commandIds, settings);
  const rest = {
    seen: [],
    unwatched: [`sent. To see how it went:  ${takeUp}`],
    lost: [`what was sent goes on. To take it up again:  ${takeUp}`],
    left: [`left early. To take it up again:  ${takeUp}`],
  }[commandIds.length > 0 ? outlook : 'seen'];
  return [...('plan' in work ? describeSaved(work, settings) : []), ...rest];
}

function describeSaved({ plan, documentVersion, association }: Apply, settings: Settings): string[] {
  const script = plan.documents?.script;
  const document =
    script && documentVersion && script.action !== 'none'
      ? [safe`${describeDocumentPlan(script, documentVersion)}`]
      : [];
  return [...document, ...(association ? describeChange(association, plan, settings) : [])];
}
