import { SHELL_PROFILE } from '../../bundle/index.ts';
import { parseDuration } from '../../duration.ts';
import { UsageError } from '../../errors.ts';
import type { PreferenceChanges } from '../../fleet/preferences.ts';
import type { Invocation } from '../command.ts';

/** The agent types this line into the session's terminal; a longer line does not arrive whole everywhere. */
const LONGEST_PROFILE = 512;

/** The fields that `preferences set` changes. @throws UsageError naming the service's limits */
export function readChanges(own: Invocation['own']): PreferenceChanges {
  const { idle, max, 'shell-profile': profile } = own as Record<string, string | undefined>;
  return {
    ...(idle === undefined ? {} : { idleSessionTimeout: readMinutes('--idle', idle, 60) }),
    ...(max === undefined
      ? {}
      : { maxSessionDuration: max === 'none' ? '' : readMinutes('--max', max, 1440) }),
    ...(profile === undefined ? {} : { shellProfile: readProfile(profile) }),
  };
}

/** Whole minutes from 1 to `most`; a bare number is minutes. */
function readMinutes(flag: string, text: string, most: number): string {
  const seconds = parseDuration(text, 'm') ?? Number.NaN;
  const minutes = seconds / 60;
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= most) return String(minutes);
  throw new UsageError({
    code: 'bad-setting',
    what: `${flag} cannot be ${JSON.stringify(text)}`,
    why: `the service takes whole minutes from 1 to ${most}${flag === '--max' ? ' (24h), or none' : ''}`,
    next: `give ${flag} ${flag === '--max' ? '12h or none' : '60'}`,
  });
}

function readProfile(text: string): string {
  if (text === 'none') return '';
  const line = text === 'ours' ? SHELL_PROFILE : text;
  if (line.length <= LONGEST_PROFILE && !/[\r\n]/.test(line)) return line;
  throw new UsageError({
    code: 'bad-setting',
    what: '--shell-profile cannot be that',
    why: `it is typed into every terminal: one line of at most ${LONGEST_PROFILE} characters`,
    next: 'put the rest into a file on the instances and source that',
  });
}
