/** Nothing can be watched through a share that is disconnected. */
import { expect, scenario } from "smbench";
import { directory, NAMES, remember } from "./_notify.ts";

export default scenario({ name: "smb2.notify.tdis" }, async ({ client }) => {
  const alice = await client("alice");
  const watched = await directory(alice, "notify-tdis");
  await remember(watched);
  await alice.tree.disconnect();
  const changes = watched.changes({ ...NAMES, expect: ["NETWORK_NAME_DELETED", "FILE_CLOSED"] });
  expect(await changes).toEqual([]);
});
