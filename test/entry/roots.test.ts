// Root's own shells read nothing of the library, and start no program that it names, where others may change it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { bundleOf, ENV, installQuietly, LIBRARY } from '../support/bundle.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';

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
];

/** Every way as root, beside a library in which the stub, the version in use and its entry are planted. */
function driver(): string {
  const runs = PLACES.concat([['nothing', ':'], LATER]).flatMap(([what, spoil]) =>
    WAYS.map(
      ([name, command]) => `prepare; ${spoil}; case="${what}: ${name}"
${command} >/dev/null 2>&1 </dev/null\n`,
    ),
  );
  return `export case HOME=/root PS1='prompt> '
mv ${LIB} /tmp/original; version=${LIB}/$(cat /tmp/original/current)
prepare() {
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
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf({ intervalSeconds: 1 });
    installQuietly(sandbox, bundle);
    sandbox.write('srv-site/python3', '#!/bin/sh\necho ran >>/tmp/ran\nexec /usr/bin/python3 "$@"\n', 0o777);
    sandbox.extra = ['--bind', sandbox.path('srv-site'), '/srv'];
    sandbox.write(`${LIBRARY}/${bundle.digest}/interpreter`, '/srv/python3\n');
    const session = sandbox.open({
      executable: '/usr/bin/dash',
      argv0: 'sh',
      uid: 0,
      env: { ENV, HOME: '/root' },
    });
    try {
      await session.until('a heartbeat', () => session.answered > 0);
      assert.equal(sandbox.has('tmp/ran'), false);
    } finally {
      session.close();
    }
  } finally {
    sandbox.close();
  }
});

test('an installed script of root’s reads nothing beside it that others may change', { skip }, async () => {
  const sandbox = new Sandbox();
  try {
    const { digest } = bundleOf();
    installQuietly(sandbox, bundleOf());
    const folder = `${LIB}/${digest}`;
    const spoils = [
      'chmod 777 .',
      'chmod 666 host.sh',
      'chown 1001 host.sh',
      'chmod 666 restart.sh',
      'chmod 775 /usr/local/lib',
      ':',
    ];
    sandbox.write(
      'tmp/driver.sh',
      `cd ${folder}; ${plant('host.sh')}; cp -a . /tmp/original
${spoils
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
    assert.equal(said.match(/^ssm-keepalive: not run: /gm)?.length, 10, said);
  } finally {
    sandbox.close();
  }
});
