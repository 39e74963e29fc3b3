import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Runs the linters one after the other, up to the first that is red, and prints what that one says. Beside the tests, since most of
 * a linter is one process.
 * @param {string[][]} commands of this package's own programs
 * @returns {Promise<string[]>} the command that is red: it said so, it was ended by a signal, or it is not there
 */
export async function lint(commands) {
  for (const [program, ...words] of commands) {
    const command = [program, ...words].join(' ');
    try {
      await run(`node_modules/.bin/${program}`, words);
    } catch (fault) {
      const { stdout = '', stderr = '', message } = /** @type {any} */ (fault);
      process.stdout.write(`test: RED  ${command}\n${stdout}${stderr || message}\n`);
      return [command];
    }
  }
  return [];
}
