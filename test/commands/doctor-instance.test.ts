import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CreateDocumentCommand } from '@aws-sdk/client-ssm';
import { systemClock } from '../../src/clock.ts';
import { adviseAfterIdle } from '../../src/commands/connect/idle-advice.ts';
import { examine } from '../../src/doctor/index.ts';
import { judgeInvocation } from '../../src/fleet/judge.ts';
import { sessionDocument } from '../../src/fleet/session-document.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { makeIo } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { askDoctor, hostSaying, INSTALLED, openClient } from './doctor-rig.ts';

interface Case {
  readonly what: string;
  readonly report?: object;
  /** Undefined: the instance is not registered. */
  readonly host?: object | undefined;
  readonly isRegistered?: false;
  readonly expected: readonly (readonly [check: string, level: string, finding: RegExp, next?: RegExp])[];
}

const TMOUT_OF_AGENT = {
  file: 'the environment of amazon-ssm-agent.service',
  value: 900,
  readonly: false,
};
const TMOUT_OF_LOGINS = { file: '/etc/profile.d/timeout.sh', value: 900, readonly: true };

const CASES: readonly Case[] = [
  {
    what: 'all as it should be',
    report: INSTALLED,
    expected: [
      ['instance', 'ok', /online$/],
      ['agent version', 'ok', /^3\.3\.1611\.0 has all/],
      ['out of memory', 'unknown', /does not say it/],
      ['keeper', 'ok', /^relay, heartbeat after 45s; 2 sessions kept now$/],
      ['entries', 'ok', /^env, profile live; .*; scripts of Run Command see the variable ENV that env sets$/],
      ['TMOUT', 'ok', /no shell here logs out/],
      ['permissions', 'ok', /^all 8 that were tried/],
    ],
  },
  {
    what: 'the agent that hands its OOM score down',
    report: { ...INSTALLED, oomScoreAdjust: -999 },
    expected: [
      [
        'out of memory',
        'note',
        /session’s programs after the others, or never$/,
        /^for a program.*choom -n 0/,
      ],
    ],
  },
  {
    what: 'nothing installed',
    report: { state: 'absent', entries: {}, interpreter: '/usr/bin/python3', oomScoreAdjust: 0 },
    expected: [
      ['out of memory', 'ok', /like any other/],
      ['keeper', 'todo', /^not installed/, /^ssm-keepalive install --instance-id i-\d+ --lab$/],
      ['entries', 'unknown', /the keeper is not installed/],
      ['TMOUT', 'ok', /no shell/],
    ],
  },
  {
    what: 'nothing installed, and no Python',
    report: { state: 'absent', entries: {} },
    expected: [
      [
        'keeper',
        'todo',
        /^not installed/,
        /^install Python 3 on the instance first.* then {2}ssm-keepalive install/,
      ],
    ],
  },
  {
    what: 'the agent has not restarted yet',
    report: {
      ...INSTALLED,
      entries: { env: 'pending', profile: 'live' },
      restart: 'refused',
      why: 'KillMode',
    },
    expected: [
      ['keeper', 'ok', /^relay/],
      ['entries', 'todo', /the agent has not restarted since the install/, /without --no-restart/],
    ],
  },
  {
    what: 'the entry env left out, for a script that uses ENV',
    report: {
      ...INSTALLED,
      state: 'limited',
      class: 'entry left out',
      settings: 'keeper=auto interval=45 entries=env,profile',
      entries: { env: 'off', profile: 'live' },
    },
    expected: [
      ['keeper', 'ok', /^relay/],
      [
        'entries',
        'todo',
        /^env was left out: a script that Run Command left there uses ENV, which this entry sets for such scripts$/,
        /^ssm-keepalive install --instance-id \S+ (--lab )?--entry env,profile( --lab)? {2}insists; or {2}ssm-keepalive preferences set --shell-profile ours( --lab)?$/,
      ],
    ],
  },
  {
    what: 'no entry is live',
    report: { ...INSTALLED, entries: { env: 'off', profile: 'off' } },
    expected: [['entries', 'todo', /^none is live/, /ssm-keepalive install/]],
  },
  {
    what: 'only logins meet the keeper',
    report: { ...INSTALLED, entries: { env: 'off', profile: 'live' } },
    expected: [['entries', 'note', /^profile live, env not/, /bash -l/]],
  },
  {
    what: 'no Python',
    report: { ...INSTALLED, keeper: 'none', keeperWhy: 'no Python here' },
    expected: [
      ['keeper', 'todo', /^the plain sh of a session is not kept; a login in bash, /, /install Python 3/],
    ],
  },
  {
    what: 'no Python, and no entry that a login reads',
    report: { ...INSTALLED, keeper: 'none', entries: { env: 'live', profile: 'off' } },
    expected: [['keeper', 'todo', /^the plain sh of a session is not kept$/]],
  },
  {
    what: 'no Python, and no prompt keeper',
    report: { ...INSTALLED, keeper: 'none', settings: 'keeper=relay interval=45' },
    expected: [['keeper', 'todo', /^the plain sh of a session is not kept$/]],
  },
  {
    what: 'the switch of the whole host',
    report: { ...INSTALLED, state: 'limited', class: 'switched off', why: '/etc/ssm-keepalive/off is there' },
    expected: [
      [
        'keeper',
        'todo',
        /^switched off on this instance by \/etc\/ssm-keepalive\/off: new sessions start no keeper$/,
        /^ask who made it; to keep new sessions, remove \/etc\/ssm-keepalive\/off there$/,
      ],
    ],
  },
  {
    what: 'the prompt keeper, which was chosen',
    report: {
      ...INSTALLED,
      keeper: 'none',
      keeperWhy: 'asked for',
      settings: 'keeper=prompt interval=45',
      interpreter: '/usr/bin/python3',
    },
    expected: [
      [
        'keeper',
        'note',
        /^the plain sh of a session is not kept; a login in bash, /,
        /^to keep it too: {2}ssm-keepalive install /,
      ],
    ],
  },
  {
    what: 'a file was changed',
    report: { ...INSTALLED, state: 'drifted', drifted: ['/etc/profile.d/00-ssm-keepalive.sh'] },
    expected: [
      [
        'keeper',
        'todo',
        /^drifted: not as installed: \/etc\/profile\.d/,
        /^its settings are not known any more; with yours as flags: {2}ssm-keepalive install --instance-id/,
      ],
    ],
  },
  {
    what: 'heartbeats that come too late',
    report: { ...INSTALLED, intervalSeconds: 1200, settings: 'keeper=relay interval=1200 wrap=tmux' },
    expected: [
      [
        'keeper',
        'todo',
        /every 20m come too late for an idle timeout of 20m/,
        /install --instance-id \S+ --keeper relay --wrap tmux( --lab)?$/,
      ],
    ],
  },
  {
    what: 'a cap of nothing',
    report: { ...INSTALLED, unattendedSeconds: 0, capSeconds: 0 },
    expected: [
      [
        'keeper',
        'todo',
        /capped at 0s?: no heartbeat is ever sent$/,
        /ask who wrote \/etc\/ssm-keepalive\/max-idle/,
      ],
    ],
  },
  {
    what: 'a cap before the first heartbeat',
    report: { ...INSTALLED, unattendedSeconds: 45, capSeconds: 45 },
    expected: [['keeper', 'todo', /capped at 45s: no heartbeat is ever sent$/]],
  },
  {
    what: 'a cap below the idle timeout and an interval more',
    report: { ...INSTALLED, unattendedSeconds: 1244, capSeconds: 1244 },
    expected: [
      ['keeper', 'todo', /capped at .*: then heartbeats stop, and the idle timeout of 20m ends the session$/],
    ],
  },
  {
    what: 'a cap that leaves heartbeats for longer',
    report: { ...INSTALLED, unattendedSeconds: 1245, capSeconds: 1245 },
    expected: [['keeper', 'ok', /^relay/]],
  },
  {
    what: 'terminals that do not answer',
    report: { ...INSTALLED, kept: { count: 3, notAnswering: 2, leaked: 0 } },
    expected: [['keeper', 'note', /2 of 3 sessions get no answer/, /ssm-keepalive status/]],
  },
  {
    what: 'TMOUT in the agent’s environment',
    report: { ...INSTALLED, tmout: [TMOUT_OF_AGENT] },
    expected: [['TMOUT', 'todo', /^set for every session/, /we respect TMOUT/]],
  },
  {
    what: 'TMOUT in a login’s files',
    report: { ...INSTALLED, tmout: [TMOUT_OF_LOGINS] },
    expected: [['TMOUT', 'note', /a login shell here logs out/]],
  },
  {
    what: 'an agent of 2020 where the account has a shell profile',
    report: INSTALLED,
    host: { agentVersion: '3.0.151.0' },
    expected: [['agent version', 'todo', /^3\.0\.151\.0 lacks .*: shell profiles$/, /AWS-UpdateSSMAgent/]],
  },
  {
    what: 'an agent that lacks what nobody asked for',
    report: INSTALLED,
    host: { agentVersion: '3.0.196.0' },
    expected: [['agent version', 'note', /lacks ssh and port forwarding, session logs/]],
  },
  {
    what: 'an agent that cuts forwarded ports',
    report: INSTALLED,
    host: { agentVersion: '3.1.1446.0' },
    expected: [['agent version', 'todo', /after a minute$/]],
  },
  {
    what: 'an instance that is offline',
    host: { synthetic: { outcome: 'Offline' } },
    expected: [
      ['instance', 'todo', /is offline/, /start the instance or its agent/],
      ['keeper', 'unknown', /not checked: the instance is offline/],
    ],
  },
  {
    what: 'an instance that is not registered',
    isRegistered: false,
    expected: [
      ['instance', 'todo', /is not registered with Systems Manager/, /AmazonSSMManagedInstanceCore/],
      ['agent version', 'unknown', /./],
      ['keeper', 'unknown', /not checked: the instance is not registered/],
    ],
  },
  {
    what: 'a script that fails there',
    host: { synthetic: { outcome: 'Failed', exitCode: 3, stdout: 'sh: gone\n' } },
    expected: [
      ['keeper', 'unknown', /exit status 3 before it could report; it last said: sh: gone/],
      ['entries', 'unknown', /exit status 3/],
    ],
  },
];

