/** A handle outlives its connection, and is reclaimed by the session that takes the place of its own. */
import { scenario } from "smbench";
import { comeBack, done, durableFile, lose, reclaimed } from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.reopen2a" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await durableFile(alice, "durable-reopen2a.dat");
  await lose(alice);
  const place = await comeBack(alice, { previous: alice.session });
  await done(await reclaimed(place, file));
});
