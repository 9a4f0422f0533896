/**
 * A session that takes the place of another one can reclaim its handles, while the other one is still connected. With
 * an oplock it does not matter which client it is.
 */
import { scenario } from "smbench";
import { comeBack, done, durableFile, type Place, reclaim, reclaimed } from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.reopen1a" }, async ({ client }) => {
  const alice = await client("alice");
  let file = await durableFile(alice, "durable-reopen1a.dat");
  let place: Place = alice;
  for (const clientGuid of ["another one", alice.name]) {
    const next = await comeBack(alice, { previous: place.session, clientGuid });
    await reclaim(place, file, { expect: "USER_SESSION_DELETED" });
    file = await reclaimed(next, file);
    place = next;
  }
  await done(file);
});
