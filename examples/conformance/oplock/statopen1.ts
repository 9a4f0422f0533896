/** Which access is attributes alone, so that an open for nothing else breaks no oplock: bit by bit. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.statopen1" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "oplock_statopen1");

  const breaking = [
    "FILE_READ_DATA",
    "FILE_WRITE_DATA",
    "FILE_READ_EA",
    "FILE_WRITE_EA",
    "FILE_EXECUTE",
    "DELETE",
    "READ_CONTROL",
    "WRITE_DAC",
    "WRITE_OWNER",
  ];
  for (
    const access of [...breaking, "FILE_READ_ATTRIBUTES", "FILE_WRITE_ATTRIBUTES", "SYNCHRONIZE"]
  ) {
    await using holder = await openAll(alice, "oplock_statopen1", { oplock: "batch" });
    expect(holder.granted).toBe("batch");
    await using _other = await alice.open("oplock_statopen1", { access: [access] });
    if (breaking.includes(access)) await broken(holder, "II");
    await quiet(alice, [[holder, breaking.includes(access) ? 1 : 0]]);
  }
});
