/** A watch is about what is in the directory: changes of the directory itself are not reported. */
import { expect, scenario } from "smbench";
import { ATTRIBUTES, directory, hide, only, watching } from "./_notify.ts";

export default scenario({ name: "smb2.notify.basedir" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  await using watched = await directory(alice, "notify-basedir");
  await using _within = await bob.open("notify-basedir/tname1", {
    access: "all",
    disposition: "openIf",
    options: ["deleteOnClose"],
  });

  const { watch } = await watching(watched, ATTRIBUTES);
  await hide(bob, "notify-basedir");
  await hide(bob, "notify-basedir/tname1");
  expect(await watch).toEqual(only("modified", "tname1"));
});
