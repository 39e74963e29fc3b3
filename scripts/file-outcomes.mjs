// A reporter for Node's test runner, as JSON: the files in which something failed, and how long each took, in milliseconds.
import { relative } from 'node:path';

export default async function* reportFiles(source) {
  const failed = new Set();
  /** @type {Record<string, number>} */
  const milliseconds = {};
  for await (const { type, data } of source) {
    if (type !== 'test:fail' && type !== 'test:pass') continue;
    const file = relative('.', data.file ?? data.name);
    if (type === 'test:fail') failed.add(file);
    if (data.nesting === 0) milliseconds[file] = (milliseconds[file] ?? 0) + data.details.duration_ms;
  }
  yield JSON.stringify({ failed: [...failed], milliseconds });
}
