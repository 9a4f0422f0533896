/** A session that takes the place of another one can reclaim its handles, while the other one is still connected. */
import { scenario } from "smbench";
import { comeBack, done, durableFile, reclaim, reclaimed } from "./_durable.ts";

export default scenario({ name: "smb2.durable-v2-open.reopen1a" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await durableFile(alice, "durable-v2-reopen1a.dat");
  const next = await comeBack(alice, { previous: alice.session });
  await reclaim(alice, file, { path: "", expect: "USER_SESSION_DELETED" });
  await done(await reclaimed(next, file, { path: "" }));
});
