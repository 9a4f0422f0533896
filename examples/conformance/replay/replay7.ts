/** A request that waits while the ChannelSequence goes once round can be cancelled. */
import { expect, scenario } from "smbench";
import { POSITION } from "./_replay.ts";

export default scenario({ name: "smb2.replay.replay7" }, async ({ client }) => {
  const alice = await client("alice");
  await using directory = await alice.open("replay7", {
    access: "all",
    disposition: "openIf",
    options: ["directory", "deleteOnClose"],
  });
  const watch = directory.changes({ filter: 0x01, channelSequence: 0, expect: "CANCELLED" });
  expect(await watch.pending).toBe(true);
  // Each step is less than half of the range, so that none goes backwards.
  for (const channelSequence of [30000, 60000, 0]) {
    await directory.queryInfo({ ...POSITION, channelSequence });
  }
  watch.cancel();
  await watch;
});
