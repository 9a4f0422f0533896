/** The answer to a replay tells the lease as it is now, and not as it was granted. */
import { expect, scenario } from "smbench";
import { areOne, CREATED, LEASE, REPLAY } from "./_replay.ts";
import { upgraded } from "./_upgraded.ts";

export default scenario({ name: "smb2.replay.replay-dhv2-lease1" }, async ({ client }) => {
  const alice = await client("alice");
  const { first, second } = await upgraded(alice, "replay-lease1.dat");
  const replayed = await alice.open(first.path, { ...LEASE, ...REPLAY });
  expect(replayed).toMatchObject({ action: CREATED, granted: "RWH", durability: "durable2" });
  expect(first.breaks).toHaveLength(0);
  await second.close();
  await areOne(first, replayed);
});
