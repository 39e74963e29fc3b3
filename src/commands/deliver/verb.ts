/** The commands that run a script on instances. */
export type Verb = 'install' | 'uninstall' | 'status';
