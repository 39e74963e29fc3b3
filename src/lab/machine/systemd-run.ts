/** The part of systemd-run that an installer needs: a transient service, at once or after a delay. */
import type { ShimAnswer } from './calls.ts';
import type { HostConfig } from './config.ts';
import { takeFault } from './faults.ts';
import type { ServiceTable } from './services.ts';

const FLAGS = ['--collect', '-G', '--no-block', '--no-ask-password', '--system', '-r', '--remain-after-exit'];
const VALUES = [
  ...['--unit', '-u', '--description', '--property', '-p', '--setenv', '-E', '--on-active'],
  ...['--working-directory', '--slice', '--service-type', '--timer-property'],
];

export async function answerSystemdRun(
  config: HostConfig,
  services: ServiceTable,
  args: readonly string[],
): Promise<ShimAnswer> {
  const options = new Map<string, string[]>();
  let isQuiet = false;
  let at = 0;
  for (; at < args.length && (args[at] ?? '').startsWith('-'); at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--') {
      at += 1;
      break;
    }
    const [, key = arg, inline] = /^(--[a-z-]+)=([\s\S]*)$/.exec(arg) ?? [];
    if (arg === '-q' || arg === '--quiet') isQuiet = true;
    else if (FLAGS.includes(arg)) continue;
    else if (VALUES.includes(key)) {
      if (inline === undefined) at += 1;
      options.set(key, [...(options.get(key) ?? []), inline ?? args[at] ?? '']);
    } else return { code: 1, stdout: '', stderr: `systemd-run: unrecognized option '${arg}'\n` };
  }
  const argv = args.slice(at);
  if (argv.length === 0) return { code: 1, stdout: '', stderr: 'Command line to execute required.\n' };
  if (takeFault(config, 'systemd-run')) {
    return { code: 1, stdout: '', stderr: 'Failed to start transient service unit: Connection timed out\n' };
  }

  const given =
    options.get('--unit')?.at(-1) ?? options.get('-u')?.at(-1) ?? `run-r${Date.now().toString(16)}`;
  const name = given.endsWith('.service') ? given : `${given}.service`;
  if (services.transient.has(name)) {
    const why = `Unit ${name} was already loaded or has a fragment file.`;
    return { code: 1, stdout: '', stderr: `Failed to start transient service unit: ${why}\n` };
  }
  const words = [...(options.get('--setenv') ?? []), ...(options.get('-E') ?? [])];
  const env = Object.fromEntries(
    words.map((word) => [word.split('=')[0] ?? '', word.slice(word.indexOf('=') + 1)]),
  );
  const cwd = options.get('--working-directory')?.at(-1) ?? '/';
  const delayMs = parseSpan(options.get('--on-active')?.at(-1) ?? '0') * 1000;
  if (delayMs > 0) setTimeout(() => services.startTransient(name, argv, env, cwd), delayMs);
  else services.startTransient(name, argv, env, cwd);
  const verb =
    delayMs > 0
      ? `Running timer as unit: ${name.replace(/service$/, 'timer')}\nWill run service as unit`
      : 'Running as unit';
  return { code: 0, stdout: '', stderr: isQuiet ? '' : `${verb}: ${name}\n` };
}

/** Seconds of a systemd time span, as written for short waits. */
function parseSpan(text: string): number {
  const match = /^([\d.]+)\s*(ms|s|sec|min|m)?$/.exec(text);
  const scale = { ms: 0.001, min: 60, m: 60 }[match?.[2] ?? ''] ?? 1;
  return Number(match?.[1] ?? 0) * scale;
}
