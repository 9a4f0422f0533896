/** A refused lock has one status: for the first and the next attempts, on either handle, and inside the range too. */
import { scenario } from "smbench";
import { again, exclusive, REFUSED, scratchFile } from "./_lock.ts";

export default scenario({ name: "smb2.lock.errorcode" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-errorcode.dat");
  await using second = await again(alice, first);

  await first.lock([exclusive(100, 10)]);
  for (let attempt = 0; attempt < 4; attempt++) {
    for (const file of [first, second]) await file.lock([exclusive(100, 10)], REFUSED);
  }
  for (const length of [0, 5]) {
    for (const file of [first, second]) await file.lock([exclusive(102, length)], REFUSED);
  }
});
