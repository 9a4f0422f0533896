/** A waiting lock ends when the share is disconnected; the handles are gone then. */
import { expect, scenario } from "smbench";
import { again, scratchFile, unlock, waiting } from "./_lock.ts";

export default scenario({ name: "smb2.lock.cancel-tdis" }, async ({ client }) => {
  const alice = await client("alice");
  const first = await scratchFile(alice, "lock-cancel-tdis.dat");
  const second = await again(alice, first);

  await first.lock([waiting(100, 10)]);
  // Which of the two files the server closes first is its own affair: the lock may be granted just before.
  const ended = second.lock([waiting(100, 10)], { expect: ["RANGE_NOT_LOCKED", "SUCCESS"] });
  expect(await ended.pending).toBe(true);
  await alice.tree.disconnect();
  await ended;
  await first.lock([unlock(100, 10)], { expect: ["NETWORK_NAME_DELETED", "FILE_CLOSED"] });
});
