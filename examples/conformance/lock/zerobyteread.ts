/** Reading no bytes is allowed everywhere, whatever another handle has locked. */
import { expect, scenario } from "smbench";
import { again, exclusive, scratchFile, unlock } from "./_lock.ts";

export default scenario({ name: "smb2.lock.zerobyteread" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-zerobyteread.dat");
  await using second = await again(alice, first);

  await first.lock([exclusive(0, 10)]);
  expect(await second.read(5, 0)).toHaveLength(0);
  await first.lock([unlock(0, 10)]);

  await first.lock([exclusive(5, 0)]);
  for (const offset of [4, 5, 6]) expect(await second.read(offset, 0)).toHaveLength(0);
  await first.lock([unlock(5, 0)]);
});
