import { labelAccount } from '../../accounts/names.ts';
import type { Io } from '../../terminal/io.ts';
import { type AccountFacts, describeRow, describeRun, type Row, type RunFacts } from './verdict-json.ts';

/** `--output ndjson`: one JSON line for each instance as soon as its verdict is known, at the end one with the summary. */
export interface ResultLines {
  /** Tells a row once; again only when its verdict has changed since. */
  tellRow(row: Row): void;
  tellFailedAccount(account: AccountFacts): void;
  tellSummary(rows: readonly Row[], facts: RunFacts): void;
}

export function makeResultLines(io: Io): ResultLines {
  const told = new Map<string, string>();
  const write = (type: string, facts: object) => io.out(`${JSON.stringify({ type, ...facts })}\n`);
  return {
    tellRow(row) {
      const key = `${row.account ? labelAccount(row.account) : ''} ${row.instanceId}`;
      const word = `${row.verdict} ${row.class}`;
      if (told.get(key) === word) return;
      told.set(key, word);
      write('instance', describeRow(row));
    },
    tellFailedAccount: (account) => write('account', account),
    tellSummary: (rows, facts) => write('summary', describeRun(rows, facts)),
  };
}
