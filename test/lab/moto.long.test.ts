// The same requests to the lab and to moto, which nobody here wrote: the same members, types and error names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCommand } from '../../scripts/setup.mjs';
import { type Exchange, playEveryOperation } from './every-operation.ts';
import { startMoto } from './moto-server.ts';
import { useLab } from './test-lab.ts';

const moto = findCommand('moto_server');

/** Where the two answer differently, and why the lab stays as it is. */
const DIFFERENT: readonly (readonly [operation: string, why: RegExp, reason: string])[] = [
  ['SendCommand', /^(without|an? )/, 'moto holds no request against the model: it takes them all'],
  ['ListCommands', /token/, 'moto has no pages, and takes any token'],
  ['GetCommandInvocation', /plugin/, 'the model has InvalidPluginName for this'],
  [
    'GetCommandInvocation',
    /command/,
    'the service says InvocationDoesNotExist of what it does not list (yet)',
  ],
  ['DescribeDocument', /version/, 'the model has InvalidDocumentVersion for this'],
  ['UpdateDocumentDefaultVersion', /version/, 'the model has InvalidDocumentVersion for this'],
  ['DeleteDocument', /./, 'moto has no associations, so nothing holds a document back'],
];

/**
 * What only moto tells: it makes up notifications that nobody asked for, resolves tags before it answers (the service does that
 * after), and lists the oldest command first, which is another one than the lab's newest.
 */
const ONLY_MOTO = /\.NotificationConfig\.|\.InstanceIds\[\]$|^\.Commands\[\]\.Comment$/;

/** Every member with its type, `Command.InstanceIds[]: string`; null, empty lists and empty texts tell no type. */
function membersOf(value: unknown, path = ''): Map<string, string> {
  if (Array.isArray(value)) return new Map(value.flatMap((one) => [...membersOf(one, `${path}[]`)]));
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).flatMap(([name, one]) => [...membersOf(one, `${path}.${name}`)]));
  return value === null || value === '' ? new Map() : new Map([[path, typeof value]]);
}

test('the lab answers as moto does, where moto answers at all', {
  skip: moto ? false : 'moto_server is absent',
}, async () => {
  const theirs = await startMoto(moto ?? '');
  const hosts = theirs.ids.map((id, n) => ({
    name: `web-${n}`,
    id,
    tags: { env: 'dev' },
    synthetic: { stdout: 'x\n' },
  }));
  const lab = await useLab({ hosts, consistencySeconds: 0 });
  const [ours, others] = [
    await playEveryOperation(lab, theirs.ids),
    await playEveryOperation(
      { ...theirs, credentials: { accessKeyId: 'moto', secretAccessKey: 'moto' } },
      theirs.ids,
    ),
  ];
  const faults: string[] = [];
  let compared = 0;
  for (const [index, { operation, why, error, output }] of ours.entries()) {
    const other = others[index] as Exchange;
    assert.deepEqual([other.operation, other.why], [operation, why]);
    // It has no such operation, or fails inside.
    if (other.error === '500' || other.error === 'InternalFailure') continue;
    compared += 1;
    if (error !== other.error) {
      const isKnown = DIFFERENT.some(([which, reason]) => which === operation && reason.test(why));
      if (!isKnown) faults.push(`${operation}, ${why}: ${error || 'taken'}, moto: ${other.error || 'taken'}`);
      continue;
    }
    if (error !== '') continue;
    const own = membersOf(output);
    for (const [path, type] of membersOf(other.output)) {
      if (ONLY_MOTO.test(path)) continue;
      if (own.get(path) !== type)
        faults.push(`${operation}, ${why}: ${path} is ${own.get(path) ?? 'absent'}, moto: ${type}`);
    }
  }
  assert.deepEqual(faults, []);
  assert.ok(compared >= 20, `${compared} answers compared`);
});
