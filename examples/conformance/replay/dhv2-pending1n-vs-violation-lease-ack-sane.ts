/**
 * A CREATE waits for the share mode of a file whose holder then keeps it: it is refused, and its replays too, until the
 * file is closed.
 */
import { scenario } from "smbench";
import { waitsForShareMode } from "./_pending.ts";

export default scenario(
  { name: "smb2.replay.dhv2-pending1n-vs-violation-lease-ack-sane" },
  async ({ client }) => {
    await waitsForShareMode("replay-violation-ack.dat", {
      holder: await client("alice"),
      waiter: await client("bob"),
      closes: false,
    });
  },
);
