/**
 * Subtests that do not simply pass, in smbtorture or as a scenario: what both say, and why. The test fails when an entry
 * is missing, superfluous or out of date.
 *
 * @module
 */

import type { Exception } from "./verdicts.ts";

const NO_STREAMS = {
  smbtorture: "fail",
  scenario: "fail",
  says: "the server answered OBJECT_NAME_INVALID, not SUCCESS",
  why: "The share keeps no alternate streams: vfs_streams_xattr is not among the packages.",
} as const;

/** In the order of the suites. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    test: "compound.interim2",
    smbtorture: "fail",
    scenario: "fail",
    says: "the server answered CANCELLED, not INTERNAL_ERROR",
    why: "The suite asks for the answer of Windows 7; Samba has another one.",
  },
  {
    test: "durable-open.delete_on_close2",
    smbtorture: "fail",
    scenario: "fail",
    says: "the server answered OBJECT_NAME_NOT_FOUND, not SUCCESS",
    why: "Samba 4.17 deletes the file when the connection is lost.",
  },
  {
    test: "durable-v2-open.app-instance",
    smbtorture: "fail",
    scenario: "fail",
    says: "Expected value to have length 0",
    why: "Samba 4.17 does not know AppInstanceId: it breaks the oplock.",
  },
  { test: "lease.request", ...NO_STREAMS },
  {
    test: "lease.statopen3",
    smbtorture: "fail",
    scenario: "fail",
    says: "statopen3.ts:",
    why: "Samba 4.17 grants R alone beside an open for attributes alone.",
  },
  {
    test: "lease.unlink",
    smbtorture: "fail",
    scenario: "fail",
    says: "no lease break within 2 s",
    why: "Samba 4.17 breaks no handle cache when another client deletes the file.",
  },
  {
    test: "lease.v2_request",
    smbtorture: "skip",
    scenario: "fail",
    says: "the server leases no directories",
    why: "Samba 4.17 leases no directories. A scenario has no way to skip itself, and should not.",
  },
  {
    test: "lease.v2_request_parent",
    smbtorture: "skip",
    scenario: "fail",
    says: "v2_request_parent.ts:",
    why: "Samba 4.17 leases no directories, and drops the key of the parent's lease.",
  },
  {
    test: "lock.rw-none",
    smbtorture: "skip",
    scenario: "pass",
    why:
      "smbtorture looks at the locks that Windows 2008 grants by mistake, and at no other server.",
  },
  {
    test: "oplock.batch20",
    smbtorture: "fail",
    scenario: "fail",
    says: "the server answered SUCCESS, not SHARING_VIOLATION",
    why: "Samba 4.17 lets another client rename the file while its directory is open for DELETE.",
  },
  { test: "oplock.batch26", ...NO_STREAMS },
  { test: "oplock.stream1", ...NO_STREAMS },
];
