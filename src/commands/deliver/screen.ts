/** Output during the work: progress on stderr; with `--output ndjson` each verdict as soon as it is known. */
import { type AccountAtWork, type AccountPlace, describeAccount } from '../../accounts/account-work.ts';
import type { Verdict } from '../../fleet/judge.ts';
import type { PushEvent } from '../../fleet/sender.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import { makeResultDocument, makeResultLines, type ResultLines } from './ndjson.ts';
import { makeProgress } from './progress.ts';
import { completeNext } from './repair-text.ts';

/** After this many accounts the count is printed again. */
const COUNTED_AT_ONCE = 100;

export function makeScreen({ common }: Settings, io: Io) {
  let lines = common.output === 'ndjson' ? makeResultLines(io) : undefined;
  let many: { readonly total: number; done: number } | undefined;
  const progress = makeProgress(io, common.isQuiet);
  const tell = ({ name, label }: AccountPlace, verdict: Verdict, isFinal: boolean) =>
    lines?.writeRow(label ? { ...verdict, account: name } : verdict, isFinal);
  const tellEarly = (account: AccountAtWork, verdict: Verdict) =>
    tell(account, completeNext(verdict, account.settings), false);
  const countOne = (): void => {
    if (!many) return;
    many.done += 1;
    if (!common.isQuiet && (many.done % COUNTED_AT_ONCE === 0 || many.done === many.total))
      io.err(safe`${many.done} of ${many.total} accounts and Regions done\n`);
  };
  return {
    get lines(): ResultLines | undefined {
      return lines;
    },
    /** For many accounts: prints how many are done instead of the progress of each, and keeps nothing of an account. */
    countAccounts(total: number): void {
      many = { total, done: 0 };
      if (common.output === 'json') lines = makeResultDocument(io);
    },
    listen(account: AccountAtWork): (event: PushEvent) => void {
      if (many)
        return (event) => {
          if (event.kind === 'verdict') tellEarly(account, event.verdict);
        };
      const part = progress.forAccount(account.label);
      return (event) => (event.kind === 'verdict' ? tellEarly(account, event.verdict) : part(event));
    },
    /** Prints sentences, already safe; with several accounts under the account's name. */
    say({ label }: AccountPlace, sentences: readonly string[]): void {
      if (sentences.length > 0) progress.stop();
      for (const sentence of sentences)
        io.err(safe`ssm-keepalive: ${label && `${label}: `}` + sentence + '\n');
    },
    showVerdicts(account: AccountPlace, verdicts: readonly Verdict[]): void {
      // Another account may know an id that this one does not know.
      for (const verdict of verdicts)
        if (account.label === '' || verdict.class !== 'not registered') tell(account, verdict, true);
      if (many) lines?.forget(account.name);
      countOne();
    },
    /** Reports that one of several accounts failed. */
    showFailure(account: AccountPlace, error: unknown): void {
      countOne();
      if (account.label)
        lines?.writeFailedAccount({
          ...describeAccount({ account, error }),
          commandIds: [],
          missingCount: 0,
          stopped: null,
        });
    },
    /** Removes the bar; safe to call twice. */
    stop: () => progress.stop(),
  };
}
