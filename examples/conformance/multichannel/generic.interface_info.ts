/** The server names the interfaces that further channels may go to. */
import { expect, scenario } from "smbench";

export default scenario(
  { name: "smb2.multichannel.generic.interface_info" },
  async ({ client }) => {
    const { tree } = await client("alice");
    expect((await tree.networkInterfaces()).length).toBeGreaterThan(0);
  },
);
