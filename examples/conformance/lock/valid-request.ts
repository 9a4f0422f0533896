/** Which LOCK requests the server takes, and what it says to the others. */
import { scenario } from "smbench";
import { exclusive, INVALID, NOT_LOCKED, scratchFile, shared, unlock } from "./_lock.ts";

const UINT64_MAX = 2n ** 64n - 1n;
const UNLOCK = 0x04;

export default scenario({ name: "smb2.lock.valid-request" }, async ({ client }) => {
  const alice = await client("alice");
  await using file = await scratchFile(alice, "lock-valid-request.dat");
  const none = { offset: 0, length: 0, kind: 0 };

  // No range at all, and a range that is neither lock nor unlock.
  await file.lock([], INVALID);
  await file.lock([none], INVALID);
  await alice.tree.unopened("nobody's").lock([none], { expect: "FILE_CLOSED" });

  // A range beyond the last offset, under whatever lock sequence.
  for (const lockSequence of [0x123ab1, 0x123ab2]) {
    const options = { expect: "INVALID_LOCK_RANGE", lockSequence };
    await file.lock([exclusive(UINT64_MAX, UINT64_MAX)], options);
  }

  // Shared locks stack on the handle's own exclusive one; each takes an unlock of its own.
  const far = [0xffffffff, 0xffffffff] as const;
  await file.lock([exclusive(...far)]);
  await file.lock([{ ...shared(...far), failImmediately: false }]);
  await file.lock([{ ...shared(...far), failImmediately: false }]);
  for (let i = 0; i < 3; i++) await file.lock([unlock(...far)]);
  await file.lock([unlock(...far)], NOT_LOCKED);

  // Flags that are unknown, or exclude each other.
  const byte = { offset: 1, length: 1 };
  await file.lock([{ ...byte, kind: 0xffffffe8 }], INVALID);
  await file.lock([unlock(1, 1)], NOT_LOCKED);
  for (const other of [0x01, 0x02, 0x10]) {
    await file.lock([{ ...byte, kind: UNLOCK | other }], INVALID);
  }

  // Two ranges: the first decides whether the request locks or unlocks.
  const [idle, free] = [{ offset: 9999, length: 1, kind: 0 }, unlock(9999, 1)];
  await file.lock([idle, free], INVALID);
  await file.lock([idle, idle], INVALID);
  await file.lock([free, idle], NOT_LOCKED);
  await file.lock([free], NOT_LOCKED);
  await file.lock([shared(9999, 1)]);
  await file.lock([shared(9999, 1)]);
  await file.lock([free, free]);
  await file.lock([free], NOT_LOCKED);
});
