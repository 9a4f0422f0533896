/** A durable handle outlives the logoff of its session; a new session on the same connection reclaims it. */
import { scenario } from "smbench";
import { done, durableFile, reclaimed } from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.reopen4" }, async ({ client }) => {
  const alice = await client("alice");
  const { connection } = alice;
  const file = await durableFile(alice, "durable-reopen4.dat");
  await alice.session.logoff();
  const session = await connection.login();
  const place = { connection, session, tree: await session.tree() };
  await done(await reclaimed(place, file));
});
