/** A CLOSE right behind an enumeration does not take its answer away, however long that is. */
import { expect, scenario } from "smbench";
import { z } from "zod";

const PATH = "compound-find-close";

const params = z.object({
  files: z.number().int().min(1).default(5000).describe("files in the directory"),
});

export default scenario({
  name: "smb2.compound_find.compound_find_close",
  params,
}, async ({ client, params }) => {
  const alice = await client("alice");
  const directory = await alice.open(PATH, {
    access: "all",
    disposition: "create",
    options: ["directory"],
  });
  const names = Array.from({ length: params.files }, (_, i) => `${PATH}/file${i}`);

  async function eachInOneGo(use: { readonly create: boolean }): Promise<void> {
    for (let i = 0; i < names.length; i += 50) {
      await Promise.all(
        names.slice(i, i + 50).map((name) => {
          const chain = alice.compound();
          if (use.create) chain.open(name, { access: "all", disposition: "create" });
          else chain.open(name, { access: "d", options: ["deleteOnClose"] });
          chain.close();
          return chain.send();
        }),
      );
    }
  }

  await eachInOneGo({ create: true });
  const found = directory.queryDirectory({
    class: "FileBothDirectoryInformation",
    outputLength: Math.min(8 * 2 ** 20, alice.connection.negotiated.maxTransactSize),
  });
  await Promise.all([found, directory.close()]);
  expect(await found).toHaveLength(params.files + 2);
  await eachInOneGo({ create: false });
  await alice.remove(PATH);
});
