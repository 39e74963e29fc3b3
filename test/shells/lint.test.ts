// The rendered text: right for every shell that may read it, and as people who know these shells would write it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type PromptFile, promptFiles, renderPrompt, writePromptFolder } from './support/render.ts';
import { testWith } from './support/shells.ts';

const values = { intervalSeconds: 45, maxIdleSeconds: 28_800 };

/** Who reads which file. */
const readers: Readonly<Record<PromptFile, readonly (readonly [string, ...string[]])[]>> = {
  'prompt.bash': [['bash']],
  'prompt.zsh': [['zsh']],
  'prompt.fish': [['fish', '--no-config']],
  'prompt-helper.sh': [['dash'], ['bash', '--posix'], ['busybox', 'sh'], ['ksh'], ['mksh']],
};

function check(file: PromptFile, command: string, ...args: string[]): void {
  const folder = writePromptFolder(values);
  try {
    const path = join(folder.path, file);
    const { status, stdout, stderr } = spawnSync(command, [...args, path], { encoding: 'utf8' });
    // ksh -n also has opinions on how to write arithmetic.
    assert.equal(`${stdout}${stderr}`.replace(/.*: warning: .*\n/g, ''), '');
    assert.equal(status, 0);
  } finally {
    folder.remove();
  }
}

for (const file of promptFiles) {
  for (const [command, ...args] of readers[file]) {
    testWith([command], `${file}: ${[command, ...args].join(' ')} reads it without complaint`, () =>
      check(file, command, ...args, '-n'),
    );
  }

  for (const [command, ...args] of [['shellcheck'], ['shfmt', '-i', '2', '-ci', '-bn', '-d']] as const) {
    if (file === 'prompt.zsh' || file === 'prompt.fish') continue;
    const isAbsent = spawnSync(command, ['--version']).error !== undefined;
    test(`${file}: ${command} has nothing to say`, { skip: isAbsent && `absent: ${command}` }, () =>
      check(file, command, ...args),
    );
  }

  if (file === 'prompt.fish')
    testWith(['fish_indent'], `${file}: fish_indent has nothing to say`, () =>
      check(file, 'fish_indent', '--check'),
    );

  test(`${file}: equal values give equal bytes, and nothing of EJS is left`, () => {
    const text = renderPrompt(file, values);
    assert.equal(text, renderPrompt(file, values));
    assert.doesNotMatch(text, /<%|%>|undefined|NaN/);
    assert.match(text, /\n$/);
  });

  test(`${file}: shell text holds nothing that EJS would eat`, () => {
    const source = readFileSync(new URL(`../../templates/prompt/${file}.ejs`, import.meta.url), 'utf8');
    assert.doesNotMatch(source.replace(/<%#.*?-?%>|<%=? .*? -?%>/gs, ''), /<%|%>/);
  });
}
