/** A lost handle with a lease does not keep anybody from opening the file. */
import { scenario } from "smbench";
import { givesWay } from "./_taken.ts";

export default scenario({ name: "smb2.durable-open.open2-lease" }, async ({ client }) => {
  await givesWay("durable-open2-lease.dat", {
    owner: await client("alice"),
    other: await client("bob"),
    lost: { lease: { state: "RH", key: "kept", version: 1 }, share: "" },
    next: {},
  });
});
