// What a tag has to agree with before it is published: node scripts/release.mjs v0.2.0
import { readFileSync } from 'node:fs';

const read = (/** @type {string} */ path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const tag = process.argv[2] ?? '';
const { version } = JSON.parse(read('package.json'));
const [, top = ''] = /^## (.+)$/m.exec(read('CHANGELOG.md')) ?? [];
const faults = [
  ...(tag === `v${version}` ? [] : [`the tag is ${tag || 'missing'}, package.json says ${version}`]),
  ...(JSON.parse(read('package-lock.json')).version === version
    ? []
    : ['package-lock.json has another version: run  npm install --package-lock-only']),
  ...(top === version ? [] : [`the newest section of CHANGELOG.md is ${top}, not ${version}`]),
];
for (const fault of faults) console.error(`release: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
