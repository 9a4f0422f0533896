/** What the scenarios share in which a lease keeps the handle. */
import type { User } from "smbench";
import {
  comeBack,
  done,
  durableFile,
  lose,
  NONSENSE,
  NOT_FOUND,
  NOWHERE,
  reclaim,
  reclaimed,
} from "./_durable.ts";

/** A lost handle is reclaimed with its CreateGuid, the key of its lease and the name of its file, and nothing else. */
export async function keyAndNameMatter(user: User, path: string, about: {
  readonly leaseVersion: 1 | 2;
}): Promise<void> {
  const kept = { state: "RWH", key: "kept", version: about.leaseVersion } as const;
  const file = await durableFile(user, path, { lease: kept });
  await lose(user);

  const second = await comeBack(user);
  for (const wrong of ["", NOWHERE, path]) {
    await reclaim(second, file, { ...NOT_FOUND, path: wrong });
  }
  await reclaim(second, file, { ...NOT_FOUND, lease: { ...kept, key: "another one" } });
  await reclaim(second, file, { lease: kept, path: NOWHERE, expect: "INVALID_PARAMETER" });

  const lease = { ...kept, state: "" };
  const again = await reclaimed(second, file, { lease });
  await lose(second);

  const third = await comeBack(user);
  await done(await reclaimed(third, again, { ...NONSENSE, lease }));
}
