// A reporter for Node's test runner: the files in which something failed, a line each.
import { relative } from 'node:path';

export default async function* listFailedFiles(source) {
  const failed = new Set();
  for await (const { type, data } of source) {
    if (type === 'test:fail') failed.add(data.file ?? data.name);
  }
  for (const file of failed) yield `${relative('.', file)}\n`;
}
