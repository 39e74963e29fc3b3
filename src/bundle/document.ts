import type { Bundle } from './index.ts';
import { wireCommands } from './wire.ts';

/** A Command document, schema 2.2: what the service keeps of a document, as an object. */
export interface CommandDocument {
  readonly schemaVersion: '2.2';
  readonly description: string;
  readonly mainSteps: readonly [
    {
      readonly action: 'aws:runShellScript';
      readonly name: string;
      readonly precondition: { readonly StringEquals: readonly ['platformType', 'Linux'] };
      readonly inputs: { readonly timeoutSeconds: string; readonly runCommand: readonly string[] };
    },
  ];
}

/** A document that installs the bundle with the very lines that `install` gives to AWS-RunShellScript; no parameters. */
export function installDocument({ version, digest, installer }: Bundle): CommandDocument {
  return {
    schemaVersion: '2.2',
    description: `ssm-keepalive ${version}: installs bundle ${digest}; again changes nothing`,
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'install',
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: { timeoutSeconds: '600', runCommand: wireCommands('install', installer) },
      },
    ],
  };
}
