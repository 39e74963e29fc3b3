/** The part of systemctl that an installer needs; words and exit statuses of systemd 252. */
import type { ShimAnswer } from './calls.ts';
import type { HostConfig } from './config.ts';
import { takeFault } from './faults.ts';
import type { Service, ServiceTable } from './services.ts';
import { loadUnit, type Unit } from './unit-file.ts';

const NOT_FOUND = (name: string): ShimAnswer => fail(5, `Unit ${name} not found.\n`);

export async function answerSystemctl(
  config: HostConfig,
  services: ServiceTable,
  args: readonly string[],
): Promise<ShimAnswer> {
  const parsed = parseArgs(args);
  if (parsed.unknown !== undefined) return fail(1, `systemctl: unrecognized option '${parsed.unknown}'\n`);
  const [verb = 'list-units', ...names] = parsed.words;
  const units = names.map((name) => (/\.[a-z]+$/.test(name) ? name : `${name}.service`));
  switch (verb) {
    case 'daemon-reload':
      if (takeFault(config, 'daemon-reload'))
        return fail(1, 'Failed to reload daemon: Connection timed out\n');
      services.reload();
      return done('');
    case 'show':
      return done(units.map((name) => showUnit(services, config, name, parsed)).join('\n'));
    case 'is-active': {
      const states = units.map((name) => findService(services, name)?.activeState ?? 'inactive');
      const text = parsed.isQuiet ? '' : `${states.join('\n')}\n`;
      return { code: states.includes('active') ? 0 : 3, stdout: text, stderr: '' };
    }
    case 'is-enabled': {
      const isKnown = units.every(
        (name) => name === services.unit.name && services.unit.loadState === 'loaded',
      );
      return isKnown
        ? done('enabled\n')
        : fail(1, `Failed to get unit file state for ${units[0]}: No such file or directory\n`);
    }
    case 'cat': {
      const unit = services.unit;
      if (units[0] !== unit.name) return fail(1, `No files found for ${units[0]}.\n`);
      return done([unit.fragmentPath, ...unit.dropInPaths].map((path) => `# ${path}\n`).join('\n'));
    }
    case 'status': {
      const service = findService(services, units[0] ?? '');
      if (service === undefined) return fail(4, `Unit ${units[0]} could not be found.\n`);
      const code = service.activeState === 'active' ? 0 : 3;
      return { code, stdout: `${service.name}\n     Active: ${service.activeState}\n`, stderr: '' };
    }
    case 'restart':
    case 'try-restart':
    case 'start':
    case 'stop':
      return changeState(config, services, verb, units);
    case 'reset-failed':
      for (const [name, service] of services.transient) {
        if (service.activeState === 'failed' && (units.length === 0 || units.includes(name)))
          services.transient.delete(name);
      }
      return done('');
    default:
      return fail(1, `Unknown command verb ${verb}.\n`);
  }
}

async function changeState(
  config: HostConfig,
  services: ServiceTable,
  verb: string,
  units: readonly string[],
): Promise<ShimAnswer> {
  for (const name of units) {
    const transient = services.transient.get(name);
    if (transient !== undefined && verb === 'stop') {
      transient.child?.kill('SIGTERM');
      continue;
    }
    if (name !== services.unit.name || services.unit.loadState !== 'loaded') return NOT_FOUND(name);
    if (verb === 'restart' && takeFault(config, 'restart')) {
      return fail(
        1,
        `Failed to restart ${name}: Connection timed out\nSee system logs and 'systemctl status ${name}' for details.\n`,
      );
    }
    if (verb === 'start' && services.agent.activeState === 'active') continue;
    if (verb !== 'start') await services.stopAgent();
    if (verb !== 'stop') services.startAgent();
  }
  return done('');
}

/** In systemd's order, not the request's: a caller must read names, not positions. */
function showUnit(services: ServiceTable, config: HostConfig, name: string, parsed: ParsedArgs): string {
  const service = findService(services, name);
  const unit = name === services.unit.name ? services.unit : loadUnit(name, config.root);
  const isKnown = unit.loadState === 'loaded' || service !== undefined;
  const all: [string, string][] = [
    ['Type', 'simple'],
    ['Restart', unit.restart],
    ['MainPID', String(service?.child?.pid ?? 0)],
    ['Environment', quoteEnvironment(unit)],
    ['KillMode', unit.killMode],
    ['Id', name],
    ['Names', name],
    ['LoadState', isKnown ? 'loaded' : 'not-found'],
    ['ActiveState', service?.activeState ?? 'inactive'],
    ['SubState', service?.activeState === 'active' ? 'running' : 'dead'],
    ['FragmentPath', unit.fragmentPath],
    ['DropInPaths', unit.dropInPaths.join(' ')],
    ['UnitFileState', unit.loadState === 'loaded' ? 'enabled' : ''],
  ];
  const wanted =
    parsed.properties.length === 0 ? all : all.filter(([key]) => parsed.properties.includes(key));
  return wanted.map(([key, value]) => `${parsed.isValueOnly ? '' : `${key}=`}${value}\n`).join('');
}

/** As systemctl prints it: a word with special characters in double quotes, with backslashes. */
function quoteEnvironment(unit: Unit): string {
  return [...unit.environment]
    .map(([key, value]) => `${key}=${value}`)
    .map((word) => (/^[A-Za-z0-9_=/:.,+@%-]*$/.test(word) ? word : `"${word.replace(/["\\$`]/g, '\\$&')}"`))
    .join(' ');
}

function findService(services: ServiceTable, name: string): Service | undefined {
  if (name === services.unit.name && services.unit.loadState === 'loaded') return services.agent;
  return services.transient.get(name);
}

interface ParsedArgs {
  words: string[];
  properties: string[];
  isValueOnly: boolean;
  isQuiet: boolean;
  unknown?: string;
}

const IGNORED = [
  ...['--no-block', '--no-pager', '--no-ask-password', '--system', '--full', '-l'],
  ...['--plain', '--no-legend', '--all', '-a'],
];

function parseArgs(args: readonly string[]): ParsedArgs {
  const parsed: ParsedArgs = { words: [], properties: [], isValueOnly: false, isQuiet: false };
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    const property = /^(?:-p|--property=|-P)(.+)$/.exec(arg)?.[1];
    if (arg === '-p' || arg === '--property' || arg === '-P') {
      at += 1;
      parsed.properties.push(...(args[at] ?? '').split(','));
    } else if (property !== undefined) parsed.properties.push(...property.split(','));
    else if (arg === '--value') parsed.isValueOnly = true;
    else if (arg === '-q' || arg === '--quiet') parsed.isQuiet = true;
    else if (arg === '--') parsed.words.push(...args.slice(at + 1).splice(0));
    else if (IGNORED.includes(arg)) continue;
    else if (arg.startsWith('-')) parsed.unknown = arg;
    else parsed.words.push(arg);
    if (arg.startsWith('-P')) parsed.isValueOnly = true;
    if (arg === '--') break;
  }
  return parsed;
}

function done(stdout: string): ShimAnswer {
  return { code: 0, stdout, stderr: '' };
}

function fail(code: number, stderr: string): ShimAnswer {
  return { code, stdout: '', stderr };
}
