/** A lock is no obstacle to an open that empties or replaces the file, and outlives it. */
import { scenario } from "smbench";
import { exclusive, scratchFile, unlock } from "./_lock.ts";

export default scenario({ name: "smb2.lock.truncate" }, async ({ client }) => {
  const alice = await client("alice");
  await using file = await scratchFile(alice, "lock-truncate.dat");

  await file.lock([exclusive(0, 10)]);
  for (const disposition of ["overwrite", "supersede"] as const) {
    await using _emptied = await alice.open(file.path, { access: "all", disposition });
  }
  await file.lock([unlock(0, 10)]);
});
