// Runs on a disk of 64 KB, named by the first argument: what each of our own files does there. Prints one JSON document.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openReportFile } from '../../src/commands/measure/report-file.ts';
import { startLab } from '../../src/lab/index.ts';
import { rawCall } from '../lab/raw-call.ts';

const disk = process.argv[2] ?? '';

function tryReport(path: string): { code: string; what: string; why: string } | undefined {
  const report = openReportFile(path, { folder: '/', variables: {} });
  try {
    report?.write('x'.repeat(100_000));
    return undefined;
  } catch (error) {
    return error as { code: string; what: string; why: string };
  } finally {
    report?.close();
  }
}

async function fillLab() {
  const dir = join(disk, 'lab');
  const lab = await startLab({ dir, hosts: [] });
  const content = (letter: string) =>
    JSON.stringify({
      schemaVersion: '1.0',
      description: letter.repeat(25_000),
      sessionType: 'Standard_Stream',
    });
  const make = async (Name: string) => {
    const body = { Name, DocumentType: 'Session', Content: content(Name.slice(-1)) };
    return rawCall(lab, 'CreateDocument', body);
  };
  const answers = [await make('One-a'), await make('Two-b')];
  const stopped = await lab.stop().then(
    () => '',
    (error: NodeJS.ErrnoException) => error.code,
  );
  const records = JSON.parse(readFileSync(join(dir, 'records.json'), 'utf8'));
  return {
    errors: answers.map(({ error, body }) => [error, body['Message'] ?? '']),
    kept: records.documents.map(({ name }: { name: string }) => name),
    left: readdirSync(dir).filter((name) => name.endsWith('.new')),
    stopped,
    isClaimed: existsSync(join(dir, 'lab.json')),
  };
}

writeFileSync(join(disk, 'old.html'), 'the old report');
const reports = [
  tryReport(join(disk, 'new.html')),
  tryReport(join(disk, 'old.html')),
  tryReport('/dev/full'),
];
const files = readdirSync(disk);
const old = readFileSync(join(disk, 'old.html'), 'utf8');
process.stdout.write(
  JSON.stringify({
    reports: reports.map((error) => error && { code: error.code, what: error.what, why: error.why }),
    files,
    old,
    lab: await fillLab(),
  }),
);
