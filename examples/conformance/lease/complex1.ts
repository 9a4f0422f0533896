/** A lease belongs to the client: it is asked for, raised and broken whatever connection the opens come over. */
import { scenario } from "smbench";
import { leaseOverTwoConnections } from "./_complex1.ts";
import { v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.complex1" }, async ({ client }) => {
  await leaseOverTwoConnections(await client("alice"), "lease_complex1", {
    lease: v1,
    counted: () => ({}),
  });
});
