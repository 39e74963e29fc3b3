#!/usr/bin/env node
/** The process: arguments, streams, signals, exit status. The work is in cli/run.ts. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { run } from './cli/run.ts';
import { systemClock } from './clock.ts';
import type { Environment } from './environment.ts';
import { Interruption, makeInterrupted } from './interruption.ts';
import { describeSystemError } from './system-error.ts';
import type { Io } from './terminal/io.ts';
import { safe } from './terminal/safe-text.ts';

const { stdin, stdout, stderr } = process;

// Turns off the SDK's warning about later Node versions: package.json names the Node that we need.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

// A run waits for the service most of its time, so V8 may collect garbage rather than grow (docs/figures.md, Fleet).
for (const flag of ['--optimize-for-size', '--semi-space-growth-factor=1']) setFlagsFromString(flag);

function makeIo(): Io {
  const isDumb = process.env['TERM'] === 'dumb';
  return {
    out: (text) => write(stdout, text),
    err: (text) => write(stderr, text),
    ...(stdin.isTTY && stderr.isTTY ? { ask } : {}),
    openTerminal: () => (stdin.isTTY && stdout.isTTY ? { input: stdin, output: stdout } : undefined),
    canRedraw: stderr.isTTY && !isDumb,
    columns: stdout.columns ?? 80,
    outColumns: stdout.columns,
    errColumns: stderr.columns,
    hasColor: stdout.isTTY === true && !isDumb,
    clock: systemClock,
  };
}

function makeEnvironment(): Environment {
  return {
    variables: process.env,
    folder: findFolder(),
    version: JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version,
    program: [...process.execArgv, process.argv[1] ?? ''],
    elapsed: () => performance.now(),
    listenForInterrupts,
  };
}

/** If the working folder was deleted, this path stands for it: nothing exists in it. */
function findFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '/proc/self/cwd';
  }
}

/** SIGINT and SIGTERM ask for an orderly end; a second one leaves at once. */
function listenForInterrupts(): Interruption {
  const interruption = new Interruption();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.request());
  return interruption;
}

/** One line from the person at the terminal; empty when they close it. @throws UserError on Ctrl-C */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: stdin, output: stderr });
  let leave = (): void => {};
  const left = new Promise<string>((resolve, reject) => {
    lines.once('close', () => resolve(''));
    leave = () => reject(makeInterrupted('nothing was changed'));
  });
  // The key comes as an event, since the terminal is raw.
  lines.once('SIGINT', leave);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, leave);
  try {
    return await Promise.race([lines.question(question), left]);
  } catch (error) {
    write(stderr, '\n');
    throw error;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, leave);
    lines.close();
  }
}

function write(stream: NodeJS.WriteStream, text: string): void {
  // As bytes: a long joined string would take five times its size while it waits for a slow reader.
  if (text !== '') stream.write(Buffer.from(text));
}

// A reader that has seen enough (`| head`) is no error.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  // The terminal was closed. SIGHUP tells the command, which may still have work to end.
  if (error.code === 'EIO') return;
  write(
    stderr,
    safe`ssm-keepalive: the output could not be written\n  why:  ${describeSystemError(error)}\n  next: make room where it goes, then run it again\n`,
  );
  process.exit(1);
});
// A failed write to stderr must not abort the command: a log's disk may be full.
stderr.on('error', () => {});

const argv = process.argv.slice(2);
process.exitCode = await run(argv, makeIo(), makeEnvironment());
// A request that hangs must not keep the refresh process alive after its time.
if (argv[0] === '__complete' && argv[1] === 'refresh') process.exit();
