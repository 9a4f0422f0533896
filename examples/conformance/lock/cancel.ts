/** A waiting lock ends by CANCEL and by the close of its handle; an unlock of the range does not touch it. */
import { expect, scenario } from "smbench";
import { again, NOT_LOCKED, scratchFile, unlock, waiting } from "./_lock.ts";

export default scenario({ name: "smb2.lock.cancel" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-cancel.dat");
  await using second = await again(alice, first);
  const held = unlock(100, 10);

  for (const unlockBefore of [false, true]) {
    await first.lock([waiting(100, 10)]);
    const cancelled = second.lock([waiting(100, 10)], { expect: "CANCELLED" });
    expect(await cancelled.pending).toBe(true);
    if (unlockBefore) await second.lock([held], NOT_LOCKED);
    cancelled.cancel();
    await cancelled;
    await first.lock([held]);
  }

  await first.lock([waiting(100, 10)]);
  const ended = second.lock([waiting(100, 10)], NOT_LOCKED);
  expect(await ended.pending).toBe(true);
  await second.close();
  await ended;
  await first.lock([held]);
});
