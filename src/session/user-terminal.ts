/** The user's own terminal while a session has it: raw from the first output on, and as it was before on every way out. */

import { spawnSync } from 'node:child_process';
import type { TerminalStreams } from '../terminal/io.ts';
import { showText } from '../terminal/safe-text.ts';
import { ScreenModes } from './screen-modes.ts';

/** -iexten: on macOS Ctrl-V and Ctrl-O would stay with the local terminal. */
const RAW = ['raw', '-echo', '-iexten'];

export class UserTerminal {
  /** As `stty -g` spells it; undefined where there is none. */
  private readonly saved: string | undefined;
  private readonly undo: (() => void)[] = [];
  private readonly modes = new ScreenModes();
  private isRaw = false;
  private isClosed = false;

  constructor(private readonly streams: TerminalStreams) {
    this.saved = stty('-g')?.trim();
    // Also when an exception ends the process: whoever gets the terminal next finds it as it was.
    this.listen(process, 'exit', () => this.restore());
    // A shell that took the terminal while this was stopped has set modes of its own.
    this.listen(process, 'SIGCONT', () => {
      if (this.isRaw) this.setRaw();
    });
  }

  get size(): { readonly cols: number; readonly rows: number } {
    const { columns, rows } = this.streams.output;
    return { cols: columns || 80, rows: rows || 24 };
  }

  /** Not Node's own raw mode: that one leaves the translation of line ends on, which full-screen programs trip over. */
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

  /** The terminal is gone, or somebody says that it is. */
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

  /** False when the terminal is slow; `drained` is then called once. */
  write(bytes: Uint8Array, drained: () => void): boolean {
    this.modes.watch(bytes);
    if (this.streams.output.write(bytes)) return true;
    this.streams.output.once('drain', drained);
    return false;
  }

  /** A line of our own in between; raw mode needs the carriage return. */
  say(text: string): void {
    this.streams.output.write(showText(text).replaceAll('\n', '\r\n'));
  }

  restore(): void {
    if (!this.isRaw) return;
    this.isRaw = false;
    // A program whose session went away under it had no time for this.
    this.streams.output.write(this.modes.undo);
    if (this.saved === undefined) this.streams.input.setRawMode(false);
    else stty(this.saved);
  }

  /** Gives everything back; keys typed from here on are for whoever reads the terminal next. */
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

/** Undefined where there is no stty, or no terminal any more. */
function stty(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('stty', args, {
    stdio: ['inherit', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  return status === 0 ? stdout : undefined;
}
