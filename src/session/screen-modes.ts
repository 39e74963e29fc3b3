/** Records the modes that programs switched on in the user's terminal, to switch them off after a lost session. */

/** Private modes that are normally off: keys, mouse, pastes, alternate screens [ECMA-48, xterm control sequences]. */
const OFF_AT_REST = new Set([
  1, 5, 9, 47, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1047, 1049, 2004, 2026,
]);
const CURSOR = 25;
/** Switched off last, because the switch restores the cursor. */
const SCREENS = new Set([47, 1047, 1049]);

const SWITCH = /\x1b(?:\[\?([\d;]{1,60})([hl])|([=>]))/g;
/** How many bytes to keep for a sequence that is split over two pieces. */
const CARRY = 70;

export class ScreenModes {
  private readonly on = new Set<number>();
  private isCursorHidden = false;
  private hasKeypad = false;
  private carry = '';

  /** Reads output. A sequence split over two pieces counts once. */
  watch(bytes: Uint8Array): void {
    const text = this.carry + Buffer.from(bytes).toString('latin1');
    let end = 0;
    for (const match of text.matchAll(SWITCH)) {
      end = match.index + match[0].length;
      if (match[3] !== undefined) this.hasKeypad = match[3] === '=';
      else for (const mode of (match[1] ?? '').split(';')) this.set(Number(mode), match[2] === 'h');
    }
    const rest = text.slice(Math.max(end, text.length - CARRY));
    const start = rest.lastIndexOf('\x1b');
    this.carry = start < 0 ? '' : rest.slice(start);
  }

  /** The sequences that switch everything off; empty: nothing is on. */
  get undo(): string {
    const modes = [...this.on].sort((a, b) => Number(SCREENS.has(a)) - Number(SCREENS.has(b)));
    return [
      this.hasKeypad ? '\x1b>' : '',
      this.isCursorHidden ? '\x1b[?25h' : '',
      ...modes.map((mode) => `\x1b[?${mode}l`),
      modes.some((mode) => SCREENS.has(mode)) ? '\x1b[m' : '',
    ].join('');
  }

  private set(mode: number, isOn: boolean): void {
    if (mode === CURSOR) this.isCursorHidden = !isOn;
    else if (OFF_AT_REST.has(mode)) {
      if (isOn) this.on.add(mode);
      else this.on.delete(mode);
    }
  }
}
