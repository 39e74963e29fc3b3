// Root's own shells read nothing of the library, and start no program that it names, where others may change it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readdirSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { SHELL_PROFILE } from '../../src/bundle/index.ts';
import { bundleOf, ENV, installedSandbox, installQuietly, LIBRARY } from '../support/bundle.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';
import { rotate, someOf, TURN } from '../support/turns.ts';

const skip =
  skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'zsh', 'fish', 'find') ||
  (process.getuid?.() === 0 ? false : 'needs root to give files to somebody else');

const LIB = `/${LIBRARY}`;
/** Makes a file say that it was read; `$version` is the folder in use. */
const plant = (path: string) => `echo 'echo "$case" >>/tmp/ran' >${path}`;

/** What others may change, and which files of the library they planted; nothing of root's is changed in the last one. */
const PLACES: readonly (readonly [what: string, spoil: string])[] = [
  ['the folder above', `chmod 775 /usr/local/lib`],
  ['a folder further up', `chown 1001 /usr/local`],
  ['the library', `chmod 777 ${LIB}`],
  ['the library, by its owner', `chown 1001 ${LIB}`],
  ['the version', `chmod 775 $version`],
  [
    'a folder that a link on the way leads into',
    'mkdir /opt/data; mv /usr/local/lib /opt/data/lib; ln -s /opt/data/lib /usr/local/lib; chown 1001 /opt/data',
  ],
  ['a file of the version', `chmod 666 $version/relay.py`],
  ['the entry', `chown 1001 $version/entry.sh $version/entry.fish`],
];

/** Who opens a folder above the library after the install: the file that ENV names is then read before anything is asked. */
const LATER = [
  'the stubs, in a folder that was opened later',
  `${plant(`${LIB}/entry.sh`)}; ${plant(`${LIB}/rc.sh`)}; chmod 775 /usr/local/lib`,
] as const;

/** The ways in which a shell of root's meets the library, without a terminal: what is planted is read before anything else is asked. */
const WAYS: readonly (readonly [name: string, command: string])[] = [
  ['dash, ENV', `env ENV=${ENV} dash -i -c :`],
  ['busybox, ENV', `env ENV=${ENV} busybox sh -i -c :`],
  ['bash as sh, ENV', `env ENV=${ENV} bash --posix -i -c :`],
  ['bash, profile', `bash --norc -i -c '. /etc/profile.d/00-ssm-keepalive.sh'`],
  ['bash, rc', `bash --norc -i -c '. /etc/bash.bashrc'`],
  ['zsh, rc', `zsh -f -i -c '. /etc/zsh/zshrc'`],
  ['fish, login', `fish -l -i -c :`],
  ['dash, typed for every session', `dash -i -c "$(cat /tmp/typed)"`],
];

/** Every way as root, beside a library in which the stub, the version in use and its entry are planted. */
function driver(): string {
  // One function of the entry answers for every place.
  const runs = someOf(PLACES, 2)
    .concat([['nothing', ':'], LATER])
    .flatMap(([what, spoil]) =>
      WAYS.map(
        ([name, command]) => `prepare; ${spoil}; case="${what}: ${name}"
${command} >/dev/null 2>&1 </dev/null\n`,
      ),
    );
  return `export case HOME=/root PS1='prompt> '
mv ${LIB} /tmp/original; version=${LIB}/$(cat /tmp/original/current)
prepare() {
  [ ! -h /usr/local/lib ] || { rm /usr/local/lib; mv /opt/data/lib /usr/local/lib; rmdir /opt/data; }
  rm -rf ${LIB}; cp -a /tmp/original ${LIB}; chown 0:0 /usr/local; chmod 755 /usr/local /usr/local/lib
  ${plant('$version/entry.sh')}; ${plant('$version/entry.fish')}
}
${runs.join('')}
: >/tmp/done
`;
}

test('a planted entry is read by no shell of root’s, and by every one where nothing is wrong; a planted stub by plain sh alone', {
  skip,
}, async () => {
  const sandbox = new Sandbox();
  try {
    installQuietly(sandbox, bundleOf({ entries: ['env', 'profile', 'rc'] }));
    sandbox.write('tmp/typed', SHELL_PROFILE);
    sandbox.write('tmp/driver.sh', driver());
    await once(sandbox.start(['/usr/bin/dash', '/tmp/driver.sh'], 'ignore'), 'exit');
    assert.ok(sandbox.has('tmp/done'));
    const ran = sandbox.has('tmp/ran') ? sandbox.read('tmp/ran').trim().split('\n') : [];
    assert.deepEqual(ran, [
      ...WAYS.map(([name]) => `nothing: ${name}`),
      ...WAYS.filter(([name]) => name.endsWith('ENV')).map(([name]) => `${LATER[0]}: ${name}`),
    ]);
  } finally {
    sandbox.close();
  }
});

