import type { Bundle } from './bundle.ts';
import { cloudFormationTemplate } from './cloudformation.ts';
import { makeDocument } from './document.ts';
import { FORMAT_NAMES, type FormatName } from './format-names.ts';
import { sha256 } from './manifest.ts';
import { PLACES } from './places.ts';
import { renderTemplate } from './render.ts';
import { packText, wireCommands } from './wire.ts';

export interface FormatOptions {
  /** The address of the output of `render installer`: https, http or s3. */
  readonly url: string | undefined;
}

/** One text that installs the same bundle with another tool. */
export interface Format {
  readonly name: string;
  /** One line for people. */
  readonly describe: string;
  readonly usesUrl: 'never' | 'may' | 'must';
  render(bundle: Bundle, options: FormatOptions): string;
  /** The size limit of that tool, and what to do above it. */
  readonly limit?: { readonly bytes: number; readonly what: string; readonly next: string };
}

/** EC2: 16 KB, before base64 [AWS EC2 user guide, user data]. */
const USER_DATA = {
  bytes: 16_384,
  what: 'EC2 takes as user data',
  next: 'for EC2 put the output of  ssm-keepalive render installer  where instances reach it, and give --url',
};

/** /run is gone after the next boot, but all scripts of this boot find the file. */
const FIRST_BOOT_SCRIPT = '/run/ssm-keepalive-first-boot.sh';

const TEXTS: Readonly<Record<FormatName, Omit<Format, 'name'>>> = {
  'user-data': {
    describe: 'a first-boot script that fetches the installer from --url',
    usesUrl: 'must',
    limit: USER_DATA,
    render: renderUserData,
  },
  'cloud-init': {
    describe: 'a cloud-config that carries it, or with --url fetches it',
    usesUrl: 'may',
    limit: USER_DATA,
    render: renderCloudInit,
  },
  ansible: {
    describe: 'tasks that install it, or in check mode only look',
    usesUrl: 'never',
    render: (bundle) =>
      renderTemplate('formats/ansible.yml.ejs', 'yaml', {
        version: bundle.version,
        digest: bundle.digest,
        installer: `${wireCommands('install', bundle).join('\n')}\n`,
        look: `${wireCommands('status', bundle).join('\n')}\n`,
      }),
  },
  dockerfile: {
    describe: 'lines for images that ECS Exec enters',
    usesUrl: 'never',
    render: renderDockerfile,
  },
  cloudformation: {
    describe: 'a template: the document, and the association that runs it',
    usesUrl: 'never',
    limit: {
      bytes: 51_200,
      what: 'CloudFormation takes in a request',
      next: 'give  aws cloudformation deploy  an --s3-bucket',
    },
    render: (bundle) => cloudFormationTemplate(bundle, 'ssm-keepalive-stack'),
  },
  stackset: {
    describe: 'the same for a StackSet: every account of an organization',
    usesUrl: 'never',
    limit: {
      bytes: 51_200,
      what: 'CloudFormation takes in a request',
      next: 'put it into an S3 bucket, and give  aws cloudformation create-stack-set  its --template-url',
    },
    render: (bundle) => cloudFormationTemplate(bundle, 'ssm-keepalive-stackset'),
  },
  terraform: {
    describe: 'resources: the document, the association, and if asked the session preferences',
    usesUrl: 'never',
    render: renderTerraform,
  },
};

export const FORMATS: readonly Format[] = FORMAT_NAMES.map((name) => ({ name, ...TEXTS[name] }));

function renderUserData({ version, digest, installer }: Bundle, { url }: FormatOptions): string {
  return renderTemplate('formats/user-data.sh.ejs', 'sh', { version, digest, url, sum: sha256(installer) });
}

function renderCloudInit(bundle: Bundle, options: FormatOptions): string {
  const script = options.url
    ? { encoding: 'text/plain', content: renderUserData(bundle, options) }
    : { encoding: 'gz+b64', content: packText(bundle.installer) };
  const { version, digest } = bundle;
  return renderTemplate('formats/cloud-init.yaml.ejs', 'yaml', {
    version,
    digest,
    path: FIRST_BOOT_SCRIPT,
    ...script,
  });
}

function renderTerraform(bundle: Bundle): string {
  const { version, digest } = bundle;
  const content = makeDocument('install', version, wireCommands('install', bundle));
  return renderTemplate('formats/terraform.tf.ejs', 'hcl', {
    name: `ssm-keepalive-${digest.slice(0, 12)}`,
    version,
    digest,
    content,
  });
}

function renderDockerfile({ version, digest, installer, files }: Bundle): string {
  const has = (path: string) => files.some((file) => file.path === path);
  return renderTemplate('formats/dockerfile.ejs', 'dockerfile', {
    version,
    digest,
    sum: sha256(installer),
    payload: packText(installer).trim().split('\n'),
    library: PLACES[0].library,
    hasRc: files.some(({ entry }) => entry === 'rc'),
    hasRelay: has('relay.py'),
  });
}
