/** Unlocking names no kind of lock; where both kinds are stacked, the exclusive lock goes first. */
import { scenario } from "smbench";
import {
  again,
  exclusive,
  INVALID,
  REFUSED,
  scratchFile,
  shared,
  unlock,
  waiting,
} from "./_lock.ts";

const SHARED = 0x01;
const EXCLUSIVE = 0x02;
const UNLOCK = 0x04;

export default scenario({ name: "smb2.lock.unlock" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-unlock.dat");
  await using second = await again(alice, first);

  // "Unlock, shared" and "unlock, exclusive" are no requests, and leave the lock in place.
  const range = { offset: 0, length: 10 };
  await first.lock([waiting(0, 10)]);
  await first.lock([{ ...range, kind: SHARED | UNLOCK }], INVALID);
  await second.lock([shared(0, 10)], REFUSED);
  await first.lock([unlock(0, 10)]);

  await first.lock([{ ...range, kind: "shared" }]);
  await first.lock([{ ...range, kind: EXCLUSIVE | UNLOCK }], INVALID);
  await second.lock([exclusive(0, 10)], REFUSED);
  await first.lock([unlock(0, 10)]);

  for (const length of [0, 10]) {
    await first.lock([exclusive(10, length)]);
    await first.lock([shared(10, length)]);
    await second.lock([exclusive(5, 10)], REFUSED);
    await second.lock([shared(5, 10)], REFUSED);

    await first.lock([unlock(10, length)]);
    await second.lock([shared(5, 10)]);
    await second.lock([unlock(5, 10)]);
    await first.lock([unlock(10, length)]);
  }
});
