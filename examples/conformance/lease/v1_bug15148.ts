/** Two readers that write in turns: each write breaks the other's read cache once, and none breaks its own. */
import { scenario } from "smbench";
import { writeInTurns } from "./_bug15148.ts";
import { v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v1_bug15148" }, async ({ client }) => {
  const alice = await client("alice");
  await writeInTurns(alice, "lease_v1_bug15148", { lease: v1, counted: () => ({}) });
});