/** Every reason for which the status script ends before it looks, as its templates have it: the words of `fail` and `$distrust`. */
function listRefusals(): { step: string; why: string; next: string }[] {
  const read = (name: string) =>
    readFileSync(new URL(`../../templates/host/${name}.sh.ejs`, import.meta.url), 'utf8');
  const plain = (text: string) => text.slice(1, -1);
  const reasons = ['trust', 'library'].flatMap((name) =>
    [...read(name).matchAll(/distrust=("[^"]+")|echo ("[^"]+: [^"]+")/g)].map(([, set, said]) =>
      plain(set ?? said ?? ''),
    ),
  );
  const refusals = ['verdict', 'library'].flatMap((name) =>
    [...read(name).matchAll(/\bfail (\w+) ("[^"]*"|'[^']*') ("[^"]*"|'[^']*')/g)].flatMap(
      ([, step = '', why = '', next = '']) =>
        (why === '"$distrust"' ? reasons : [plain(why)]).map((one) => ({
          step,
          why: one,
          next: next === '"$own_path"' ? 'make every directory of that path root:root' : plain(next),
        })),
    ),
  );
  assert.ok(reasons.length > 8 && refusals.length > 20, 'the templates are read');
  const [line = ''] = /\{"ssm-keepalive":1,"verdict":"failed".*?\}/.exec(read('wire')) ?? [];
  return [...refusals, JSON.parse(line)];
}

test('doctor: for each reason that keeps the status script from looking, it tells that reason, and guesses neither what is installed nor a cure', () => {
  // A host's own words get no flag of ours, whatever they say.
  for (const state of [undefined, 'absent'])
    for (const { step, why, next } of [
      ...listRefusals(),
      { step: 'x', why: 'y', next: 'run  ssm-keepalive uninstall --all' },
    ]) {
      const report = {
        'ssm-keepalive': 1,
        verdict: 'failed',
        version: '1.2.3',
        state,
        class: 'x',
        step,
        why,
        next,
      };
      const status = judgeInvocation(
        {
          commandId: '01234567-0123-0123-0123-0123456789ab',
          instanceId: idOf(0),
          name: 'web-1',
          statusDetails: 'Failed',
          isFinal: true,
          exitCode: 1,
          output: `${JSON.stringify(report)}\nfailed\n`,
        },
        'status',
      );
      const found = examine({ facts: { status }, gaps: {}, connection: ' --lab' }, true);
      const of = (name: string) => found.find(({ check }) => check === name)!;
      const said = { ...of('keeper'), evidence: [] };
      assert.deepEqual(said, {
        check: 'keeper',
        level: 'todo',
        finding: `not known whether sessions are kept: the instance says: ${why} (its script was at the step “${step}”)`,
        evidence: [],
        next: `the instance says: ${next}`,
      });
      for (const name of ['entries', 'TMOUT', 'out of memory'])
        assert.equal(of(name).level, 'unknown', `${name}: ${of(name).finding}`);
    }
});

test('doctor: sessions without an answer are told apart as the host does, with what each state means', () => {
  const look = (states: readonly string[], notAnswering = states.length) => {
    const report = {
      'ssm-keepalive': 1,
      verdict: 'status',
      ...INSTALLED,
      sessions: states.map((state) => ({ state })),
      kept: { count: 4, notAnswering, leaked: 0 },
    };
    const base = { commandId: 'x', instanceId: idOf(0), name: '', isFinal: true, exitCode: 0 };
    const status = judgeInvocation(
      { ...base, statusDetails: 'Success', output: `${JSON.stringify(report)}\n` },
      'status',
    );
    const found = examine({ facts: { status }, gaps: {}, connection: '' }, true);
    return found.find(({ check }) => check === 'keeper')!.evidence.filter((line) => / answer/.test(line));
  };
  const NEVER =
    /^no-answer \(2 sessions\): the client has never answered, so nothing keeps the session: it ends at the idle timeout\. docs\/choosing-a-keeper\.md lists /;
  const NOT_NOW = /^not-answering \(1 session\): the client has answered, but not lately: it sleeps, /;
  const both = look(['no-answer', 'not-answering', 'no-answer']);
  assert.equal(both.length, 2);
  assert.match(both[0]!, NEVER);
  assert.match(both[1]!, NOT_NOW);
  assert.match(look(['no-answer', 'no-answer'])[0]!, NEVER);
  assert.deepEqual(look(['not-answering']), [both[1]]);
  // The list lacks one of two: its state is not known, so both meanings are told, without a number.
  assert.deepEqual(
    look(['no-answer'], 2).map((line) => line.split(':')[0]),
    ['no-answer', 'not-answering'],
  );
  assert.deepEqual(look([]), []);
});

test('doctor: an instance that says that it is no Linux has no keeper to look for', () => {
  const output =
    '{"ssm-keepalive":1,"verdict":"skipped","class":"wrong platform","why":"this is not Linux"}\n';
  const base = { commandId: 'x', instanceId: idOf(0), name: '', isFinal: true, exitCode: 0, output };
  const status = judgeInvocation({ ...base, statusDetails: 'Success' }, 'status');
  const [found] = examine({ facts: { status }, gaps: {}, connection: '' }, true).filter(
    ({ check }) => check === 'keeper',
  );
  assert.deepEqual(
    [found?.level, found?.finding],
    ['unknown', 'not checked: the instance says: this is not Linux'],
  );
});

const idOf = (index: number) => `i-${String(index + 1).padStart(17, '0')}`;

test('doctor: what it finds on an instance, check by check', async (context) => {
  const lab = await startTestLab(context, {
    hosts: CASES.flatMap(({ report = {}, host, isRegistered = true }, index) =>
      isRegistered ? [hostSaying(`host-${index}`, idOf(index), report, host)] : [],
    ),
  });
  const client = openClient(context, lab);
  await client.send(
    new CreateDocumentCommand({
      Name: 'SSM-SessionManagerRunShell',
      DocumentType: 'Session',
      DocumentFormat: 'JSON',
      Content: sessionDocument('x', { shellProfile: { windows: '', linux: 'exec bash -l' } }),
    }),
  );
  // At the same time: each waits for a poll of two seconds.
  const found = await Promise.all(CASES.map((_, index) => askDoctor(client, idOf(index))));
  for (const [index, { what, expected }] of CASES.entries())
    await context.test(what, () => {
      for (const [check, level, finding, next = /(?:)/] of expected) {
        const result = found[index]!.of(check);
        assert.equal(result.level, level, JSON.stringify(result));
        assert.match(result.finding, finding);
        assert.match(result.next, next);
      }
    });
});

test('doctor --no-send: the instance is not asked, and nothing is sent', async (context) => {
  const lab = await startTestLab(context, { hosts: [hostSaying('kept', idOf(0), INSTALLED)] });
  let hasSent = false;
  const { of } = await askDoctor(openClient(context, lab), idOf(0), {
    maySend: false,
    onSend: () => {
      hasSent = true;
    },
  });
  for (const check of ['keeper', 'entries', 'TMOUT'])
    assert.match(of(check).finding, /^not checked: --no-send$/);
  assert.equal(of('instance').level, 'ok');
  assert.equal(hasSent, false);
  assert.deepEqual(
    lab.requests.filter(({ operation }) => !/^(Describe|Get|List)/.test(operation)),
    [],
  );
});

const ENDED: readonly (readonly [what: string, report: object, advice: RegExp])[] = [
  [
    'the switch',
    { ...INSTALLED, state: 'limited', class: 'switched off' },
    /^switched off on this instance by .*\nask who made it; .* remove \/etc\/ssm-keepalive\/off there/,
  ],
  [
    'a short cap',
    { ...INSTALLED, unattendedSeconds: 60, capSeconds: 60 },
    /^capped at 1m: then heartbeats stop, .*\nask who wrote \/etc/,
  ],
  [
    'a healthy keeper',
    INSTALLED,
    /until 8h without a key press\. Perhaps the idle timeout is shorter, nobody typed for so long, or .*\nlook with {2}ssm-keepalive doctor/,
  ],
  [
    'a healthy keeper that never asked',
    INSTALLED,
    /sent no heartbeat to this session: its user has switched it off .*\n.* rm ~\/\.config\/ssm-keepalive\/off$/,
  ],
];

test('connect: after an idle end it names what the instance says, and of a healthy keeper every cause that is left', async (context) => {
  const lab = await startTestLab(context, {
    hosts: ENDED.map(([, report], index) => hostSaying(`host-${index}`, idOf(index), report)),
  });
  const client = openClient(context, lab);
  const advice = await Promise.all(
    ENDED.map(([what], index) =>
      adviseAfterIdle(
        {
          client,
          instanceId: idOf(index),
          options: { document: undefined } as never,
          session: undefined as never,
          settings: readSettings({ lab: true }),
          io: makeIo({ clock: systemClock }),
        },
        new AbortController().signal,
        what.includes('never asked') ? 0 : 2,
      ),
    ),
  );
  for (const [index, [what, , expected]] of ENDED.entries())
    await context.test(what, () => assert.match(`${advice[index]?.why}\n${advice[index]?.next}`, expected));
});

const PAST = (endedAt: string, seconds: number) => ({
  sessionId: 'x',
  owner: 'arn:aws:iam::111122223333:user/x',
  instanceId: idOf(0),
  endedAt: new Date(endedAt),
  lengthSeconds: seconds,
  hasFailed: false,
  reason: '',
  documentName: '',
  isJustInTime: false,
  maximumSeconds: undefined,
});

test('doctor: where the instance itself was looked at, or is offline, its history tells no install of its own', () => {
  const history = {
    sessions: [PAST('2026-01-01T00:00:00Z', 1200)],
    documents: new Map(),
    isCut: false,
    since: '7d',
  } as never;
  const look = (facts: object) =>
    examine({ facts: { history, ...facts }, gaps: {}, connection: '' }, true).find(
      ({ check }) => check === 'session history',
    )!;
  const instance = { instanceId: idOf(0), isKnown: true, isOnline: true } as never;
  const status = (report: object) =>
    judgeInvocation(
      {
        commandId: 'x',
        instanceId: idOf(0),
        name: '',
        statusDetails: 'Success',
        isFinal: true,
        exitCode: 0,
        output: `${JSON.stringify({ 'ssm-keepalive': 1, verdict: 'status', ...report })}\n`,
      },
      'status',
    );
  assert.match(look({}).next, /^see whether a keeper is there: {2}ssm-keepalive status --instance-id i-/);
  assert.match(look({ instance }).next, /^see whether a keeper is there/, 'asked nothing');
  for (const report of [
    { state: 'absent' },
    { ...INSTALLED, state: 'drifted' },
    { ...INSTALLED, state: 'partial' },
  ])
    assert.deepEqual(
      [look({ instance, status: status(report) }).level, look({ instance, status: status(report) }).next],
      ['note', ''],
    );
  assert.equal(look({ instance: { ...(instance as object), isOnline: false } }).next, '');
  assert.match(look({ instance, status: status(INSTALLED) }).next, /ssm-keepalive measure/);
});
