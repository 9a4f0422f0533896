/** An open for attributes alone, without a lease, does not stand in the way of an exclusive one that is held. */
import { expect, scenario } from "smbench";
import { openAll, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.statopen2" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_statopen2");
  await (await openAll(alice, "lease_statopen2")).close();
  const ask = () =>
    openAll(alice, "lease_statopen2", { access: ["FILE_WRITE_DATA"], lease: v1("RWH", "key") });

  await using first = await ask();
  expect(first.lease).toMatchObject({ state: "RWH" });
  await using _looking = await alice.open("lease_statopen2", {
    access: ["FILE_READ_ATTRIBUTES"],
  });
  await using second = await ask();
  expect(second.lease).toMatchObject({ state: "RWH" });
});
