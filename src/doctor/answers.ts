/** Answers to frequent suspicions about lost sessions; the same for every account. */
export interface Answer {
  readonly question: string;
  readonly answer: string;
  /**
   * The kind of evidence: the service's documentation, public source code, reports of users, or a conclusion
   * from these.
   */
  readonly basis: 'documented' | 'sources' | 'reported' | 'inferred';
}

export const ANSWERS: readonly Answer[] = [
  {
    question: 'Several accounts in one browser?',
    answer:
      'No. A session is a connection of its own with a token of its own; other sign-ins share neither. But a page that is signed out cannot resume its session at the hourly recycle.',
    basis: 'inferred',
  },
  {
    question: 'The console or the CLI?',
    answer: 'No difference: the service runs the timer, by the same document for both.',
    basis: 'documented',
  },
  {
    question: 'Several sessions at once?',
    answer:
      'No. Each has its own timer; typing in one keeps none of the others, and does not end them either.',
    basis: 'inferred',
  },
  {
    question: 'A command that prints all the time?',
    answer:
      'Do not count on it: the timer is documented to restart on the client’s input. Measure it:  ssm-keepalive measure INSTANCE',
    basis: 'documented',
  },
];

export const ENDINGS: readonly Answer[] = [
  {
    question: 'Idle timeout',
    answer: 'no input for 20 min, or what the session document says (1 to 60)',
    basis: 'documented',
  },
  {
    question: 'Maximum duration',
    answer: 'maxSessionDuration of the document, whatever happens in the session',
    basis: 'documented',
  },
  {
    question: 'Credentials',
    answer:
      'that have ended when the service closes the connection, about every hour: ResumeSession is refused',
    basis: 'reported',
  },
  {
    question: 'A cut line',
    answer:
      'sleep, another network, a proxy or VPN that closes what is quiet for 60 s: the client loses the session, the session itself goes on until its idle timeout',
    basis: 'reported',
  },
  {
    question: 'The shell',
    answer: 'exit, TMOUT, a kill; or an instance that stops',
    basis: 'sources',
  },
  {
    question: 'Somebody',
    answer: 'TerminateSession, by a person or a script',
    basis: 'documented',
  },
];
