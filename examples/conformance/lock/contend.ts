/** An exclusive lock keeps another handle's shared lock away. */
import { scenario } from "smbench";
import { again, exclusive, REFUSED, scratchFile, shared, unlock } from "./_lock.ts";

export default scenario({ name: "smb2.lock.contend" }, async ({ client }) => {
  const alice = await client("alice");
  await using first = await scratchFile(alice, "lock-contend.dat");
  await using second = await again(alice, first);

  await first.lock([exclusive(0, 10)]);
  await second.lock([shared(0, 10)], REFUSED);
  await first.lock([unlock(0, 10)]);
});
