/** A lost handle with a batch oplock does not keep anybody from opening the file. */
import { scenario } from "smbench";
import { givesWay } from "./_taken.ts";

export default scenario({ name: "smb2.durable-open.open2-oplock" }, async ({ client }) => {
  await givesWay("durable-open2-oplock.dat", {
    owner: await client("alice"),
    other: await client("bob"),
    lost: { oplock: "batch" },
    next: {},
  });
});
