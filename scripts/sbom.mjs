// Writes dist/sbom.cdx.json (CycloneDX, made by `npm sbom`): every package whose code a release carries, built in or bundled.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (/** @type {string} */ path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const { name, version } = JSON.parse(read('package.json'));
/** THIRD-PARTY.txt names what the build took in, a line each: `yaml 2.8.0 (ISC)`. */
const builtIn = [...read('dist/THIRD-PARTY.txt').matchAll(/^(\S+) (\d\S*) \(/gm)].map(
  ([, builtName, builtVersion]) => `${builtName}@${builtVersion}`,
);
const argv = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
const bom = JSON.parse(execFileSync('npm', argv, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }));
const isOptionalTool = ({ properties = [] }) =>
  properties.some((/** @type {{ name: string }} */ one) => one.name === 'cdx:npm:package:development');
const isCarried = (/** @type {{ 'bom-ref': string }} */ component) =>
  builtIn.includes(component['bom-ref']) || !isOptionalTool(component);

bom.metadata.component.name = name;
bom.components = bom.components.filter(isCarried).map((component) => ({
  ...component,
  scope: 'required',
  properties: [],
}));
const refs = new Set([`${name}@${version}`, ...bom.components.map((component) => component['bom-ref'])]);
bom.dependencies = bom.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
const missing = builtIn.filter((ref) => !refs.has(ref));
if (missing.length > 0) throw new Error(`npm sbom does not know what was built in: ${missing.join(', ')}`);
writeFileSync(new URL('../dist/sbom.cdx.json', import.meta.url), `${JSON.stringify(bom, null, 2)}\n`);
