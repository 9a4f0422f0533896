/** Level II goes without a word; who acknowledges nevertheless breaks the protocol (MS-SMB2 3.3.5.22.1). */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.levelii500" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "oplock_levelii500");

  await using holder = await openAll(alice, "oplock_levelii500", {
    access: "rw",
    share: "rw",
    oplock: "II",
  });
  expect(holder.granted).toBe("II");
  await holder.write(0, "x");
  const event = await broken(holder, "none");
  await event.acknowledge({ to: "none", expect: "INVALID_OPLOCK_PROTOCOL" });
  await quiet(alice, [[holder, 1]]);
});
