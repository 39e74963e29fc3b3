// Rules that start a locking tmux by the name of the shell's parent, as the STIGs of RHEL 8 and 9 want them: real bash, real tmux.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bundleOf, copyHost, installedSandbox } from '../support/bundle.ts';
import { type Sandbox, type SessionOptions, skipUnless } from '../support/sandbox.ts';
import { someOf, testInTurn } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'bash', 'tmux', 'ps');

const rule = (line: string) => `if [ "$PS1" ]; then
  parent=$(ps -o ppid= -p $$)
  name=$(ps -o comm= -p $parent)
  ${line}
fi
`;
/** The first three are the STIGs' own and ComplianceAsCode's; the others are how people write the same. */
const RULES = [
  rule('case "$name" in sshd|login) exec tmux ;; esac'),
  rule('case "$name" in (sshd|login) exec tmux ;; esac'),
  rule('case "$name" in (sshd|login) tmux ;; esac'),
  rule('if [ "$name" = sshd ] || [ "$name" = login ]; then exec tmux; fi'),
  rule('[[ $name =~ ^(sshd|login) ]] && exec tmux'),
  '[ -n "$TMUX" ] || ! grep -qxE "sshd|sshd-session|login" /proc/$PPID/comm || exec tmux\n',
];

const LOGIN: SessionOptions = { executable: '/usr/bin/bash', argv0: '-bash' };
const SHELL: SessionOptions = { executable: '/usr/bin/bash', argv0: 'bash' };
/** Where such a rule stands, and a shell that reads it there. */
const PLACES = [
  { file: 'etc/profile.d/tmux.sh', shell: LOGIN },
  // `ssh -t host bash`: sshd's child, and no login shell.
  { file: 'etc/bash.bashrc', shell: SHELL },
  // As on RHEL, where the profile reads it.
  { file: 'etc/bash.bashrc', shell: LOGIN, profile: '. /etc/bash.bashrc\n' },
];

let model: Sandbox;
before(() => {
  if (!skip) model = installedSandbox({ entries: ['env', 'profile', 'rc'], scope: 'all' });
});
after(() => model?.close());

/** A host with such a rule, for as long as `body` takes. */
async function onHost(text: string, place: (typeof PLACES)[number], body: (host: Sandbox) => Promise<void>) {
  const host = copyHost(model);
  try {
    host.write('home/ssm-user/.tmux.conf', 'set -g default-command "PS1=pane: exec bash --norc"\n');
    host.write(place.file, `${host.has(place.file) ? `${host.read(place.file)}\n` : ''}${text}`);
    if (place.profile) host.write('etc/profile', `${host.read('etc/profile')}${place.profile}`);
    await body(host);
  } finally {
    host.close();
  }
}

/** Whether that login gets the rule's tmux, and whether it gets a keeper above it. */
async function logIn(host: Sandbox, options: SessionOptions) {
  return host.inSession(options, async (session) => {
    await session.see(/prompt> |pane: ?/);
    return {
      tmux: session.processes('tmux: client').length === 1,
      keeper: session.processes('ssm-keepalive').length === 1,
    };
  });
}

describe('a locking tmux', { concurrency: 2 }, () => {
  for (const [at, text] of someOf([...RULES.entries()], 2)) {
    const place = PLACES[at % PLACES.length]!;
    const parent = ['sshd', 'login'][at % 2]!;
    test(
      `bash: ${text.split('\n').at(-3) ?? text} in ${place.file} starts it below ${parent}, also with us`,
      {
        skip,
      },
      () =>
        onHost(text, place, async (host) => {
          assert.deepEqual(await logIn(host, { ...place.shell, parent }), { tmux: true, keeper: false });
          const { verdict, stdout } = host.runScript(bundleOf().status);
          assert.deepEqual(verdict['tmuxLocks'], [`/${place.file}`], stdout);
          assert.match(stdout, new RegExp(`left to tmux: /${place.file}`));
        }),
    );
  }

  const testHalf = testInTurn(0, 2);
  testHalf('bash: below another parent the rule starts nothing, and the login is kept', { skip }, () =>
    onHost(RULES[0]!, PLACES[0]!, async (host) => {
      assert.deepEqual(await logIn(host, { ...LOGIN, parent: 'su' }), { tmux: false, keeper: true });
    }),
  );

  testHalf('bash: a rule that is commented out leaves the login kept', { skip }, () =>
    onHost(RULES[1]!.replaceAll(/^/gm, '# '), PLACES[0]!, async (host) => {
      assert.deepEqual(await logIn(host, { ...LOGIN, parent: 'sshd' }), { tmux: false, keeper: true });
      assert.deepEqual(host.runScript(bundleOf().status).verdict['tmuxLocks'], []);
    }),
  );

  testHalf('bash: a tmux that starts whatever the parent is runs inside the keeper', { skip }, () =>
    onHost('[ -n "$PS1" -a -z "$TMUX" ] && exec tmux\n', PLACES[0]!, async (host) => {
      assert.deepEqual(await logIn(host, { ...LOGIN, parent: 'sshd' }), { tmux: true, keeper: true });
    }),
  );

  testHalf('bash: ssh over Session Manager is left to the rule too', { skip }, async () => {
    const ssm = installedSandbox();
    try {
      ssm.write('etc/profile.d/tmux.sh', RULES[1]!);
      ssm.write('home/ssm-user/.tmux.conf', 'set -g default-command "PS1=pane: exec bash --norc"\n');
      const env = { SSH_CONNECTION: '127.0.0.1 5022 127.0.0.1 22' };
      assert.deepEqual(await logIn(ssm, { ...LOGIN, parent: 'sshd', env }), { tmux: true, keeper: false });
    } finally {
      ssm.close();
    }
  });
});
