/** A CREATE for a lease waits for the break of a batch oplock: its replays are refused, until it is done. */
import { scenario } from "smbench";
import { waitsForHolder } from "./_pending.ts";

export default scenario(
  { name: "smb2.replay.dhv2-pending1l-vs-oplock-sane" },
  async ({ client }) => {
    await waitsForHolder("replay-pending-l-oplock.dat", {
      holder: await client("alice"),
      waiter: await client("bob"),
      held: "oplock",
      wanted: "lease",
    });
  },
);
