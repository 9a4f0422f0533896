/** Overlapping locks of one handle, of two, and of two users; closing a handle frees what it locked, and no more. */
import { type File, scenario } from "smbench";
import { again, exclusive, NOT_LOCKED, REFUSED, scratchFile, shared, unlock } from "./_lock.ts";

export default scenario({ name: "smb2.lock.overlap" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using kept = await scratchFile(alice, "lock-overlap.dat");
  const first = await again(alice, kept);
  const second = await again(alice, kept);
  await using theirs = await again(bob, kept);

  let offset = 0;
  for (const other of [first, second, theirs] satisfies File[]) {
    await first.lock([exclusive(offset, 4)]);
    await other.lock([exclusive(offset + 2, 4)], REFUSED);
    await first.lock([shared(offset + 10, 4)]);
    await other.lock([shared(offset + 12, 4)]);
    offset += 20;
  }

  // Two locks do not become one.
  await first.lock([shared(110, 4)]);
  await first.lock([shared(112, 4)]);
  await first.lock([unlock(110, 6)], NOT_LOCKED);
  await second.close();
  await first.close();

  const long = await again(alice, kept);
  await using short = await again(alice, kept);
  await long.lock([shared(0, 8)]);
  await short.lock([shared(0, 1)]);
  await long.close();
  await using last = await again(alice, kept);
  await last.lock([exclusive(7, 1)]);
});
