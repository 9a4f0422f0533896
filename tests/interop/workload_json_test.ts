/** Captures of Samba's own clients, as script and as workload JSON, against Samba: the same requests, the same answers. */
import { assert, assertEquals } from "@std/assert";
import { compile } from "../../compiler/mod.ts";
import { connectTcp } from "../../runtime/client/mod.ts";
import { parseWorkload, workloadDefinition } from "../../runtime/script/mod.ts";
import { interopTest, sharedPath } from "../harness/interop.ts";
import { definitionOf, type Streams, streamsOf } from "../harness/request_stream.ts";
import { startSmbd } from "../harness/smbd.ts";

/** Runs on a Samba of its own: what the other run left is not there. */
async function onSamba(
  definition: Parameters<typeof streamsOf>[0],
  options: { readonly folder: string; readonly blobs?: readonly string[] },
): Promise<Streams> {
  await using smbd = await startSmbd();
  return await streamsOf(definition, {
    ...options,
    account: smbd,
    dial: () => connectTcp({ hostname: "127.0.0.1", port: smbd.port }),
    run: { server: "127.0.0.1" },
  });
}

const CAPTURES = ["smbclient-recurse", "smbclient-tree", "acl-ea-copychunk", "torture-setinfo"];

for (const name of CAPTURES) {
  const shared = `captures/own/${name}.pcap`;
  interopTest(
    `${name} does with Samba as workload JSON what it does as a script`,
    { needs: ["smbd"], shared: [shared] },
    async () => {
      const folder = await Deno.makeTempDir({ prefix: "smbench-workload-" });
      try {
        await Deno.mkdir(`${folder}/blobs`);
        const options = {
          version: "0.0.0",
          blobs: {
            save: (hash: string, data: Uint8Array) =>
              Deno.writeFileSync(`${folder}/blobs/${hash}.bin`, data),
            path: (hash: string) => `blobs/${hash}.bin`,
          },
        };
        const capture = sharedPath(shared) ?? "";
        const { script } = await compile(capture, options);
        await Deno.writeTextFile(`${folder}/scenario.ts`, script);
        let text = "";
        await compile(capture, {
          ...options,
          json: (piece) => void (text += new TextDecoder().decode(piece)),
        });
        const { definition, blobs } = await definitionOf(`${folder}/scenario.ts`);
        const ofScript = await onSamba(definition, { folder, blobs });
        const { workload } = parseWorkload(JSON.parse(text));
        const ofJson = await onSamba(workloadDefinition(workload), { folder });
        assert(ofScript.records.length > 5);
        assertEquals(ofJson.connections, ofScript.connections);
        assertEquals(ofJson.records, ofScript.records);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}
