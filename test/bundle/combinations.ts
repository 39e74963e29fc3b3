import assert from 'node:assert/strict';
import { ENTRIES, renderBundle, type ScriptName, wireCommands } from '../../src/bundle/index.ts';
import { MAX_WIRE_BYTES } from '../../src/bundle/wire.ts';
import { makeClient } from '../../src/fleet/client.ts';
import { sendScript } from '../../src/fleet/send.ts';
import { FLAGS, type Flag, type RawFlags } from '../../src/settings/flags.ts';
import { readSettings } from '../../src/settings/settings.ts';

/** The document with its parameters; ids are beside it. */
const SERVICE_BYTES = 64 * 1024;

/** The longest text that each flag with a free value takes. */
const LONGEST: Readonly<Record<string, readonly string[]>> = {
  interval: ['3300'],
  'max-idle': ['86400', '31536000'],
  'idle-timeout': ['60'],
};

/** Every set of entries but none. */
const ENTRY_SETS = Array.from({ length: 2 ** ENTRIES.length - 1 }, (_, at) =>
  ENTRIES.filter((_, bit) => ((at + 1) >> bit) & 1).join(','),
);

/** All values of one flag that its words in the table name. */
function valuesOf(flag: Flag): readonly (string | true | undefined)[] {
  if (flag.kind === 'switch') return [undefined, true];
  if (flag.name === 'entry') return ENTRY_SETS;
  const values = LONGEST[flag.name] ?? flag.placeholder?.split('|') ?? [];
  assert.ok(values.length > 1 || LONGEST[flag.name], `the values of --${flag.name} are not known here`);
  return values;
}

/** Every combination of the keeper's flags that the command line takes. */
export function listCombinations(): RawFlags[] {
  const flags = FLAGS.filter(({ group }) => group === 'Keeper');
  const all = flags.reduce<RawFlags[]>(
    (made, flag) => valuesOf(flag).flatMap((value) => made.map((one) => ({ ...one, [flag.name]: value }))),
    [{}],
  );
  return all.filter((one) => {
    const isRefused =
      (one.keeper === 'prompt' && one.wrap === 'tmux') ||
      (one['max-idle'] === '31536000' && !one['override-idle-policy']);
    return !isRefused;
  });
}

/** Those that bring the most text with them: one of them is the largest. */
export function listLargest(): RawFlags[] {
  return listCombinations().filter(
    (one) =>
      one.keeper !== 'prompt' &&
      one.wrap === 'tmux' &&
      one.entry === ENTRIES.join(',') &&
      one.ssh &&
      !one['no-restart'],
  );
}

/** The JSON of SendCommand, as the SDK writes it, for as many and as long ids as one call takes. */
async function makeRequests(flags: RawFlags, scripts: readonly ScriptName[]): Promise<string[]> {
  const { keeper } = readSettings(flags);
  const bundle = renderBundle(keeper);
  const bodies: string[] = [];
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const client = makeClient({ region: 'x', credentials, variables: process.env });
  client.middlewareStack.add(
    () => async (args) => {
      bodies.push(new TextDecoder().decode((args.request as { body: Uint8Array }).body));
      return { output: { Command: { CommandId: 'x' } }, response: {} } as never;
    },
    { step: 'build' },
  );
  for (const script of scripts)
    await sendScript(client, {
      targets: { tags: [], instanceIds: Array<string>(50).fill('mi-00000000000000000') },
      commands: wireCommands(script, bundle),
      script: 'install',
      comment: 'x'.repeat(90),
      timeoutSeconds: 2_592_000,
      executionTimeoutSeconds: 172_800,
      maxConcurrency: '9999999',
      maxErrors: '9999999',
      alarm: 'x'.repeat(255),
    });
  client.destroy();
  assert.equal(bodies.length, scripts.length);
  return bodies;
}

/** @returns the bytes of the largest parameters. @throws where one is larger than the service takes */
export async function checkSizes(
  combinations: readonly RawFlags[],
  scripts: readonly ScriptName[] = ['install'],
): Promise<number> {
  let largest = 0;
  for (const flags of combinations) {
    for (const body of await makeRequests(flags, scripts)) {
      const parameters = JSON.stringify(JSON.parse(body).Parameters);
      assert.ok(body.includes(parameters), 'the bytes that are counted are those that are sent');
      const bytes = Buffer.byteLength(parameters);
      const words = `${JSON.stringify(flags)}: ${bytes} bytes`;
      assert.ok(bytes <= MAX_WIRE_BYTES, words);
      assert.ok(Buffer.byteLength(body) <= SERVICE_BYTES, words);
      largest = Math.max(largest, bytes);
    }
  }
  return largest;
}
