/** A rename that breaks another lease's handle cache happens after the acknowledgement, not before. */
import { expect, scenario } from "smbench";
import { broken, openAll, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.rename_wait" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  await using _before = await scratch(alice, "lease_rename_wait_a");
  await using _after = await scratch(alice, "lease_rename_wait_b");
  const READ = { access: "r", disposition: "open" } as const;
  await using first = await openAll(alice, "lease_rename_wait_a", { lease: v1("RH", "first") });
  await using second = await openAll(alice, "lease_rename_wait_a", {
    ...READ,
    lease: v1("RH", "second"),
  });
  expect([first.lease?.state, second.lease?.state]).toEqual(["RH", "RH"]);

  const renaming = first.rename("lease_rename_wait_b", { replace: true });
  const event = await broken(second, "RH", "R");
  const target = { ...READ, lease: v1("RH", "third") };
  for (let i = 0; i < 4; i++) {
    await openAll(alice, "lease_rename_wait_b", { ...target, expect: "OBJECT_NAME_NOT_FOUND" });
  }
  await event.acknowledge();
  await renaming;
  await using _there = await openAll(alice, "lease_rename_wait_b", target);
});
