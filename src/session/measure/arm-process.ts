/** The process around one arm's client. It ends with the command that started it, whatever ends that. */
import { systemClock } from '../../clock.ts';
import { playArm } from './arm.ts';
import type { ToArm } from './messages.ts';

process.once('message', (message: ToArm) => {
  if (message.op !== 'order') return;
  void playArm(message.order, systemClock, {
    tell: (told) => void (process.connected && process.send?.(told)),
    onMessage(listener) {
      process.on('message', listener);
      return () => process.off('message', listener);
    },
  });
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C is for the command; it decides when its clients leave.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
