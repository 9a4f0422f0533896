/**
 * The server remembers a CREATE only until its handle is used. Then a replay with its CreateGuid opens the file again,
 * and without the replay flag it is refused; attributes and disposition of a replay are not compared.
 */
import { expect, scenario } from "smbench";
import { BATCH, CREATED, created, POSITION, REPLAY } from "./_replay.ts";

export default scenario({ name: "smb2.replay.replay6" }, async ({ client }) => {
  const alice = await client("alice");
  const first = { ...BATCH, share: "rwd" };
  const file = await created(alice, "replay6.dat", first);
  expect(file).toMatchObject({ granted: "batch", durability: "durable2" });

  const changed = { ...first, attributes: ["directory"], disposition: "open" } as const;
  const same = await alice.open(file.path, { ...changed, ...REPLAY });
  expect(same).toMatchObject({ action: CREATED, granted: "batch", durability: "durable2" });
  expect([...file.breaks, ...same.breaks]).toHaveLength(0);

  await same.queryInfo(POSITION);
  const second = await alice.open(file.path, { ...changed, ...REPLAY });
  expect(second.action).not.toBe(CREATED);
  expect([...file.breaks, ...same.breaks]).toMatchObject([{ from: "batch", to: "II" }]);
  await alice.open(file.path, { ...changed, expect: "DUPLICATE_OBJECTID" });

  await second.close();
  await same.delete();
  await same.close();
});
