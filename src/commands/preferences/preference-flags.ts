import { SHELL_PROFILE } from '../../bundle/index.ts';
import type { PreferenceChanges } from '../../fleet/preferences.ts';
import { nearestName } from '../../nearest.ts';
import { InvalidValueError, type Reader, requireValid, seconds } from '../../settings/readers.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import type { Invocation } from '../command.ts';
import { readOwnFlag } from '../own-flag.ts';

/** The agent types this line into the session's terminal; a longer line does not arrive whole everywhere. */
const LONGEST_PROFILE = 512;

/** Words that are no line; a misspelt one would be typed into every session. */
const NAMED: readonly string[] = ['ours', 'none'];

const PROFILE: Reader<string> = {
  expected: `one line of at most ${LONGEST_PROFILE} characters: it is typed into every terminal`,
  read(text) {
    const meant = NAMED.includes(text) ? undefined : nearestName(text, NAMED);
    if (meant) throw new InvalidValueError(meant);
    const line = text === 'ours' ? SHELL_PROFILE : text === 'none' ? '' : text;
    return requireValid(line, line.length <= LONGEST_PROFILE && !/[\r\n]/.test(line));
  },
};

/** Whole minutes from 1 to `most`, as text; a bare number is minutes. */
function minutes(most: number, expected: string): Reader<string> {
  const { read } = seconds(60, most * 60, '', 'm');
  return {
    expected: `whole minutes from 1 to ${most}${expected}`,
    read: (text) => requireValid(String(read(text) / 60), read(text) % 60 === 0),
  };
}

const MAXIMUM = minutes(1440, ' (24h), or none');

/** The fields that `preferences set` changes. @throws UsageError naming the service's limits */
export function readChanges(own: Invocation['own']): PreferenceChanges {
  const changes = {
    idleSessionTimeout: readOwnFlag(own, 'idle', minutes(60, ''), '60'),
    maxSessionDuration: own['max'] === 'none' ? '' : readOwnFlag(own, 'max', MAXIMUM, '12h or none'),
    shellProfile: readOwnFlag(own, 'shell-profile', PROFILE, 'a line that sources a file on the instances'),
  };
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

/** The fields as they were typed, for advice. */
export function repeatChanges(own: Invocation['own']): string {
  return ['idle', 'max', 'shell-profile']
    .flatMap((name) => (typeof own[name] === 'string' ? quoteCommand` --${name} ${own[name]}` : []))
    .join('');
}
