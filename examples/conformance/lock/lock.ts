/** Exclusive locks all over the range of offsets keep another handle away, and can be taken back once. */
import { scenario } from "smbench";
import { again, exclusive, NOT_LOCKED, REFUSED, scratchFile, unlock } from "./_lock.ts";

const LAST = 2n ** 64n - 1n;

export default scenario({ name: "smb2.lock.lock" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-lock.dat");
  await using second = await again(alice, first);

  // Locks of no bytes are in nobody's way.
  await first.lock([exclusive(0, 0)]);
  await second.lock([exclusive(0, 0)]);
  await first.lock([unlock(0, 0)]);

  const ranges: [bigint, bigint][] = [
    [0n, 1n],
    [0xeeffffffn, 4000n],
    [0xef000000n, 4000n],
    [2n ** 63n - 1n, 1n],
    [2n ** 63n, 1n],
    [LAST, 1n],
  ];
  for (const range of ranges) {
    await first.lock([exclusive(...range)]);
    await second.lock([exclusive(...range)], REFUSED);
    await first.lock([unlock(...range)]);
    await first.lock([unlock(...range)], NOT_LOCKED);
  }

  await first.lock([exclusive(LAST, 0)]);
  await second.lock([exclusive(LAST, 0)]);
  await second.lock([unlock(LAST, 0)]);
  await first.lock([unlock(LAST, 0)]);
  await first.lock([unlock(LAST, 0)], NOT_LOCKED);
  await first.lock([exclusive(LAST, 2)], { expect: "INVALID_LOCK_RANGE" });

  // Only the handle that locked can unlock.
  await first.lock([exclusive(10001, 40002)]);
  await second.lock([unlock(10001, 40002)], NOT_LOCKED);
  await first.lock([unlock(10001, 40002)]);
});
