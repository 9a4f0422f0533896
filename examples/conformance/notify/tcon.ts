/** A watch sees what happens through its own share connection and through another one, also after that one is gone. */
import { expect, scenario, type Tree } from "smbench";
import { directory, NAMES, only, remember } from "./_notify.ts";

export default scenario({ name: "smb2.notify.tcon" }, async ({ client }) => {
  const alice = await client("alice");
  await using watched = await directory(alice, "notify-tcon");
  await remember(watched);

  async function comesAndGoes(maker: Tree): Promise<void> {
    const added = watched.changes(NAMES);
    const made = await maker.open("notify-tcon/subdir", {
      access: "all",
      disposition: "create",
      options: ["directory", "deleteOnClose"],
    });
    expect(await added).toEqual(only("added", "subdir"));

    const removed = watched.changes(NAMES);
    await made.close();
    expect(await removed).toEqual(only("removed", "subdir"));
  }
  await comesAndGoes(alice.tree);
  const second = await alice.session.tree();
  await comesAndGoes(second);
  await second.disconnect();
  await comesAndGoes(alice.tree);
});
