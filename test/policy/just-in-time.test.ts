// An account with just-in-time node access: what people can do with their own credentials, and with those of an approval.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyDocument } from '../../src/policy/document.ts';
import { Seat } from '../commands/seat.ts';
import { AccessControl, LAB_ROLE } from '../lab/access/access-control.ts';
import { sandboxMissing, useLab } from '../lab/test-lab.ts';
import { startTestLab } from '../support/lab.ts';
import { type Outcome, runLine } from './planned-runs.ts';

const WEB = 'i-0aaaaaaaaaaaaaaa1';

function allow(...statements: (readonly [actions: string[], resources: string[]])[]): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: statements.map(([Action, Resource], at) => ({
      ...{ Sid: `S${at}`, Effect: 'Allow', Action, Resource },
    })),
  };
}

/** People keep what reads, and lose StartSession [user guide, “Start a just-in-time node access session”]. */
const OWN = allow([
  [
    ...['StartAccessRequest', 'GetAccessToken', 'GetDocument', 'DescribeDocument'].map(
      (name) => `ssm:${name}`,
    ),
    ...['DescribeSessions', 'DescribeInstanceInformation', 'SendCommand'].map((name) => `ssm:${name}`),
    ...['ListCommands', 'ListCommandInvocations', 'GetCommandInvocation'].map((name) => `ssm:${name}`),
  ],
  ['*'],
]);
/** What AWS lets the credentials of GetAccessToken do with shells [AWSSystemsManagerJustInTimeAccessTokenPolicy, version 6 of 2026-02-12]. */
const TOKEN = allow(
  [
    ['ssm:StartSession'],
    [
      'arn:aws:ec2:*:*:instance/*',
      'arn:aws:ssm:*:*:managed-instance/*',
      'arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell',
    ],
  ],
  [
    ['ssm:TerminateSession', 'ssm:ResumeSession', 'ssmmessages:OpenDataChannel'],
    ['arn:aws:ssm:*:*:session/*'],
  ],
);

const at = Date.now() - 3_600_000;
const APPROVED = {
  ...{ sessionId: 'ann-0123456789abcdef0', target: WEB, owner: 'arn:aws:iam::123456789012:user/ann' },
  ...{ documentName: 'SSM-SessionManagerRunShell', reason: '', details: '', status: 'Terminated' },
  ...{ startedAt: at, endedAt: at + 600_000, accessType: 'JustInTime' },
};

test('just-in-time access: with one’s own credentials doctor and install warn, connect and measure say how to get others', async (context) => {
  const guard = new AccessControl(OWN, LAB_ROLE);
  const lab = await startTestLab(context, {
    hosts: [{ name: 'web-1', id: WEB, tags: { env: 'dev' }, synthetic: {} }],
    records: { commands: [], sessions: [APPROVED] },
    guard,
  });
  const doctor = await runLine(`doctor ${WEB} --no-send`, lab);
  assert.equal(doctor.status, 1, doctor.err);
  const said = doctor.out.replaceAll(/\s+/g, ' ');
  assert.match(
    said,
    /TO DO just-in-time access it opened 1 session in the last 7d, 1 of them without a maximum/,
  );
  assert.match(said, /all 7 that were tried are allowed/);
  const install = await runLine('install --tag env=dev --dry-run', lab);
  assert.equal(install.status, 0, install.err);
  assert.match(install.err, /warning: people open sessions by just-in-time node access here/);
  const asksForApproval = ({ status, out, err }: Outcome) => {
    assert.equal(status, 1);
    assert.match(
      `${out}${err}`.replaceAll(/\s+/g, ' '),
      /lack ssm:StartSession on \S+:instance\/.* instead: aws ssm start-access-request , then export the credentials that aws ssm get-access-token prints/,
    );
  };
  asksForApproval(await runLine(`measure ${WEB} --arm nothing --limit 60s`, lab));
  const seat = new Seat(context, [WEB, '--client', 'own'], lab.env);
  const { status } = await seat.left();
  asksForApproval({ status, out: seat.raw, err: '' });
});

test('just-in-time access: with the credentials of an approval connect and measure work, and say what they go without', {
  skip: sandboxMissing(),
}, async (context) => {
  const hosts = sandboxMissing() ? [] : [{ name: 'web-1', id: WEB, tags: { env: 'dev' } }];
  const lab = await useLab({ consistencySeconds: 0, hosts }, new AccessControl(TOKEN, LAB_ROLE));
  const measured = await runLine(`measure ${WEB} --arm nothing --limit 60s`, lab);
  assert.equal(measured.status, 0, measured.err);
  assert.match(measured.err, /idle timeout: not known, 20 minutes unless somebody changed it/);
  const seat = new Seat(context, [WEB, '--client', 'own'], lab.env);
  await seat.ready();
  await seat.say('echo ba""ck\r', /\nback\r/);
  seat.type('\r~.');
  assert.equal((await seat.left()).status, 0);
  for (const [line, lack] of [
    ['measure web-1 --arm nothing', /lack ssm:DescribeInstanceInformation/],
    [
      `measure ${WEB} --arm nothing --temporary-document`,
      /lack ssm:CreateDocument|preferences could not be read/,
    ],
    ['install --tag env=dev', /let these credentials read it \(ssm:GetDocument/],
  ] as const) {
    const { status, err } = await runLine(line, lab);
    assert.equal(status, 1, line);
    assert.match(err, lack, line);
  }
});
