/** An open for attributes alone, without a lease, does not stand in the way of an exclusive one that comes after it. */
import { expect, scenario } from "smbench";
import { openAll, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.statopen3" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_statopen3");
  await (await openAll(alice, "lease_statopen3")).close();
  await using _looking = await alice.open("lease_statopen3", {
    access: ["FILE_READ_ATTRIBUTES"],
  });
  await using writing = await openAll(alice, "lease_statopen3", {
    access: ["FILE_WRITE_DATA"],
    lease: v1("RWH", "key"),
  });
  expect(writing.lease).toMatchObject({ state: "RWH" });
});
