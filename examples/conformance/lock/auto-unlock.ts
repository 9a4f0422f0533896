/** Asking again for the range that one has locked is refused, however often, and unlocks nothing. */
import { scenario } from "smbench";
import { exclusive, REFUSED, scratchFile } from "./_lock.ts";

export default scenario({ name: "smb2.lock.auto-unlock" }, async ({ client }) => {
  await using file = await scratchFile(await client("alice"), "lock-auto-unlock.dat");
  await file.lock([exclusive(0, 1)]);
  for (let i = 0; i < 3; i++) await file.lock([exclusive(0, 1)], REFUSED);
});
