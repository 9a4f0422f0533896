/** Two readers that write in turns, with leases that count their changes. */
import { scenario } from "smbench";
import { writeInTurns } from "./_bug15148.ts";
import { v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_bug15148" }, async ({ client }) => {
  const alice = await client("alice");
  await writeInTurns(alice, "lease_v2_bug15148", { lease: v2, counted: (epoch) => ({ epoch }) });
});
