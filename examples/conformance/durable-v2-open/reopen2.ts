/** A handle outlives its connection; file id and CreateGuid bring it back, and nothing else is looked at. */
import { scenario } from "smbench";
import {
  comeBack,
  done,
  durableFile,
  lose,
  NO_GUID,
  NONSENSE,
  NOT_FOUND,
  NOWHERE,
  reclaim,
  reclaimed,
} from "./_durable.ts";

export default scenario({ name: "smb2.durable-v2-open.reopen2" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await durableFile(alice, "durable-v2-reopen2.dat");
  await lose(alice);

  const second = await comeBack(alice);
  for (const path of ["", NOWHERE, file.path]) {
    await reclaim(second, file, { ...NOT_FOUND, path, createGuid: NO_GUID });
  }
  await reclaim(second, file, { ...NOT_FOUND, createGuid: "another one" });
  const again = await reclaimed(second, file);
  await lose(second);

  const third = await comeBack(alice);
  await done(await reclaimed(third, again, { ...NONSENSE, oplock: 0x78, path: NOWHERE }));
});
