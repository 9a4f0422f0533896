/** A replay with the key of another lease is refused. */
import { scenario } from "smbench";
import { LEASE, REPLAY } from "./_replay.ts";
import { upgraded } from "./_upgraded.ts";

export default scenario({ name: "smb2.replay.replay-dhv2-lease3" }, async ({ client }) => {
  const alice = await client("alice");
  const { first, second } = await upgraded(alice, "replay-lease3.dat");
  const lease = { state: "RH", key: "another one", version: 1 } as const;
  await alice.open(first.path, { ...LEASE, ...REPLAY, lease, expect: "ACCESS_DENIED" });
  await second.close();
  await first.delete();
  await first.close();
});
