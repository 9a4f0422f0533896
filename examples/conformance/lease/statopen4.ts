/** Which access is attributes alone, so that an open for nothing else breaks no lease: bit by bit. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

const HARMLESS = ["FILE_READ_ATTRIBUTES", "FILE_WRITE_ATTRIBUTES", "READ_CONTROL", "SYNCHRONIZE"];
const BREAKING = [
  "FILE_READ_DATA",
  "FILE_WRITE_DATA",
  "FILE_READ_EA",
  "FILE_WRITE_EA",
  "FILE_EXECUTE",
  "DELETE",
  "WRITE_DAC",
  "WRITE_OWNER",
];

export default scenario({ name: "smb2.lease.statopen4" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_statopen4");
  const ask = () => openAll(alice, "lease_statopen4", { lease: v1("RWH", "key") });
  for (const access of [...HARMLESS, ...BREAKING]) {
    await using holder = await ask();
    expect(holder.lease).toMatchObject({ state: "RWH" });
    await using _other = await alice.open("lease_statopen4", { access: [access] });
    if (BREAKING.includes(access)) {
      await broken(holder, "RWH", "RH");
      continue;
    }
    await quiet(alice, [[holder, 0]]);
    await using again = await ask();
    expect(again.lease).toMatchObject({ state: "RWH" });
  }
});
