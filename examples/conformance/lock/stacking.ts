/** Shared locks stack on everything of their own handle; exclusive ones on nothing. */
import { scenario } from "smbench";
import { again, exclusive, NOT_LOCKED, REFUSED, scratchFile, shared, unlock } from "./_lock.ts";

export default scenario({ name: "smb2.lock.stacking" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-stacking.dat");
  await using second = await again(alice, first);
  const free = [unlock(0, 10)];

  await first.lock([shared(0, 10)]);
  await first.lock([shared(0, 10)]);
  for (let i = 0; i < 2; i++) await first.lock(free);

  await first.lock([exclusive(0, 10)]);
  await first.lock([shared(0, 10)]);
  await first.lock([shared(0, 10)]);
  await second.lock([shared(0, 10)], REFUSED);
  for (let i = 0; i < 3; i++) await first.lock(free);
  await first.lock(free, NOT_LOCKED);
  await second.lock([shared(0, 10)]);
  await second.lock(free);

  await first.lock([exclusive(0, 10)]);
  await second.lock([shared(0, 10)], REFUSED);
  await first.lock(free);

  for (const held of [shared(0, 10), exclusive(0, 10)]) {
    await first.lock([held]);
    await first.lock([exclusive(0, 10)], REFUSED);
    await first.lock(free);
  }
});
