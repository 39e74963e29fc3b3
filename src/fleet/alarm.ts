import type { AlarmConfiguration, AlarmStateInformation } from '@aws-sdk/client-ssm';
import type { Verdict } from './judge.ts';

/** The name of a CloudWatch alarm, 1 to 255 characters [model]. */
export type AlarmName = string;

/** A request's field for the alarm that stops it; one is the most the service takes [model]. Nothing where there is none. */
export function alarmField(alarm: AlarmName | undefined): { AlarmConfiguration?: AlarmConfiguration } {
  if (!alarm) return {};
  // Not ignored when it cannot be read: a brake that is out of sight is no brake.
  return { AlarmConfiguration: { Alarms: [{ Name: alarm }], IgnorePollAlarmFailure: false } };
}

/** An alarm that stopped a command or an association. `isKnown`: false where the service could not read it. */
export interface TriggeredAlarm {
  readonly name: string;
  readonly isKnown: boolean;
}

export function readTriggered(
  alarms: readonly AlarmStateInformation[] | undefined,
): TriggeredAlarm | undefined {
  const [alarm] = alarms ?? [];
  return alarm?.Name ? { name: alarm.Name, isKnown: alarm.State === 'ALARM' } : undefined;
}

/** What an alarm keeps from an instance is put down to it, not to a person or to the failures of others. */
export function blameAlarm(verdict: Verdict, alarm: TriggeredAlarm | undefined): Verdict {
  if (!alarm || !['cancelled', 'not sent'].includes(verdict.class)) return verdict;
  const name = JSON.stringify(alarm.name);
  const where = verdict.class === 'cancelled' ? 'before it ended here' : 'before it came here';
  return alarm.isKnown
    ? {
        ...verdict,
        class: 'alarm',
        why: `the alarm ${name} went off, and the service stopped the command ${where}`,
        next: 'find out what set it off, then run the command again: a half-done change is completed or undone',
      }
    : {
        ...verdict,
        class: 'alarm',
        why: `the service could not read the alarm ${name}, and stopped the command ${where}`,
        next: 'check its name and Region, and that Systems Manager has its service-linked role; then run the command again',
      };
}
