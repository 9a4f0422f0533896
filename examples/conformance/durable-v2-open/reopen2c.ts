/** A handle of the first generation has no CreateGuid to be reclaimed by. */
import { expect, scenario } from "smbench";
import { comeBack, lose, NOT_FOUND, reclaim } from "./_durable.ts";

export default scenario({ name: "smb2.durable-v2-open.reopen2c" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await alice.open("durable-v2-reopen2c.dat", {
    access: "all",
    share: "",
    disposition: "overwriteIf",
    oplock: "batch",
    contexts: ["DHnQ"],
  });
  expect(file.durability).toBe("durable");
  await lose(alice);

  const place = await comeBack(alice);
  await reclaim(place, file, { ...NOT_FOUND, createGuid: "any" });
  await using _gone = await place.tree.open(file.path, {
    access: "d",
    options: ["deleteOnClose"],
  });
});
