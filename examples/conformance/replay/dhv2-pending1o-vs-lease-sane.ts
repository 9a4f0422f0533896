/** A CREATE for a batch oplock waits for the break of a lease: its replays are refused, until it is done. */
import { scenario } from "smbench";
import { waitsForHolder } from "./_pending.ts";

export default scenario(
  { name: "smb2.replay.dhv2-pending1o-vs-lease-sane" },
  async ({ client }) => {
    await waitsForHolder("replay-pending-o-lease.dat", {
      holder: await client("alice"),
      waiter: await client("bob"),
      held: "lease",
      wanted: "oplock",
    });
  },
);
