/** A watch ends without an answer when the connection is cut. */
import { expect, scenario } from "smbench";
import { directory, NAMES, remember, watching } from "./_notify.ts";

export default scenario({ name: "smb2.notify.tcp" }, async ({ client }) => {
  const alice = await client("alice");
  const watched = await directory(alice, "notify-tcp");
  await remember(watched);

  const { watch } = await watching(watched, { ...NAMES, expect: "none" });
  alice.connection.disconnect();
  expect(await watch).toEqual([]);
  await alice.connection.disconnected();
});
