/** The process of one arm's client. It ends whenever the command that started it ends. */
import { systemClock } from '../../clock.ts';
import { playArm } from './arm.ts';
import type { ToArm } from './messages.ts';

process.once('message', (message: ToArm) => {
  if (message.op !== 'order') return;
  void playArm(message.order, systemClock, {
    tell: (message) => void (process.connected && process.send?.(message)),
    onMessage(listener) {
      process.on('message', listener);
      return () => process.off('message', listener);
    },
  });
});
process.on('disconnect', () => process.exit(0));
// Ignores Ctrl-C: the command decides when its clients end.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
