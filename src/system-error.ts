/** Messages for error codes of the system. The code is printed after the message. */
import { wordTable } from './word-table.ts';

const WORDS = wordTable<string>({
  EACCES: 'you may not do that there',
  EADDRINUSE: 'another program listens at that address',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the other side broke the connection off',
  EAI_AGAIN: 'the name service did not answer',
  EDQUOT: 'your share of the disk is full',
  EEXIST: 'it is there already',
  EHOSTUNREACH: 'no way leads to that host',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  ENETUNREACH: 'no way leads to that network',
  ENOENT: 'there is no such file or folder',
  ENOEXEC: 'it is no program for this machine',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is no folder',
  ENOTEMPTY: 'the folder is not empty',
  ENOTFOUND: 'no host has that name',
  EPERM: 'the system does not allow it',
  EPIPE: 'the other side has gone',
  EROFS: 'the disk can only be read',
  ETIMEDOUT: 'the other side did not answer in time',
});

/** `otherwise`: the message for an error that did not come from the system. */
export function describeSystemError(error: unknown, otherwise = (error as Error).message): string {
  const { code = '', path } = error as NodeJS.ErrnoException;
  if (!/^E[A-Z_]+$/.test(code)) return otherwise;
  const words = WORDS[code] ?? 'the system refused';
  return `${words} (${[code, path].filter(Boolean).join(' ')})`;
}
