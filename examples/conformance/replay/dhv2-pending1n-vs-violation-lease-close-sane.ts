/** A CREATE waits for the share mode of a file whose holder then closes it: then it succeeds, and its replays too. */
import { scenario } from "smbench";
import { waitsForShareMode } from "./_pending.ts";

export default scenario(
  { name: "smb2.replay.dhv2-pending1n-vs-violation-lease-close-sane" },
  async ({ client }) => {
    await waitsForShareMode("replay-violation-close.dat", {
      holder: await client("alice"),
      waiter: await client("bob"),
      closes: true,
    });
  },
);
