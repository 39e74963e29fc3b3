/** Where a relay's interpreter may be, the one to prefer first. By absolute path, since PATH is the user's. */
export const INTERPRETERS = [
  '/usr/bin/python3',
  '/usr/libexec/platform-python',
  '/usr/bin/python2.7',
  '/usr/bin/python',
] as const;

/**
 * The first statements of every Python program on an instance: nothing is imported before it is settled where modules come
 * from. What Python itself puts in front goes (2.7 with -c: the working directory), and the folder in the first argument
 * comes last. The flags that go with them are in templates/host/python-flags.sh.ejs.
 */
export const PYTHON_SEARCH =
  'import sys; sys.path[:] = [p for p in sys.path if p[:1] == "/"] + sys.argv[1:2]; del sys.argv[1:2]';

/** Text for `-c`, by purpose; the first argument is the version's folder, and the program's own follow. */
export const PYTHON_PROGRAMS = {
  relay: `${PYTHON_SEARCH}; import relay; relay.main(sys.argv[1:])`,
  selftest: `${PYTHON_SEARCH}; import selftest; selftest.main()`,
  modules: `${PYTHON_SEARCH}; import errno, fcntl, os, select, struct, termios, time`,
  compile: `${PYTHON_SEARCH}; import py_compile; py_compile.compile(sys.argv[1])`,
} as const;
