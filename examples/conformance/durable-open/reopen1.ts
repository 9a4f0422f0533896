/** A handle that is still connected cannot be reclaimed. */
import { scenario } from "smbench";
import { done, durableFile, NOT_FOUND, reclaim } from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.reopen1" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await durableFile(alice, "durable-reopen1.dat");
  await reclaim(alice, file, NOT_FOUND);
  await done(file);
});
