// Debian's ansible-core and its collection community.aws drive sessions of kept hosts, and read what they read on a plain one.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execa } from 'execa';
import type { BundleSettings } from '../../src/bundle/index.ts';
import type { HostSpec } from '../../src/lab/index.ts';
import { makeFolder, sandboxMissing } from '../lab/test-lab.ts';
import { findCommand } from '../shells/support/shells.ts';
import { placePlugin } from '../support/plugin.ts';
import { skipUnless } from '../support/sandbox.ts';
import { useKeptLab } from './kept-host.ts';

const COLLECTION =
  '/usr/lib/python3/dist-packages/ansible_collections/community/aws/plugins/connection/aws_ssm.py';
const skip =
  sandboxMissing() ||
  skipUnless('tmux', 'ansible-playbook', COLLECTION, '/usr/lib/python3/dist-packages/boto3/__init__.py');

/** What is not kept says what a kept host with the same sh has to say. Heartbeats come once a second. */
const PLAIN: Readonly<Record<string, string>> = { 'plain-dash': 'dash', 'plain-bash': 'bash' };
const KEPT: Readonly<Record<string, { sh: string; settings: Partial<BundleSettings> }>> = {
  'relay-dash': { sh: 'dash', settings: { keeper: 'relay' } },
  'relay-bash': { sh: 'bash', settings: { keeper: 'relay' } },
  'prompt-bash': { sh: 'bash', settings: { keeper: 'prompt' } },
  'tmux-dash': { sh: 'dash', settings: { keeper: 'relay', wrap: 'tmux' } },
};
const NAMES = [...Object.keys(PLAIN), ...Object.keys(KEPT)];
const HOSTS = NAMES.map((name, index): HostSpec => {
  return { name, id: `i-0dddddddddddddd${String(index).padStart(2, '0')}`, tags: {} };
});
const lab = await useKeptLab(
  (skip ? [] : HOSTS).map((spec) => {
    const kept = KEPT[spec.name];
    return {
      spec,
      sh: findCommand(kept?.sh ?? PLAIN[spec.name]!),
      settings: kept && { entries: ['env'], ...kept.settings },
    };
  }),
  { idleSeconds: 36_000 },
);

/** A lab host has no network and no sudo: this curl takes objects from a folder, and this sudo is what comes after it. */
const TOOLS: Readonly<Record<string, string>> = {
  sudo: '#!/bin/sh\nexec "$@"\n',
  curl: `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
  -o) out=$2; shift ;;
  --upload-file) in=$2; shift ;;
  --request | -H) shift ;;
  *) url=$1 ;;
  esac
  shift
done
key=\${url#*://*/}
object=/var/bucket/$(printf %s "\${key%%\\?*}" | tr -c A-Za-z0-9 _)
if [ -n "\${in-}" ]; then cat "$in" >"$object"; else cat "$object" >"$out"; fi
`,
};

