/** A lock belongs to its handle: the process that the header names (MS-SMB2 2.2.1.2, Reserved) does not matter. */
import { scenario } from "smbench";
import { exclusive, NOT_LOCKED, scratchFile, unlock } from "./_lock.ts";

export default scenario({ name: "smb2.lock.context" }, async ({ client }) => {
  await using file = await scratchFile(await client("alice"), "lock-context.dat");
  const otherProcess = { raw: { header: { reserved: 0xfeff + 1 } } };

  await file.lock([exclusive(0, 10)]);
  await file.lock([unlock(0, 10)], otherProcess);
  await file.lock([unlock(0, 10)], NOT_LOCKED);
});
