/** One press of TAB: words in, candidates out within a second, even if the account does not answer. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Clock, sleep } from '../../clock.ts';
import type { AccountContents } from '../../commands/completion/account-cache.ts';
import { cachePath, claimRefresh, type Place, readCache } from '../../commands/completion/account-cache.ts';
import type { Environment } from '../../environment.ts';
import { openConfigFile } from '../../settings/config-file.ts';
import { type FlagName, flagOf, nameOfSpelling, type RawFlags } from '../../settings/flags.ts';
import { gatherSources, readSwitch } from '../../settings/sources.ts';
import { showLine } from '../../terminal/safe-text.ts';
import { readFlagWord } from '../flag-word.ts';
import { chooseWanted, fillIn } from './candidates.ts';

/** The longest wait for the first refresh, counted from the start of the process. The refresh then goes on alone. */
const LONGEST_ANSWER_MS = 800;

const NOBODY: AccountContents = { instances: [], tags: {} };

/**
 * `words`: after the program's name; the last one is being typed. Starts a refresh if the cache is old or missing.
 * `isFiles`: the shell should complete file names itself.
 */
export async function answer(words: readonly string[], environment: Environment, clock: Clock) {
  const wanted = chooseWanted(words);
  const last = words.at(-1) ?? '';
  if (wanted.kind === 'files') return { candidates: [], isFiles: true };
  const needsAccount = wanted.kind === 'instances' || wanted.kind === 'tags';
  const known = needsAccount ? await readContents(words, environment, clock) : NOBODY;
  const profiles = wanted.kind === 'profiles' ? listProfiles(environment.variables) : [];
  const candidates = fillIn(wanted, last, known, profiles).filter(
    ({ text, describe = '' }) =>
      text.startsWith(last) && showLine(text) === text && describe === showLine(describe),
  );
  return { candidates, isFiles: false };
}

async function readContents(
  words: readonly string[],
  environment: Environment,
  clock: Clock,
): Promise<AccountContents> {
  const place = await readPlace(words, environment);
  const path = cachePath(place, environment.variables);
  const kept = readCache(path, clock.now());
  if (kept?.isFresh) return kept.known;
  if (claimRefresh(path, clock.now())) startRefresh(place, environment);
  if (kept) return kept.known;
  while (environment.elapsed() < LONGEST_ANSWER_MS) {
    const arrived = readCache(path, clock.now());
    if (arrived) return arrived.known;
    await sleep(clock, 20);
  }
  return NOBODY;
}

/** Starts a separate process, which outlives this one. */
function startRefresh(place: Place, { program, variables }: Environment): void {
  const child = spawn(process.execPath, [...program, '__complete', 'refresh', JSON.stringify(place)], {
    detached: true,
    stdio: 'ignore',
    env: variables,
  });
  child.on('error', () => {});
  child.unref();
}

/** The account of the command that is being typed. */
async function readPlace(words: readonly string[], environment: Environment): Promise<Place> {
  const flags: RawFlags = {};
  for (const [at, word] of words.entries()) {
    const { spelled = '', value } = readFlagWord(word) ?? {};
    const name = nameOfSpelling(spelled);
    if (name !== undefined) flags[name] = flagOf(name).kind === 'switch' || (value ?? words[at + 1] ?? '');
  }
  const file = await openConfigFile(flags.config, environment.variables, environment.folder).catch(
    () => undefined,
  );
  const sources = gatherSources(flags, environment.variables, ['Common'], file);
  const text = (name: FlagName) => sources.find(name)?.texts[0];
  return {
    isLab: readSwitch(sources.find('lab')) === true,
    region: text('region'),
    profile: text('profile'),
    endpointUrl: text('endpoint-url'),
    allowsUnencrypted: readSwitch(sources.find('allow-unencrypted-endpoint')) === true,
  };
}

/** The profiles of the AWS configuration files. */
function listProfiles(variables: NodeJS.ProcessEnv): string[] {
  const folder = join(variables['HOME'] || homedir(), '.aws');
  const names = [
    [variables['AWS_CONFIG_FILE'] ?? join(folder, 'config'), /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/gm],
    [variables['AWS_SHARED_CREDENTIALS_FILE'] ?? join(folder, 'credentials'), /^\s*\[\s*([^\]]+?)\s*\]/gm],
  ] as const;
  return [
    ...new Set(
      names.flatMap(([path, section]) => {
        try {
          return [...readFileSync(path, 'utf8').matchAll(section)].map(([, name = '']) => name);
        } catch {
          return [];
        }
      }),
    ),
  ].filter((name) => !/^(sso-session|services)\s/.test(name));
}
