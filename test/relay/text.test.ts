import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { joinRelay, MODULES } from '../../src/bundle/relay.ts';
import { TEMPLATES_FOLDER } from '../../src/bundle/render.ts';
import { bundleOf } from '../support/bundle.ts';
import { findPythons, relayText, run, writeRelay } from './rendered.ts';

test('the relay imports nothing but modules that every Python has', () => {
  const imports = [...relayText.matchAll(/^\s*(?:import|from)\s+(\w+)/gm)].map((match) => match[1]!);
  const allowed = '_signal errno fcntl os select signal struct termios time'.split(' ');
  assert.deepEqual(imports.sort(), allowed);
});

test('what an instance gets of the relay is the same program: nothing but comments and docstrings are left out', async () => {
  const program = `
import ast, sys
def read(path):
    with open(path) as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)
sys.exit(read(sys.argv[1]) != read(sys.argv[2]))`;
  const sent = bundleOf({ wrap: 'tmux' }).files.find(({ path }) => path === 'relay.py')!.text;
  assert.ok(sent.length < relayText.length);
  const argv = ['-c', program, writeRelay('sent.py', sent), writeRelay('relay.py')];
  const { code, text } = await run(findPythons().at(-1)!.path, argv);
  assert.equal(code, 0, text);
});

test('each module is plain Python that says what it takes from the others', async () => {
  const program = `
import builtins, importlib, symtable, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
def globals_of(table):
    yield from (symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
    for child in table.get_children():
        yield from globals_of(child)
for name in sys.argv[2:]:
    module = importlib.import_module('relay.' + name)
    with open(module.__file__) as file:
        table = symtable.symtable(file.read(), name, 'exec')
    for used in globals_of(table):
        if not hasattr(module, used) and not hasattr(builtins, used):
            sys.exit('%s: %s' % (name, used))`;
  const argv = ['-c', program, TEMPLATES_FOLDER, ...MODULES];
  const { code, text } = await run(findPythons().at(-1)!.path, argv);
  assert.equal(code, 0, text);
});

test('the relay remembers as much of what passes as SECURITY.md says, and no more', async () => {
  const program = `
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from relay.keeper import Keeper
def longest(things):
    return max(len(kept) for thing in things for kept in vars(thing).values() if isinstance(kept, bytes))
most = [0, 0]
for begins in (b'', b'\\x1b', b'\\x1b[', b'\\x1b]52;c;', b'\\x1bPq', b'\\x1b_', b'\\x9b', b'\\xc2\\x9b'):
    for piece in (begins + b'1' * 5000, b'1' * 200):
        for ends in (b'', b'\\x1b', b'\\x1b[', b'\\x1b[0', b'\\x1b[5'):
            keeper = Keeper(45, 28800, 0)
            keeper.ask(0)
            keeper.printed(begins, 0)
            keeper.typed(begins, 0)
            for _ in range(30):
                keeper.printed(piece, 0.5)
                keeper.typed(piece, 0.5)
                keeper.printed(ends, 0.5)
                keeper.typed(ends, 0.5)
                most = [max(most[0], longest([keeper.output])), max(most[1], longest([keeper, keeper.reports]))]
print(*most)`;
  const { code, text } = await run(findPythons().at(-1)!.path, ['-c', program, TEMPLATES_FOLDER]);
  assert.equal(code, 0, text);
  const security = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');
  const [, output, input] =
    /remembers at most (\d+) bytes of output and (\d+) KB of input/.exec(security) ?? [];
  assert.deepEqual(text.trim().split(' ').map(Number), [Number(output), Number(input) * 1024]);
});

test('without the wrapper nothing of tmux is in it', () => {
  assert.doesNotMatch(joinRelay({ wrap: 'none' }), /tmux 2|MACHINES|class Wrapper/);
});

test('the relay is plain ASCII, so that Python 2.7 reads it without a coding line', () => {
  assert.ok(!/[^\n\x20-\x7e]/.test(relayText));
});

for (const python of findPythons()) {
  test(`Python ${python.version}: the relay compiles without a warning`, async () => {
    const source = 'import sys\nwith open(sys.argv[1]) as f: compile(f.read(), sys.argv[1], "exec")';
    const { code, text } = await run(python.path, ['-W', 'error', '-c', source, writeRelay('relay.py')]);
    assert.equal(code, 0, text);
    assert.equal(text, '');
  });
}
