import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainServiceError } from '../../src/fleet/service-errors.ts';

const unreachable = (region: string) =>
  explainServiceError(
    Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND', hostname: `ssm.${region}.amazonaws.com` }),
    'nothing was sent',
  ).next;

test('service errors: a Region that is none is told the nearest; one that exists, or resembles none, is not', () => {
  for (const [typed, meant] of [
    ['us-east1', 'us-east-1'],
    ['eu-centrl-1', 'eu-central-1'],
    ['ap-southeast-11', 'ap-southeast-1'],
    ['us-gov-est-1', 'us-gov-east-1'],
  ] as const)
    assert.equal(unreachable(typed), `did you mean --region ${meant}?`);
  for (const region of ['eu-west-1', 'xx-nowhere-land-9'])
    assert.match(unreachable(region), /^check the network/);
});
