// Runs many command lines through the built command line in one process: [{ args, env }] in, [{ status, stdout, stderr }] out.
// Its entry file is loaded anew for each, its parts are not, which is what makes a hundred of them cheap.
import { readFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [cli, home] = process.argv.slice(2);
const lines = JSON.parse(readFileSync(0, 'utf8'));
const results = [];
process.setMaxListeners(0);
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (text) => {
    results.at(-1)[stream === process.stdout ? 'stdout' : 'stderr'] += text;
    return true;
  };
}
for (const [index, { args, env = {} }] of lines.entries()) {
  results.push({ status: undefined, stdout: '', stderr: '' });
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, { HOME: home, PATH: '/usr/bin:/bin', ...env });
  process.argv = [process.execPath, cli, ...args];
  process.exitCode = undefined;
  await import(`${pathToFileURL(cli)}?${index}`);
  while (process.exitCode === undefined) await new Promise((resolve) => setImmediate(resolve));
  results.at(-1).status = process.exitCode;
}
process.exitCode = 0;
writeSync(1, JSON.stringify(results));
