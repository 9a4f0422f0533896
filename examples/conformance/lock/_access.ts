/** How reads and writes fare on a locked range, through the handle that locked it and through another one. */
import type { ExpectedStatus, LockRange, User } from "smbench";
import { again, scratchFile, unlock } from "./_lock.ts";

const HALF = 100;

/** What is expected of one handle. */
interface Expected {
  readonly write: ExpectedStatus;
  readonly read: ExpectedStatus;
}

/** Locks both halves of a file, and reads and writes the second one before and after it is unlocked. */
export async function accessUnder(kind: LockRange["kind"], expected: {
  readonly user: User;
  readonly owner: Expected;
  readonly other: Expected;
}): Promise<void> {
  const { user } = expected;
  await using owner = await scratchFile(user, `lock-rw-${kind}.dat`);
  for (const offset of [0, HALF]) await owner.lock([{ offset, length: HALF, kind }]);
  await using other = await again(user, owner);

  const bytes = new Uint8Array(HALF);
  await owner.write(HALF, bytes, { expect: expected.owner.write });
  await owner.read(HALF, HALF, { expect: expected.owner.read });
  await other.write(HALF, bytes, { expect: expected.other.write });
  await other.read(HALF, HALF, { expect: expected.other.read });

  await owner.lock([unlock(HALF, HALF)]);
  await other.write(HALF, bytes);
  await other.read(HALF, HALF);
}
