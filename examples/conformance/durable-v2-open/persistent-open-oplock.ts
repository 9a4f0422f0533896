/** Where the share is not continuously available, who asks for a persistent handle gets a durable one at most. */
import { scenario } from "smbench";
import { grants, OPLOCKS } from "./_grants.ts";

export default scenario(
  { name: "smb2.durable-v2-open.persistent-open-oplock" },
  async ({ client }) => {
    const how = { cases: OPLOCKS, request: { kind: "DH2Q", flags: 0x02 } } as const;
    await grants(await client("alice"), "durable-v2-open-persistent-open-oplock.dat", how);
  },
);
