/** A waiting lock ends when its user logs off; the handles are gone then. */
import { expect, scenario } from "smbench";
import { again, scratchFile, unlock, waiting } from "./_lock.ts";

export default scenario({ name: "smb2.lock.cancel-logoff" }, async ({ client }) => {
  const alice = await client("alice");
  const first = await scratchFile(alice, "lock-cancel-logoff.dat");
  const second = await again(alice, first);

  await first.lock([waiting(100, 10)]);
  // Which of the two files the server closes first is its own affair: the lock may be granted just before.
  const ended = second.lock([waiting(100, 10)], { expect: ["RANGE_NOT_LOCKED", "SUCCESS"] });
  expect(await ended.pending).toBe(true);
  await alice.session.logoff();
  await ended;
  await first.lock([unlock(100, 10)], { expect: ["USER_SESSION_DELETED", "FILE_CLOSED"] });
});
