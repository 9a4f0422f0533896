/** A handle of the second generation can be reclaimed by the context of the first, which knows no CreateGuid. */
import { expect, scenario } from "smbench";
import {
  comeBack,
  done,
  durableFile,
  lose,
  NO_GUID,
  NOT_FOUND,
  OPENED,
  reclaim,
} from "./_durable.ts";

export default scenario({ name: "smb2.durable-v2-open.reopen2b" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await durableFile(alice, "durable-v2-reopen2b.dat");
  await lose(alice);

  const place = await comeBack(alice);
  await reclaim(place, file, { ...NOT_FOUND, createGuid: NO_GUID });
  const again = await place.tree.open(file.path, { contexts: [{ kind: "DHnC", file }] });
  expect(again.action).toBe(OPENED);
  expect(again.granted).toBe("batch");
  await done(again);
});
