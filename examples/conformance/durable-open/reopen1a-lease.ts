/** A handle with a lease belongs to its client: another one cannot reclaim it, not even in the place of its session. */
import { scenario } from "smbench";
import { comeBack, done, durableFile, NOT_FOUND, reclaim, reclaimed } from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.reopen1a-lease" }, async ({ client }) => {
  const alice = await client("alice");
  const lease = { state: "RWH", key: "kept", version: 1 } as const;
  const file = await durableFile(alice, "durable-reopen1a-lease.dat", { lease });
  const { session: previous } = alice;

  const other = await comeBack(alice, { previous, clientGuid: "another one" });
  await reclaim(alice, file, { lease, expect: "USER_SESSION_DELETED" });
  await reclaim(other, file, { lease, ...NOT_FOUND });

  const same = await comeBack(alice, { previous });
  await reclaim(other, file, { lease, ...NOT_FOUND });
  await done(await reclaimed(same, file, { lease }));
});
