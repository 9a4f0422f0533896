/** Locks of two handles, side by side, all over the 64 bits of the offset. */
import { scenario } from "smbench";
import { z } from "zod";
import { again, exclusive, REFUSED, scratchFile, unlock } from "./_lock.ts";

const params = z.object({
  locks: z.number().int().min(1).default(10).describe("locks of each handle"),
});

export default scenario({ name: "smb2.lock.range", params }, async ({ client, params }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-range.dat");
  await using second = await again(alice, first);
  const step = (2n ** 64n - 1n) / BigInt(params.locks);
  const ends = Array.from({ length: params.locks }, (_, i) => step * BigInt(i + 1));

  for (const end of ends) {
    await first.lock([exclusive(end - 1n, 1)]);
    await second.lock([exclusive(end - 2n, 1)]);
  }
  for (const end of ends) {
    for (const file of [first, second]) {
      for (const before of [1n, 2n]) await file.lock([exclusive(end - before, 1)], REFUSED);
    }
  }
  for (const end of ends) {
    await first.lock([unlock(end - 1n, 1)]);
    await second.lock([unlock(end - 2n, 1)]);
  }
});
