import { type AccountName, labelAccount } from '../../accounts/names.ts';
import type { Io } from '../../terminal/io.ts';
import { type AccountFacts, describeRow, describeRun, type Row, type RunFacts } from './verdict-json.ts';

/** `--output ndjson`: one JSON line for each instance as soon as its verdict is known, at the end one with the summary. */
export interface ResultLines {
  /** Tells a row once; again only when its verdict has changed since. `isFinal`: it does not change any more. */
  writeRow(row: Row, isFinal: boolean): void;
  /** That all rows of an account were told, where there are too many accounts to remember each. */
  forget(account: AccountName): void;
  writeFailedAccount(account: AccountFacts): void;
  writeSummary(rows: readonly Row[], facts: RunFacts): void;
}

/** One line of `--output ndjson`. `type` says what it is (docs/json.md). */
export function writeLine(io: Io, type: string, facts: object): void {
  io.out(`${JSON.stringify({ type, ...facts })}\n`);
}

export function makeResultLines(io: Io): ResultLines {
  const written = new Map<string, Map<string, string>>();
  return {
    writeRow(row) {
      const label = row.account ? labelAccount(row.account) : '';
      const own = written.get(label) ?? new Map<string, string>();
      written.set(label, own);
      const word = `${row.verdict} ${row.class}`;
      if (own.get(row.instanceId) === word) return;
      own.set(row.instanceId, word);
      writeLine(io, 'instance', describeRow(row));
    },
    forget: (account) => void written.delete(labelAccount(account)),
    writeFailedAccount: (account) => writeLine(io, 'account', account),
    writeSummary: (rows, facts) => writeLine(io, 'summary', describeRun(rows, facts)),
  };
}

/**
 * One JSON document of many accounts: each instance is written when it is known and then forgotten, so `instances` comes first.
 * An account's rows come together, the accounts in the order in which they end.
 */
export function makeResultDocument(io: Io): ResultLines {
  let count = 0;
  const begin = () => (count++ === 0 ? '{\n  "instances": [\n    ' : ',\n    ');
  const indent = (value: object) => JSON.stringify(value, null, 2).replace(/\n/g, '\n    ');
  return {
    writeRow(row, isFinal) {
      if (isFinal) io.out(begin() + indent(describeRow(row)));
    },
    forget: () => {},
    writeFailedAccount: () => {},
    writeSummary(rows, facts) {
      const rest = JSON.stringify(describeRun(rows, facts), null, 2).slice(2);
      io.out(count === 0 ? '{\n  "instances": [],\n' + rest + '\n' : '\n  ],\n' + rest + '\n');
    },
  };
}
