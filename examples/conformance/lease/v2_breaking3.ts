/**
 * A version 2 lease that is broken step by step: NewEpoch (MS-SMB2 2.2.23.2) counts up with the first step, and stays
 * while the server asks for more.
 */
import { scenario } from "smbench";
import { breakStepByStep } from "./_breaking3.ts";
import { v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_breaking3" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  await breakStepByStep(alice, "lease_v2_breaking3", {
    lease: v2("RWH", "key", 0x11),
    opens: [{ epoch: 0x12 }, { epoch: 0x13 }, { epoch: 0x13 }],
    breaks: [{ epoch: 0x13 }, { epoch: 0x13 }, { epoch: 0x13 }],
  });
});
