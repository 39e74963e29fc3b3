import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScreenModes } from '../../src/session/screen-modes.ts';

const undo = (...pieces: string[]): string => {
  const modes = new ScreenModes();
  for (const piece of pieces) modes.watch(Buffer.from(piece, 'latin1'));
  return modes.undo;
};

const FULL = '\x1b[?1049h\x1b[?1h\x1b=\x1b[?25l\x1b[?1000;1006h\x1b[?2004htext';

test('screen modes: what a full-screen program left on is switched off, the alternate screen last', () => {
  assert.equal(undo(FULL), '\x1b>\x1b[?25h\x1b[?1l\x1b[?1000l\x1b[?1006l\x1b[?2004l\x1b[?1049l\x1b[m');
});

test('screen modes: a program that cleaned up leaves nothing to do', () => {
  assert.equal(undo(FULL, '\x1b[?2004l\x1b[?1006;1000l\x1b[?25h\x1b>\x1b[?1l\x1b[?1049l'), '');
  assert.equal(undo('plain \x1b[31mtext\x1b[m', '\x1b[?7l'), '');
});

test('screen modes: a switch cut anywhere counts as whole', () => {
  for (let at = 0; at <= FULL.length; at += 1)
    assert.equal(undo(FULL.slice(0, at), FULL.slice(at)), undo(FULL), `cut at ${at}`);
  assert.equal(undo(...FULL), undo(FULL));
});
