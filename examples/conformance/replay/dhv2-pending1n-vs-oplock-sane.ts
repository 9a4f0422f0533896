/** A CREATE without oplock or lease waits for the break of a batch oplock: its replays are refused till then. */
import { scenario } from "smbench";
import { waitsForHolder } from "./_pending.ts";

export default scenario(
  { name: "smb2.replay.dhv2-pending1n-vs-oplock-sane" },
  async ({ client }) => {
    await waitsForHolder("replay-pending-n-oplock.dat", {
      holder: await client("alice"),
      waiter: await client("bob"),
      held: "oplock",
      wanted: "none",
    });
  },
);
