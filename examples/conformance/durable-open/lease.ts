/** A lost handle with a lease does not keep another client from a durable one. */
import { scenario } from "smbench";
import { givesWay } from "./_taken.ts";

export default scenario({ name: "smb2.durable-open.lease" }, async ({ client }) => {
  await givesWay("durable-lease.dat", {
    owner: await client("alice"),
    other: await client("bob"),
    lost: { lease: { state: "RWH", key: "kept", version: 1 } },
    next: { lease: "RWH", contexts: ["DHnQ"] },
  });
});