test('root’s session starts no interpreter that others may change; another user’s does what root settled', {
  skip,
}, async () => {
  const sandbox = installedSandbox();
  try {
    const version = sandbox.read(`${LIBRARY}/current`).trim();
    sandbox.write('srv-site/python3', '#!/bin/sh\necho ran >>/tmp/ran\nexec /usr/bin/python3 "$@"\n', 0o777);
    sandbox.extra = ['--bind', sandbox.path('srv-site'), '/srv'];
    // A program that is root's, behind a link that somebody else may change.
    sandbox.write('srv-site/root/.keep', '');
    symlinkSync('/srv/open/python3', sandbox.path('srv-site/root/python3'));
    sandbox.write('srv-site/open/.keep', '');
    symlinkSync('/usr/bin/python3', sandbox.path('srv-site/open/python3'));
    chmodSync(sandbox.path('srv-site/open'), 0o777);
    // And one whose own modules lie in a folder that others may change.
    sandbox.write('srv-site/kept/bin/python3', sandbox.read('srv-site/python3'), 0o755);
    sandbox.write('srv-site/kept/lib64/python3.9/encodings/.keep', '');
    sandbox.write('srv-site/kept/lib/.keep', '');
    const open = TURN % 2 === 0 ? 'lib64/python3.9' : 'lib64/python3.9/encodings';
    chmodSync(sandbox.path(`srv-site/kept/${open}`), 0o775);
    for (const interpreter of [
      ...someOf(['/srv/python3', '/srv/root/python3'], 1),
      '/srv/kept/bin/python3',
    ]) {
      sandbox.write(`${LIBRARY}/${version}/interpreter`, `${interpreter}\n`);
      await sandbox.inSession(
        { executable: '/usr/bin/dash', argv0: 'sh', uid: 0, env: { ENV, HOME: '/root' } },
        async (session) => {
          await session.relay();
          assert.equal(sandbox.has('tmp/ran'), false);
          assert.ok(!session.commandLines().some((line) => line.startsWith('/srv/')));
        },
      );
    }
  } finally {
    sandbox.close();
  }
});

/** Every name of a program, as a file that says that it ran, in a folder of the usual PATH that a group may write. */
function plantPrograms(sandbox: Sandbox): void {
  sandbox.write(
    'usr/local/bin/-',
    '#!/bin/sh\necho "${0##*/}" >>/tmp/ran\nexec "/usr/bin/${0##*/}" "$@"\n',
    0o777,
  );
  for (const name of readdirSync('/usr/bin')) symlinkSync('-', sandbox.path(`usr/local/bin/${name}`));
  chmodSync(sandbox.path('usr/local/bin'), 0o775);
}

test('root’s session runs nothing by its name alone: a folder of its PATH may be a group’s', {
  skip,
}, async (context) => {
  for (const keeper of rotate(['relay', 'prompt'] as const, TURN))
    await context.test(keeper, async () => {
      const sandbox = installedSandbox({ keeper });
      try {
        plantPrograms(sandbox);
        const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
        const env = { ENV, HOME: '/root', PATH };
        await sandbox.inSession(
          { executable: '/usr/bin/bash', argv0: 'sh', uid: 0, env },
          async (session) => {
            // What tidies up after it is a program too.
            if (keeper === 'relay') {
              process.kill(await session.relay(), 'SIGKILL');
              await session.see('the relay is gone');
            } else await session.heartbeats(2);
            session.type('echo is"up"\r');
            await session.see('isup\r\n');
          },
        );
        assert.equal(sandbox.has('tmp/ran') ? sandbox.read('tmp/ran') : '', '');
      } finally {
        sandbox.close();
      }
    });
  await context.test('tmux', async () => {
    const sandbox = new Sandbox();
    try {
      installQuietly(sandbox, bundleOf({ wrap: 'tmux' }));
      plantPrograms(sandbox);
      sandbox.extra = ['--ro-bind', '/dev/null', '/usr/bin/tmux'];
      sandbox.write(
        'tmp/driver.sh',
        `read -r version <${LIB}/current
PATH=/usr/local/bin:$PATH /bin/sh ${LIB}/$version/tmux.sh /bin/sh '' ssm-keepalive-somebody
echo $? >/tmp/status`,
      );
      await once(sandbox.start(['/usr/bin/dash', '/tmp/driver.sh'], 'ignore'), 'exit');
      // No tmux here.
      assert.equal(sandbox.read('tmp/status'), '69\n');
      assert.equal(sandbox.has('tmp/ran') ? sandbox.read('tmp/ran') : '', '');
    } finally {
      sandbox.close();
    }
  });
});

test('an installed script of root’s reads nothing beside it that others may change', { skip }, async () => {
  const sandbox = new Sandbox();
  try {
    const { digest } = bundleOf();
    installQuietly(sandbox, bundleOf());
    const folder = `${LIB}/${digest}`;
    const spoils = someOf(
      [
        'chmod 777 .',
        'chmod 666 host.sh',
        'chown 1001 host.sh',
        'chmod 666 restart.sh',
        'chmod 775 /usr/local/lib',
      ],
      2,
    );
    sandbox.write(
      'tmp/driver.sh',
      `cd ${folder}; ${plant('host.sh')}; cp -a . /tmp/original
${[...spoils, ':']
  .flatMap((spoil) =>
    ['status', 'uninstall'].map(
      (
        script,
      ) => `rm -rf ${folder}; cp -a /tmp/original ${folder}; cd ${folder}; chmod 755 /usr/local/lib; ${spoil}
export case='${spoil} ${script}'
(cd /; sh ${folder}/${script}.sh) >>/tmp/said 2>&1
`,
    ),
  )
  .join('')}: >/tmp/done
`,
    );
    await once(sandbox.start(['/usr/bin/dash', '/tmp/driver.sh'], 'ignore'), 'exit');
    assert.ok(sandbox.has('tmp/done'));
    const said = sandbox.read('tmp/said');
    assert.deepEqual(
      sandbox.has('tmp/ran') ? sandbox.read('tmp/ran').trim().split('\n') : [],
      [': status', ': uninstall'],
      said,
    );
    assert.equal(said.match(/^ssm-keepalive: not run: /gm)?.length, 2 * spoils.length, said);
  } finally {
    sandbox.close();
  }
});
