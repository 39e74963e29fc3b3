// Documents of the type InteractiveCommands on the lab: the agent runs `sh -c COMMAND` on a terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateDocumentCommand, StartSessionCommand } from '@aws-sdk/client-ssm';
import { startSession as openForUser } from '../../src/fleet/sessions.ts';
import { makeClient, sandboxMissing, until } from '../lab/test-lab.ts';
import { startSession } from './dialogue.ts';
import { useKeptLab } from './kept-host.ts';

const skip = sandboxMissing();
const ID = 'i-0fffffffffffffff1';
const NAME = 'AWS-StartInteractiveCommand';
const IDLE_SECONDS = 3;

const MENU = {
  schemaVersion: '1.0',
  sessionType: 'InteractiveCommands',
  properties: {
    linux: { commands: 'echo "ENV=${ENV-unset} $PWD"; read -r line; echo "got $line"; read -r line' },
  },
};

test('interactive commands: one without a shell of its own has no keeper, `bash -l` is kept, a wrong request is refused', {
  skip,
}, async () => {
  const lab = await useKeptLab([{ spec: { name: 'one', id: ID, tags: {} }, settings: {} }], {
    idleSeconds: IDLE_SECONDS,
    shellProfile: 'echo typed',
  });
  const client = makeClient(lab);
  const Content = JSON.stringify(MENU);
  await client.send(new CreateDocumentCommand({ Name: 'our-menu', DocumentType: 'Session', Content }));

  const menu = await startSession(client, ID, { terminal: 'answers' }, 'our-menu');
  await menu.wait(/ENV=\/usr\/local\/lib\/ssm-keepalive\/entry\.sh \/usr\/bin\r/);
  await menu.say('x\r', /got x\r/);
  // The kernel may drop what the first program of a terminal says right before its end.
  menu.session.write('\r');
  await until('its end', () => menu.session.ended !== undefined);
  assert.doesNotMatch(menu.printed(), /typed|\x1b\[5n/);

  const shell = await startSession(client, ID, { terminal: 'answers' }, NAME, { command: ['bash -l'] });
  await until('heartbeats over two timeouts', () => shell.session.stats.answersSent > 2 * IDLE_SECONDS);
  assert.equal(await shell.ask('echo "${ENV-unset}"'), 'unset');
  assert.doesNotMatch(shell.printed(), /typed/);
  shell.session.close();

  const wrong: [Record<string, string[]> | undefined, RegExp][] = [
    [undefined, /command is required/],
    [{ command: ['true'], other: ['x'] }, /other is not defined/],
  ];
  for (const [Parameters, message] of wrong)
    await assert.rejects(
      client.send(new StartSessionCommand({ Target: ID, DocumentName: NAME, Parameters })),
      { name: 'InvalidParameters', message },
    );
  await assert.rejects(openForUser(client, { instanceId: ID, documentName: NAME }), {
    why: `${NAME} needs parameters, and this command passes none`,
    next: `aws ssm start-session --target ${ID} --document-name ${NAME} --parameters NAME=VALUE`,
  });
  for (const properties of [undefined, {}, { linux: { commands: 1 } }])
    await assert.rejects(
      client.send(
        new CreateDocumentCommand({
          Name: 'no-command',
          DocumentType: 'Session',
          Content: JSON.stringify({ ...MENU, properties }),
        }),
      ),
      { name: 'InvalidDocumentContent' },
    );
});
