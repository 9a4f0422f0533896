/** A lost handle with a batch oplock does not keep another client from a durable one. */
import { scenario } from "smbench";
import { givesWay } from "./_taken.ts";

export default scenario({ name: "smb2.durable-open.oplock" }, async ({ client }) => {
  await givesWay("durable-oplock.dat", {
    owner: await client("alice"),
    other: await client("bob"),
    lost: { oplock: "batch" },
    next: { oplock: "batch", contexts: ["DHnQ"] },
  });
});
