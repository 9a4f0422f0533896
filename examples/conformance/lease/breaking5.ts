/** A read cache alone is gone with the break; an acknowledgement of it comes to nothing (MS-SMB2 3.3.5.22.2). */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.breaking5" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  await using _file = await scratch(alice, "lease_breaking5");
  await using holder = await openAll(alice, "lease_breaking5", { lease: v1("R", "key") });
  expect(holder.lease).toMatchObject({ state: "R", flags: 0 });

  await using emptied = await openAll(alice, "lease_breaking5", { disposition: "overwrite" });
  expect(emptied).toMatchObject({ action: 3, granted: "none" });
  const event = await broken(holder, "R", "");
  await using beside = await openAll(alice, "lease_breaking5", { lease: v1("", "key") });
  expect(beside.lease).toMatchObject({ state: "", flags: 0 });
  await event.acknowledge({ expect: "UNSUCCESSFUL" });
  await quiet(alice, [[holder, 1]]);
});