/** As much of S3 as the connection plugin asks for; each object lies on the host that its key begins with. */
async function serveBucket(): Promise<string> {
  const server = createServer(async (request, response) => {
    const [path = '', query = ''] = (request.url ?? '').slice(1).split('?');
    if (query.startsWith('location')) {
      response.end('<LocationConstraint>us-east-1</LocationConstraint>');
      return;
    }
    const host = lab.host(decodeURIComponent(path).split('/')[1] ?? '');
    const object = `/var/bucket/${path.replace(/[^A-Za-z0-9]/g, '_')}`;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (request.method === 'PUT') {
      const input = Buffer.concat(parts).toString('utf8');
      await host.exec(['/bin/sh', '-c', 'cat >"$0"; chmod 666 "$0"', object], { input });
      response.end();
    } else if (request.method === 'DELETE') {
      await host.exec(['/bin/rm', '-f', object]);
      response.writeHead(204).end();
    } else {
      const { stdout } = await host.exec(['/bin/cat', object]);
      response.setHeader('content-length', Buffer.byteLength(stdout));
      response.end(request.method === 'HEAD' ? undefined : stdout);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Debian's boto3 reads no address of an endpoint from its environment. */
const ADDRESSES = `import os
import boto3.session
create = boto3.session.Session.client
def client(self, service, *args, **more):
    more['endpoint_url'] = os.environ['LAB_' + service.upper()]
    return create(self, service, *args, **more)
boto3.session.Session.client = client
`;

const LONG = 'sleep 4';
/** Each longer than three intervals where that can show anything. */
const TASKS: Readonly<Record<string, string>> = {
  ping: 'ping:',
  raw: `raw: ${LONG}; echo raw-42`,
  'base64 while it is printed': `raw: sh -c 'for i in 1 2 3 4; do seq 1 40 | base64 -w 0; sleep 1; done; echo'`,
  script: 'script: script.sh one two',
  command: `command: sh -c '${LONG}; echo command-42'`,
  shell: `shell: ${LONG}; seq 1 20000 | md5sum`,
  copy: 'copy: { src: text.txt, dest: /tmp/copied }',
  'what was copied': 'raw: cat /tmp/copied',
  'a status': `raw: sh -c '${LONG}; exit 3'`,
  'gather facts': 'setup: { gather_subset: ["!all", "min"] }',
};

interface Played {
  readonly stdout: string;
  readonly rc?: number;
  readonly msg?: string;
  readonly ping?: string;
  readonly checksum?: string;
  readonly unreachable?: boolean;
  readonly ansible_facts?: { ansible_hostname?: string };
}

/** Plays tasks on every host at once; the results by task and host. */
async function play(
  tasks: Readonly<Record<string, string>>,
  addresses: { bucket: string; plugin: string; folder: string },
  more: Readonly<Record<string, string | number>> = {},
): Promise<Map<string, Record<string, Played>>> {
  const { bucket, plugin, folder } = addresses;
  const variables = {
    ansible_connection: 'community.aws.aws_ssm',
    ansible_aws_ssm_bucket_name: 'bucket',
    ansible_aws_ssm_region: 'us-east-1',
    ansible_aws_ssm_plugin: plugin,
    ansible_aws_ssm_s3_addressing_style: 'path',
    ansible_aws_ssm_bucket_endpoint_url: bucket,
    ansible_python_interpreter: '/usr/bin/python3',
    ...more,
  };
  const items = Object.entries(tasks).map(
    ([name, task]) =>
      `    - name: ${name}\n      ${task}\n      ignore_errors: true\n      ignore_unreachable: true\n`,
  );
  writeFileSync(join(folder, 'play.yml'), `- hosts: all\n  gather_facts: false\n  tasks:\n${items.join('')}`);
  const inventory = HOSTS.map(({ name, id }) => `${name} ansible_host=${id}`).join('\n');
  writeFileSync(join(folder, 'hosts'), `${inventory}\n`);
  const { stdout, stderr } = await execa(
    'ansible-playbook',
    ['-i', 'hosts', '-e', JSON.stringify(variables), 'play.yml'],
    {
      cwd: folder,
      reject: false,
      timeout: 300_000,
      env: {
        ...lab.env,
        HOME: folder,
        LC_ALL: 'C.UTF-8',
        PYTHONPATH: join(folder, 'addresses'),
        LAB_SSM: lab.endpoint,
        LAB_S3: bucket,
        ANSIBLE_STDOUT_CALLBACK: 'json',
        ANSIBLE_FORKS: String(NAMES.length),
        ANSIBLE_RETRY_FILES_ENABLED: '0',
      },
    },
  );
  const at = stdout.indexOf('{');
  assert.ok(at >= 0, stdout + stderr);
  const { plays } = JSON.parse(stdout.slice(at)) as {
    plays: { tasks: { task: { name: string }; hosts: Record<string, Played> }[] }[];
  };
  return new Map(plays[0]!.tasks.map(({ task, hosts }) => [task.name, hosts]));
}

test('Ansible reads on kept hosts what it reads on a plain one, and its own timeout ends what hangs', {
  skip,
  timeout: 600_000,
}, async () => {
  const folder = makeFolder();
  mkdirSync(join(folder, 'addresses'));
  writeFileSync(join(folder, 'addresses', 'sitecustomize.py'), ADDRESSES);
  writeFileSync(join(folder, 'script.sh'), `#!/bin/sh\n${LONG}\necho "script-42 $*"\n`);
  const text = Array.from({ length: 2000 }, (_, line) => `line ${line}\n`).join('');
  writeFileSync(join(folder, 'text.txt'), text);
  const addresses = { bucket: await serveBucket(), plugin: await placePlugin(folder), folder };
  for (const name of NAMES) {
    for (const [tool, script] of Object.entries(TOOLS))
      await lab
        .host(name)
        .exec(['/bin/sh', '-c', `cat >/usr/local/bin/${tool}; chmod 755 /usr/local/bin/${tool}`], {
          input: script,
        });
    // bash 5.1's bracketed paste breaks Ansible on a host without us too.
    const settle = 'mkdir -m 1777 /var/bucket; echo set enable-bracketed-paste off >/etc/inputrc';
    await lab.host(name).exec(['/bin/sh', '-c', settle]);
  }

  const results = await play(TASKS, addresses, { ansible_aws_ssm_timeout: 120 });
  const seen = (host: string) =>
    Object.keys(TASKS).map((task) => {
      const { stdout, rc, ping, checksum, unreachable } = results.get(task)?.[host] ?? {
        stdout: 'not there',
      };
      return { task, stdout, rc, ping, checksum, unreachable };
    });
  for (const name of Object.keys(PLAIN)) {
    const outOf = (task: string) => results.get(task)?.[name];
    assert.equal(outOf('ping')?.ping, 'pong', JSON.stringify(outOf('ping')));
    assert.match(outOf('raw')!.stdout, /raw-42\s*$/);
    assert.match(outOf('script')!.stdout, /script-42 one two\s*$/);
    assert.equal(outOf('command')?.stdout, 'command-42');
    assert.ok(outOf('what was copied')!.stdout.replaceAll('\r', '').includes(text.trimEnd()));
    assert.equal(outOf('a status')?.rc, 3);
  }
  for (const [name, { sh }] of Object.entries(KEPT)) {
    assert.deepEqual(seen(name), seen(`plain-${sh}`), name);
    assert.equal(results.get('gather facts')?.[name]?.ansible_facts?.ansible_hostname, name);
  }

  const hanging = await play({ hangs: 'raw: sleep 9999' }, addresses, {
    ansible_aws_ssm_timeout: 8,
    ansible_aws_ssm_retries: 0,
  });
  for (const name of NAMES) {
    const { msg } = hanging.get('hangs')?.[name] ?? {};
    assert.match(String(msg), /exec_command timeout on host/, name);
  }
});
