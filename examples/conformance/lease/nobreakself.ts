/** A write breaks the read caches of all other leases, and never the one of the handle that it goes through. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.nobreakself" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_nobreakself");
  const ask = (key: string) => openAll(alice, "lease_nobreakself", { lease: v1("R", key) });
  await using first = await ask("first");
  await using second = await ask("second");
  expect([first.lease?.state, second.lease?.state]).toEqual(["R", "R"]);

  await first.write(0, "x");
  await broken(second, "R", "");
  const renewed = await ask("second");
  expect(renewed.lease).toMatchObject({ state: "R" });
  await renewed.close();

  await second.write(0, "x");
  await broken(first, "R", "");
  await first.write(0, "x");
  await broken(second, "R", "");
  await quiet(alice, [[first, 1], [second, 2]]);
});
