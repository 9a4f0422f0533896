/** A lock that is neither shared nor exclusive is refused, and is in nobody's way. */
import { scenario } from "smbench";
import { again, INVALID, scratchFile } from "./_lock.ts";

export default scenario({ name: "smb2.lock.rw-none" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-rw-none.dat");
  await using second = await again(alice, first);
  for (const offset of [0, 100]) await first.lock([{ offset, length: 100, kind: 0 }], INVALID);
  for (const file of [first, second]) {
    await file.write(100, new Uint8Array(100));
    await file.read(100, 100);
  }
});
