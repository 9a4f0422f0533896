/** A lease that several opens break one after another is broken step by step, each step acknowledged on its own. */
import { scenario } from "smbench";
import { breakStepByStep } from "./_breaking3.ts";
import { v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.breaking3" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  await breakStepByStep(alice, "lease_breaking3", {
    lease: v1("RWH", "key"),
    opens: [],
    breaks: [],
  });
});
