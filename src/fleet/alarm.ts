import type { AlarmConfiguration, AlarmStateInformation } from '@aws-sdk/client-ssm';
import type { Verdict } from './judge.ts';

/** The field of a request that names its alarm; empty without an alarm. The service takes at most one [model]. */
export function alarmField(alarm: string | undefined): { AlarmConfiguration?: AlarmConfiguration } {
  if (!alarm) return {};
  // An alarm that cannot be read must stop the command: it cannot protect anything.
  return { AlarmConfiguration: { Alarms: [{ Name: alarm }], IgnorePollAlarmFailure: false } };
}

/** An alarm that stopped a command or an association. `isKnown` is false if the service could not read it. */
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

/** If an alarm stopped the command, names the alarm as the reason, in place of a person or --max-errors. */
export function blameAlarm(verdict: Verdict, alarm: TriggeredAlarm | undefined): Verdict {
  if (!alarm || !['cancelled', 'not sent'].includes(verdict.class)) return verdict;
  const name = JSON.stringify(alarm.name);
  const where = verdict.class === 'cancelled' ? 'before it ended here' : 'before it came here';
  const [why, next] = alarm.isKnown
    ? [
        `the alarm ${name} went off, and the service stopped the command ${where}`,
        'find out what set it off, then run the command again: a half-done change is completed or undone',
      ]
    : [
        `the service could not read the alarm ${name}, and stopped the command ${where}`,
        'check its name and Region, and that Systems Manager has its service-linked role; then run the command again',
      ];
  return { ...verdict, class: 'alarm', why, next };
}
