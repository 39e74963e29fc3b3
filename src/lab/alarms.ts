/** The account's CloudWatch alarms, each a name and a state, in a file of the lab's folder. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod';
import type { alarmConfiguration } from './shapes.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export type AlarmConfiguration = z.infer<typeof alarmConfiguration>;

/** UNKNOWN: the service could not read the alarm. */
export interface AlarmStateInformation {
  readonly Name: string;
  readonly State: 'ALARM' | 'UNKNOWN';
}

export class AlarmBook {
  private readonly path: string;

  constructor(dir: string) {
    this.path = join(dir, 'alarms.json');
  }

  /** Reads the file each time: another process may have changed it. */
  read(): Readonly<Record<string, AlarmState>> {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8'));
    } catch {
      return {};
    }
  }

  set(name: string, state: AlarmState): void {
    writeFileSync(`${this.path}.new`, JSON.stringify({ ...this.read(), [name]: state }), { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
  }

  /** The alarm that stops a command now. A missing alarm stops it too, unless the request ignores that. */
  findTriggered(configuration: AlarmConfiguration | undefined): AlarmStateInformation | undefined {
    const [alarm] = configuration?.Alarms ?? [];
    if (alarm === undefined) return undefined;
    const state = this.read()[alarm.Name];
    if (state === 'ALARM') return { Name: alarm.Name, State: 'ALARM' };
    const isUnread = state === undefined && configuration?.IgnorePollAlarmFailure !== true;
    return isUnread ? { Name: alarm.Name, State: 'UNKNOWN' } : undefined;
  }
}
