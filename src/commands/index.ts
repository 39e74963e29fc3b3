import { FORMAT_NAMES } from '../bundle/format-names.ts';
import type { ScriptName } from '../bundle/wire.ts';
import { flagOf, listSpellings, withDashes } from '../settings/flags.ts';
import type { Command, CommandEntry } from './command.ts';
import { CONNECT_FLAGS } from './connect/connect-options.ts';

const loadVerb = async (verb: ScriptName): Promise<Command> => {
  const { runVerb } = await import('./deliver/run-verb.ts');
  return (settings, io, invocation) => runVerb(verb, settings, io, invocation);
};

const ONE_INSTANCE = {
  name: 'instance',
  usage: '[INSTANCE]',
  describe: 'its id or name; --target INSTANCE means the same',
  also: ['--target', '--targets', ...listSpellings(flagOf('instance-id')).map(withDashes)],
};

const TARGETS = {
  name: 'instance',
  usage: '[INSTANCE…]',
  describe: 'ids (i-…), or names as in the tag Name; several with spaces between',
  isTargets: true,
};

/** Every command; help, parsing and completion loop over this list. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'install',
    words: TARGETS,
    describe: 'put the keeper on instances; a second run changes nothing',
    groups: ['Targets', 'Delivery', 'Keeper', 'Accounts', 'Common'],
    accounts: 'many',
    isStreamed: true,
    examples: [
      ['install --tag env=dev', 'every instance tagged env=dev, one first'],
      ['install --tag env=dev --follow', 'and every new one, when it comes online'],
      ['install i-0123456789abcdef0 --dry-run', 'show, send nothing'],
    ],
    load: () => loadVerb('install'),
  },
  {
    name: 'uninstall',
    words: TARGETS,
    describe: 'take it off again, every byte as before',
    groups: ['Targets', 'Delivery', 'Accounts', 'Common'],
    accounts: 'many',
    isStreamed: true,
    examples: [
      ['uninstall --tag env=dev', 'from every instance tagged env=dev'],
      ['uninstall web-1', 'from the one with the tag Name=web-1'],
    ],
    load: () => loadVerb('uninstall'),
  },
  {
    name: 'status',
    words: TARGETS,
    describe: 'what is installed, live and kept at this moment',
    groups: ['Targets', 'Delivery', 'Accounts', 'Common'],
    accounts: 'many',
    isStreamed: true,
    examples: [
      ['status --tag env=dev', 'a row for every instance'],
      ['status --tag env=dev --output json', 'the same for programs'],
    ],
    load: () => loadVerb('status'),
  },
  {
    name: 'render',
    words: {
      name: 'name',
      usage: '[NAME]',
      describe: `a file of the list, a script (installer, install-command …), or for another tool: ${FORMAT_NAMES.join(', ')}`,
      values: [
        ...['installer', 'uninstaller', 'status', 'install-command', 'uninstall-command', 'status-command'],
        ...FORMAT_NAMES,
      ],
    },
    describe: 'print exactly what would be sent and installed, or the same for another tool',
    groups: ['Keeper', 'Common'],
    accounts: 'unused',
    own: [
      { name: 'out', placeholder: 'DIR', describe: 'write the files as an image has them, below DIR' },
      {
        name: 'url',
        placeholder: 'URL',
        describe: 'user-data and cloud-init: the https or s3 address where instances find the installer',
      },
      { name: 'comments', describe: 'with the comments that say why, which are not sent' },
    ],
    examples: [
      ['render', 'the list of files'],
      ['render installer --interval 60', 'the installer, as an instance gets it'],
      ['render ansible', 'the same as tasks of Ansible'],
      ['render --out image', 'the files themselves'],
    ],
    load: async () => (await import('./render/render.ts')).render,
  },
  {
    name: 'measure',
    words: ONE_INSTANCE,
    describe: 'open sessions on one instance and see how long each lives',
    groups: ['Measure', 'Common'],
    examples: [
      ['measure i-0123456789abcdef0 --temporary-document', 'an answer in minutes'],
      ['measure i-0123456789abcdef0 --arm nothing,keeper --limit 3h', 'does it hold?'],
      ['measure --from measured.json --report out.html', 'a page of what was measured before'],
    ],
    load: async () => (await import('./measure/measure.ts')).measure,
  },
  {
    name: 'preferences',
    words: {
      name: 'action',
      usage: 'get|set|undo',
      describe: 'get, the default: show it; set: change the fields named; undo: back to before the last set',
    },
    describe: 'idle timeout, maximum duration and shell profile of the account’s sessions',
    groups: ['Accounts', 'Common'],
    accounts: 'many',
    own: [
      { name: 'idle', placeholder: 'MINUTES', describe: 'idle timeout, 1 to 60 minutes' },
      { name: 'max', placeholder: 'TIME|none', describe: 'maximum duration, 1m to 24h' },
      {
        name: 'shell-profile',
        placeholder: 'LINE|ours|none',
        describe: 'typed into every session; ours starts the keeper where it is installed',
      },
      { name: 'dry-run', describe: 'show what would change, and change nothing' },
      { name: 'yes', describe: 'do not ask' },
    ],
    examples: [
      ['preferences get --lab --region us-east-1,eu-west-1', 'what is in force in two Regions'],
      ['preferences set --lab --idle 60 --yes', 'one field; all others stay'],
    ],
    load: async () => (await import('./preferences/preferences.ts')).preferences,
  },
  {
    name: 'doctor',
    words: { ...ONE_INSTANCE, describe: 'its id or name, to look at it too' },
    describe: 'why do my sessions die? checks, each with what to do',
    groups: ['Accounts', 'Common'],
    isStreamed: true,
    accounts: 'many-without-word',
    own: [
      {
        name: 'no-send',
        describe: 'do not ask INSTANCE itself: asking sends the status script',
      },
      {
        name: 'since',
        placeholder: 'TIME',
        describe: 'how far back to look at ended sessions, at most 30d',
        fallback: '7d',
      },
      {
        name: 'explain',
        describe: 'also the evidence, what ends a session, and common wrong suspicions',
      },
    ],
    examples: [
      ['doctor --lab', 'the account and this machine'],
      ['doctor i-0123456789abcdef0', 'one instance too'],
    ],
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  {
    name: 'connect',
    words: { ...ONE_INSTANCE, usage: 'INSTANCE' },
    describe: 'open a shell on one instance',
    groups: ['Common'],
    own: CONNECT_FLAGS,
    examples: [
      ['connect i-0123456789abcdef0', 'through the official plugin where there is one'],
      ['connect --lab web-1', 'on a host of the lab'],
    ],
    load: async () => (await import('./connect/connect.ts')).connect,
  },
  {
    name: 'policy',
    words: {
      name: 'command',
      usage: 'COMMAND',
      describe: 'the command, with its words and flags',
    },
    describe: 'the least IAM policy for a command with these flags',
    groups: [],
    isAboutCommand: true,
    own: [
      {
        name: 'account',
        placeholder: 'ID',
        describe: 'the 12 digits of the account that it is for',
        fallback: 'any',
      },
      {
        name: 'principal',
        placeholder: 'user|role|host|caller',
        describe:
          'who gets it: an IAM user, a role that people assume, the instances themselves, or who assumes the role of --role',
        fallback: 'user; with --role, role',
      },
      {
        name: 'trust',
        describe:
          'the trust policy of the role of --role instead; --account is then the account that it trusts',
      },
    ],
    examples: [
      ['policy install --tag env=dev --account 123456789012', 'for these instances of one account'],
      ['policy connect --principal role', 'for everybody who assumes one role'],
    ],
    load: async () => (await import('./policy/policy.ts')).policy,
  },
  {
    name: 'lab',
    words: {
      name: 'action',
      usage: 'up|down|hosts',
      describe:
        'up: start it in the background; down: stop it; hosts: list them. Its files: SSM_KEEPALIVE_LAB_DIR',
    },
    describe: 'the stand-in account on this machine',
    groups: ['Common'],
    accounts: 'unused',
    own: [
      { name: 'idle', placeholder: 'TIME', describe: 'idle timeout of its sessions', fallback: '20m' },
      { name: 'max', placeholder: 'TIME', describe: 'end sessions after this time', fallback: 'never' },
      {
        name: 'minute',
        placeholder: 'TIME',
        describe: 'how long a minute of a session document lasts',
        fallback: '60s',
      },
      {
        name: 'policy',
        placeholder: 'input|output|any',
        describe: 'what restarts the idle timer',
        fallback: 'input',
      },
      {
        name: 'sizes',
        placeholder: 'changed|every|none',
        describe: 'which sizes of a client’s terminal are input',
        fallback: 'changed',
        isRare: true,
      },
      { name: 'foreground', describe: 'stay until Ctrl-C' },
      { name: 'forget', describe: 'with down: delete its hosts too' },
    ],
    examples: [
      ['lab up --idle 5s', 'start it in the background'],
      ['lab hosts', 'its hosts and their tags'],
    ],
    load: async () => (await import('./lab/lab.ts')).lab,
  },
  {
    name: 'completion',
    words: {
      name: 'script',
      usage: 'bash|zsh|fish',
      describe: 'source it in ~/.bashrc or, after compinit, in ~/.zshrc; fish: see the second example',
    },
    describe: 'print the script that completes commands, flags, tags and instance ids',
    groups: [],
    examples: [
      ['completion bash', 'in ~/.bashrc: source <(ssm-keepalive completion bash)'],
      ['completion fish', 'into ~/.config/fish/completions/ssm-keepalive.fish'],
    ],
    load: async () => (await import('./completion/completion.ts')).completion,
  },
];

/** The command that alone has this flag. */
export function ownerOf(flag: string): string | undefined {
  return COMMANDS.find(({ own }) => own?.some(({ name }) => name === flag))?.name;
}
