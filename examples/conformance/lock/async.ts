/** A lock that may wait is pending until the range is free. */
import { expect, scenario } from "smbench";
import { again, scratchFile, unlock, waiting } from "./_lock.ts";

export default scenario({ name: "smb2.lock.async" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-async.dat");
  await using second = await again(alice, first);

  await first.lock([waiting(100, 50)]);
  const granted = second.lock([waiting(100, 50)]);
  expect(await granted.pending).toBe(true);
  await first.lock([unlock(100, 50)]);
  await granted;
});
