/** A kernel filter for system calls that a host may not make: root needs no capability for some of them. */

/** `struct sock_filter` [linux/filter.h]. */
type Step = readonly [code: number, whenTrue: number, whenFalse: number, value: number];

const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;
const ALLOW: Step = [RETURN, 0, 0, 0x7fff_0000];
const REFUSE: Step = [RETURN, 0, 0, 0x0005_0001];
/** ENOSYS: the C library then uses `clone`, whose flags a filter can read. */
const UNKNOWN: Step = [RETURN, 0, 0, 0x0005_0026];
const NEW_USER_NAMESPACE = 0x1000_0000;

/** Call numbers by machine [linux/audit.h, asm/unistd.h]. */
const MACHINES = {
  x64: {
    audit: 0xc000_003e,
    clone: 56,
    clone3: 435,
    unshare: 272,
    // add_key, request_key, keyctl, bpf, init_module, finit_module, delete_module, kexec_load, kexec_file_load, perf_event_open,
    // userfaultfd, open_by_handle_at, setns, io_uring_setup, syslog, mount, umount2, pivot_root, the newer mount calls
    refused: [
      248, 249, 250, 321, 175, 313, 176, 246, 320, 298, 323, 304, 308, 425, 103, 165, 166, 155, 428, 429, 430,
      431, 432, 433, 442,
    ],
  },
  arm64: {
    audit: 0xc000_00b7,
    clone: 220,
    clone3: 435,
    unshare: 97,
    refused: [
      217, 218, 219, 280, 105, 273, 106, 104, 294, 241, 282, 265, 268, 425, 116, 40, 39, 41, 428, 429, 430,
      431, 432, 433, 442,
    ],
  },
} as const;

/** Refuses nothing on an unknown machine. */
export function seccompFilter(machine: string = process.arch): Buffer {
  const numbers = MACHINES[machine as keyof typeof MACHINES];
  if (numbers === undefined) return encode([ALLOW]);
  const { audit, clone, clone3, unshare, refused } = numbers;
  const steps: Step[] = [
    [LOAD, 0, 0, 4],
    [IF_EQUAL, 1, 0, audit],
    // Other machines have other call numbers.
    REFUSE,
    [LOAD, 0, 0, 0],
    // x32 calls have this bit, and other numbers.
    [IF_ANY_BIT, 0, 1, 0x4000_0000],
    REFUSE,
    [IF_EQUAL, 0, 1, clone3],
    UNKNOWN,
    ...refused.flatMap((number): Step[] => [[IF_EQUAL, 0, 1, number], REFUSE]),
    [IF_EQUAL, 1, 0, clone],
    [IF_EQUAL, 0, 3, unshare],
    [LOAD, 0, 0, 16],
    [IF_ANY_BIT, 0, 1, NEW_USER_NAMESPACE],
    REFUSE,
    ALLOW,
  ];
  return encode(steps);
}

function encode(steps: readonly Step[]): Buffer {
  const bytes = Buffer.alloc(steps.length * 8);
  for (const [at, [code, whenTrue, whenFalse, value]] of steps.entries()) {
    bytes.writeUInt16LE(code, at * 8);
    bytes.writeUInt8(whenTrue, at * 8 + 2);
    bytes.writeUInt8(whenFalse, at * 8 + 3);
    bytes.writeUInt32LE(value, at * 8 + 4);
  }
  return bytes;
}
