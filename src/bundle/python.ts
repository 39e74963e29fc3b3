/** Interpreters for the relay, in order of preference. Absolute paths, because the user controls PATH. */
export const INTERPRETERS = [
  '/usr/bin/python3',
  '/usr/libexec/platform-python',
  '/usr/bin/python2.7',
  '/usr/bin/python',
] as const;

/**
 * The first statements of every Python program on an instance: they set sys.path before any import. Relative entries go
 * (2.7 with -c adds the working directory), and the folder in the first argument comes last. The matching flags are in
 * templates/host/python-flags.sh.ejs.
 */
export const PYTHON_SEARCH =
  'import sys; sys.path[:] = [p for p in sys.path if p[:1] == "/"] + sys.argv[1:2]; del sys.argv[1:2]';

/** Programs for `python -c`, by purpose. The first argument is the version's folder; their own arguments follow. */
export const PYTHON_PROGRAMS = {
  relay: `${PYTHON_SEARCH}; import relay; relay.main(sys.argv[1:])`,
  selftest: `${PYTHON_SEARCH}; import selftest; selftest.main()`,
  modules: `${PYTHON_SEARCH}; import errno, fcntl, os, select, struct, termios, time`,
} as const;
