// The frameworks that scripts/frameworks.mjs unpacks, in every shell, order and kind of answer.
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { otherFrameworks } from './support/other-frameworks.ts';
import { outlive, variants } from './support/outlive.ts';
import { shells, testWith } from './support/shells.ts';

suite('prompt keeper: frameworks of other releases', { concurrency: 4 }, () => {
  for (const framework of otherFrameworks) {
    const isAbsent = !framework.needs.every(existsSync);
    for (const shell of shells.filter(framework.only)) {
      for (const variant of variants) {
        const name = `${shell.name}: ${framework.name}, ${variant.name}`;
        if (isAbsent) test(name, { skip: 'not unpacked' }, () => {});
        else testWith([shell.command], name, () => outlive(shell, framework, variant));
      }
    }
  }
});
