/** An open for attributes alone holds a lease like any other, and a later lease of another key breaks it. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.statopen" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_statopen");
  const ask = (state: string, key: string) =>
    openAll(alice, "lease_statopen", { lease: v1(state, key) });
  const creating = await ask("RWH", "first");
  expect(creating.lease).toMatchObject({ state: "RWH" });
  await creating.close();

  await using looking = await openAll(alice, "lease_statopen", {
    access: ["FILE_READ_ATTRIBUTES"],
    share: "",
    lease: v1("RWH", "first"),
  });
  expect(looking.lease).toMatchObject({ state: "RWH" });
  const reading = await ask("", "first");
  expect(reading.lease).toMatchObject({ state: "RWH" });
  await quiet(alice, [[looking, 0]]);
  await reading.close();

  await using other = await ask("RWH", "second");
  expect(other.lease).toMatchObject({ state: "RH" });
  await broken(looking, "RWH", "RH");
  await quiet(alice, [[looking, 1]]);
});
