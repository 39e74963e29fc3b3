import type { Format } from '../../bundle/index.ts';
import { refuse, UsageError } from '../../errors.ts';
import { type Reader, requireValid } from '../../settings/readers.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import type { Invocation } from '../command.ts';
import { readOwnFlag } from '../own-flag.ts';

/** @throws UsageError for flags that do not fit the text or each other. */
export function refuseCombinations(
  what: string | undefined,
  format: Format | undefined,
  own: Invocation['own'],
): void {
  if (
    own['comments'] === true &&
    (own['out'] !== undefined || format || what === undefined || what.endsWith('-command'))
  ) {
    throw new UsageError({
      what: '--comments is for reading one file',
      why: 'nothing is sent or installed with comments, so the sums would be of other bytes',
      next: 'run  ssm-keepalive render installer --comments',
    });
  }
  if (own['out'] !== undefined && what !== undefined) {
    throw new UsageError({
      what: `--out writes the tree of an image, not ${JSON.stringify(what)}`,
      why: 'one text is printed, and goes where its output goes',
      next: quoteCommand`run  ssm-keepalive render ${what} > FILE`,
    });
  }
  refuse(own['url'] !== undefined && (format?.usesUrl ?? 'never') === 'never', {
    what: `--url has no use ${what === undefined ? 'without a name' : `with ${JSON.stringify(what)}`}`,
    why: 'only user-data and cloud-init can fetch the installer from somewhere',
    next: quoteCommand`run  ssm-keepalive render cloud-init --url ${String(own['url'])}`,
  });
  if (format?.usesUrl === 'must' && own['url'] === undefined) {
    throw new UsageError({
      what: `${format.name} needs --url`,
      why: 'EC2 takes 16 KB of user data, which no installer fits in: it has to be fetched',
      next: quoteCommand`put the output of  ssm-keepalive render installer  where instances reach it, then run  ssm-keepalive render ${format.name} --url s3://BUCKET/installer.sh`,
    });
  }
}

const ADDRESS: Reader<string> = {
  expected: 'an address that starts with https://, http:// or s3://',
  read: (text) => requireValid(text, /^(https?|s3):\/\/[!-~]+$/.test(text) && URL.canParse(text)),
};

/** @throws UsageError */
export const readUrl = (own: Invocation['own']) =>
  readOwnFlag(own, 'url', ADDRESS, 's3://BUCKET/installer.sh');
