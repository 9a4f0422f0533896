/** A session has up to 32 channels; one more is refused. */
import { scenario } from "smbench";
import { channel } from "./_channels.ts";

const LIMIT = 32;

export default scenario({ name: "smb2.multichannel.generic.num_channels" }, async ({ client }) => {
  const alice = await client("alice");
  for (let count = 1; count < LIMIT; count++) await channel(alice);
  const connection = await alice.connect();
  await connection.login({ bind: alice.session, expect: "INSUFFICIENT_RESOURCES" });
});
