/** What began with an oplock cannot be replayed with a lease. */
import { scenario } from "smbench";
import { BATCH, created, LEASE, REPLAY } from "./_replay.ts";

export default scenario({ name: "smb2.replay.replay-dhv2-oplock-lease" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await created(alice, "replay-oplock-lease.dat", BATCH);
  await alice.open(file.path, { ...LEASE, ...REPLAY, expect: "ACCESS_DENIED" });
  await file.delete();
  await file.close();
});
