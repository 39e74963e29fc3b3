/** The user's terminal during a session: raw from the first output on, and restored on every way out. */

import { spawnSync } from 'node:child_process';
import type { TerminalStreams } from '../terminal/io.ts';
import { showText } from '../terminal/safe-text.ts';
import { ScreenModes } from './screen-modes.ts';

/** -iexten: on macOS Ctrl-V and Ctrl-O would stay with the local terminal. */
const RAW = ['raw', '-echo', '-iexten'];

export class UserTerminal {
  /** The modes as printed by `stty -g`; undefined: no terminal. */
  private readonly saved: string | undefined;
  private readonly undo: (() => void)[] = [];
  private readonly modes = new ScreenModes();
  private isRaw = false;
  private isClosed = false;

  constructor(private readonly streams: TerminalStreams) {
    this.saved = stty('-g')?.trim();
    // Restores the terminal also if an exception ends the process.
    this.listen(process, 'exit', () => this.restore());
    // While this process was stopped, the shell has set its own modes.
    this.listen(process, 'SIGCONT', () => {
      if (this.isRaw) this.setRaw();
    });
  }

  get size(): { readonly cols: number; readonly rows: number } {
    const { columns, rows } = this.streams.output;
    return { cols: columns || 80, rows: rows || 24 };
  }

  /** Not Node's raw mode: it still translates line ends, which breaks full-screen programs. */
  enterRaw(): void {
    if (this.isRaw || this.isClosed) return;
    this.isRaw = true;
    this.setRaw();
  }

  onKeys(listener: (bytes: Uint8Array) => void): void {
    this.listen(this.streams.input, 'data', listener);
    this.streams.input.resume();
  }

  onResize(listener: () => void): void {
    this.listen(this.streams.output, 'resize', listener);
  }

  /** Calls `listener` when the terminal is closed, or at SIGHUP. */
  onHangup(listener: () => void): void {
    this.listen(process, 'SIGHUP', listener);
    for (const event of ['end', 'close', 'error'] as const) this.listen(this.streams.input, event, listener);
    this.listen(this.streams.output, 'error', listener);
  }

  pauseKeys(): void {
    this.streams.input.pause();
  }

  resumeKeys(): void {
    if (!this.isClosed) this.streams.input.resume();
  }

  /** False: the terminal is slow, and `drained` will be called once. */
  write(bytes: Uint8Array, drained: () => void): boolean {
    this.modes.watch(bytes);
    if (this.streams.output.write(bytes)) return true;
    this.streams.output.once('drain', drained);
    return false;
  }

  /** Prints a line of our own; raw mode needs the carriage return. */
  say(text: string): void {
    this.streams.output.write(showText(text).replaceAll('\n', '\r\n'));
  }

  restore(): void {
    if (!this.isRaw) return;
    this.isRaw = false;
    // A program whose session was lost could not do this itself.
    this.streams.output.write(this.modes.undo);
    if (this.saved === undefined) this.streams.input.setRawMode(false);
    else stty(this.saved);
  }

  /** Restores the terminal. Later keys are for the next program that reads it. */
  close(): void {
    this.isClosed = true;
    this.restore();
    for (const undo of this.undo.splice(0)) undo();
    this.streams.input.pause();
  }

  private setRaw(): void {
    if (this.saved === undefined) this.streams.input.setRawMode(true);
    else stty(...RAW);
  }

  private listen(source: NodeJS.EventEmitter, event: string, listener: (bytes: Uint8Array) => void): void {
    source.on(event, listener);
    this.undo.push(() => source.off(event, listener));
  }
}

/** Undefined without stty or terminal. */
function stty(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('stty', args, {
    stdio: ['inherit', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  return status === 0 ? stdout : undefined;
}
