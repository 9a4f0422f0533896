/** The epoch of a version 2 lease counts its changes, whatever connection the opens come over. */
import { scenario } from "smbench";
import { leaseOverTwoConnections } from "./_complex1.ts";
import { v2 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_complex1" }, async ({ client }) => {
  await leaseOverTwoConnections(await client("alice"), "lease_v2_complex1", {
    lease: v2,
    counted: (epoch) => ({ epoch }),
  });
});
