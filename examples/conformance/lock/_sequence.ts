/** What the scenarios on replayed LOCK requests share. */
import type { File } from "smbench";
import { exclusive, NOT_LOCKED, REFUSED, unlock } from "./_lock.ts";

/** LockSequenceIndex, which is valid from 1 to 64, and LockSequenceNumber (MS-SMB2 2.2.26). */
function sequence(index: number, number: number) {
  return { lockSequence: index << 4 | number };
}

/** The server knows a LOCK that it had before by its sequence, and does nothing a second time (MS-SMB2 3.3.5.14). */
export async function knowsReplays(file: File): Promise<void> {
  const take = [exclusive(100, 100)];
  const free = [unlock(100, 100)];

  // No valid index: every request is a new one.
  await file.lock(take, sequence(0, 1));
  await file.lock(take, { ...sequence(0, 1), ...REFUSED });
  await file.lock(free, sequence(0, 1));
  await file.lock(free, { ...sequence(0, 1), ...NOT_LOCKED });

  // The same index and number: whatever it asks for, it succeeds, and the file stays locked.
  await file.lock(take, sequence(1, 1));
  for (const ranges of [take, free, take, free, free]) await file.lock(ranges, sequence(1, 1));
  for (const other of [sequence(1, 2), sequence(2, 1), sequence(65, 1)]) {
    for (let i = 0; i < 2; i++) await file.lock(take, { ...other, ...REFUSED });
  }
  await file.lock(free, sequence(65, 1));
  await file.lock(free, { ...sequence(65, 1), ...NOT_LOCKED });

  // What was refused is not remembered; what was done is, an unlock too.
  await file.lock(take, sequence(65, 1));
  for (let i = 0; i < 2; i++) await file.lock(take, { ...sequence(64, 1), ...REFUSED });
  for (const ranges of [free, free, take]) await file.lock(ranges, sequence(64, 2));
  await file.lock(free, { ...sequence(64, 3), ...NOT_LOCKED });
}
