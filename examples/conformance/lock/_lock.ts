/** What the scenarios on byte-range locks share: ranges in one word, and a file that is gone afterwards. */
import type { File, LockRange, User } from "smbench";

type Offset = number | bigint;

/** An exclusive lock, now or never. */
export function exclusive(offset: Offset, length: Offset): LockRange {
  return { offset, length, kind: "exclusive", failImmediately: true };
}

/** An exclusive lock that is waited for. */
export function waiting(offset: Offset, length: Offset): LockRange {
  return { offset, length, kind: "exclusive" };
}

/** A shared lock, now or never. */
export function shared(offset: Offset, length: Offset): LockRange {
  return { offset, length, kind: "shared", failImmediately: true };
}

export function unlock(offset: Offset, length: Offset): LockRange {
  return { offset, length, kind: "unlock" };
}

/** What the server says to a lock that another one is in the way of. */
export const REFUSED = { expect: "LOCK_NOT_GRANTED" } as const;

/** What the server says to an unlock of what is not locked. */
export const NOT_LOCKED = { expect: "RANGE_NOT_LOCKED" } as const;

export const INVALID = { expect: "INVALID_PARAMETER" } as const;

/** A file of 200 bytes for this scenario alone; the server deletes it when it is closed. */
export async function scratchFile(user: User, name: string): Promise<File> {
  const file = await user.open(name, {
    access: "all",
    disposition: "overwriteIf",
    options: ["deleteOnClose"],
  });
  await file.write(0, new Uint8Array(200));
  return file;
}

/** One more open of that file. */
export async function again(user: User, file: File): Promise<File> {
  return await user.open(file.path, { access: "all" });
}
