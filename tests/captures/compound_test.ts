/** Compounds over several shares and sessions: they leave in one frame again, from script, rows and workload JSON. */
import { assertEquals } from "@std/assert";
import { type Definition, parseWorkload, workloadDefinition } from "../../runtime/script/mod.ts";
import { ServerHost } from "../../runtime/server/mod.ts";
import { type Transport, transportPair } from "../../runtime/transport/mod.ts";
import {
  COMMAND_NAMES,
  decodeHeader,
  HeaderFlags,
  Reader,
  splitChain,
} from "../../runtime/wire/mod.ts";
import { definitionOf, streamsOf } from "../harness/request_stream.ts";
import {
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  queryInfoBody,
  RELATED,
  SAME_FILE,
} from "./conversation.ts";
import { Outputs } from "./outputs.ts";

/** Two shares in one session, and one in another, on one connection; a compound works on all three. */
function overThreeShares(): Conversation {
  const talk = new Conversation().open("alice");
  talk.tree("\\\\lab\\other", 2);
  talk.sessionId = 0n;
  talk.login("bob", { sessionId: 0x200n });
  talk.tree("\\\\lab\\share", 3);
  const first = { treeId: 1, sessionId: 0x100n };
  const second = { treeId: 2, sessionId: 0x100n };
  const third = { treeId: 3, sessionId: 0x200n };
  const made = (name: string) => createBody(name, { createDisposition: 3 });
  const standard = { output: new Uint8Array(24) };
  const members = [
    { command: "CREATE", body: made("a"), header: first },
    { command: "CREATE", body: made("b"), header: second },
    { command: "QUERY_INFO", body: queryInfoBody(SAME_FILE), header: { ...RELATED, ...second } },
    { command: "CREATE", body: made("c"), header: third },
  ] as const;
  const ids = talk.askAll(members);
  const answers = [
    createAnswer(fileId(1)),
    createAnswer(fileId(2)),
    standard,
    createAnswer(fileId(3)),
  ];
  talk.messages(
    "response",
    answers.map((body, index) => {
      const { command, header } = members[index]!;
      return talk.response(command, body as never, { ...header, flags: 0, messageId: ids[index]! });
    }),
  );
  const closing = talk.askAll([
    { command: "CLOSE", body: closeBody(fileId(1)), header: first },
    { command: "CLOSE", body: closeBody(fileId(3)), header: third },
    { command: "CLOSE", body: closeBody(fileId(2)), header: second },
  ]);
  talk.messages(
    "response",
    closing.map((messageId, index) => {
      const header = [first, third, second][index]!;
      return talk.response("CLOSE", closeAnswer(), { ...header, messageId });
    }),
  );
  return talk;
}

/** Runs it, and tells the compounds that it sent: command, share and session by the order of their ids, whether related. */
async function compoundsOf(definition: Definition, folder: string, blobs: readonly string[] = []) {
  const server = new ServerHost({
    shares: [{ name: "share" }, { name: "other" }],
    users: [{ name: "alice", password: "secret" }],
  });
  const frames: Uint8Array[] = [];
  const dial = (): Promise<Transport> => {
    const [ours, theirs] = transportPair();
    server.serve(theirs);
    const write = ours.write.bind(ours);
    ours.write = (chunks) => {
      frames.push(new Uint8Array(chunks.flatMap((chunk) => [...chunk])));
      return write(chunks);
    };
    return Promise.resolve(ours);
  };
  const { records, notes } = await streamsOf(definition, {
    folder,
    blobs,
    dial,
    run: { shares: { other: "other" } },
  });
  await server.close();
  const differences = records.map((line) => JSON.parse(line)).filter(({ matched }) => !matched);
  assertEquals([...differences, ...notes], []);
  const headers = frames.map((frame) =>
    splitChain(frame.subarray(4)).map(({ bytes }) => decodeHeader(new Reader(bytes)).header)
  );
  const chains = headers.filter(({ length }) => length > 1);
  const sessionOf = orderOf(chains.flat().map(({ sessionId }) => String(sessionId)));
  const treeOf = orderOf(chains.flat().map(({ sessionId, treeId }) => `${sessionId} ${treeId}`));
  return chains.map((chain) =>
    chain.map(({ command, treeId, sessionId, flags }) =>
      `${COMMAND_NAMES[command]} s${sessionOf(String(sessionId))} t${
        treeOf(`${sessionId} ${treeId}`)
      }${(flags & HeaderFlags.RELATED_OPERATIONS) === 0 ? "" : " related"}`
    )
  );
}

/** The number of a name, from 1, by first appearance. */
function orderOf(names: readonly string[]): (name: string) => number {
  const distinct = [...new Set(names)];
  return (name) => distinct.indexOf(name) + 1;
}

Deno.test("a compound over several shares and sessions is one frame, in script, rows and JSON", async () => {
  using outputs = new Outputs(overThreeShares().wire.pcap());
  const { folder } = outputs;
  const { path } = await outputs.script();
  const expected = [
    ["CREATE s1 t1", "CREATE s1 t2", "QUERY_INFO s1 t2 related", "CREATE s2 t3"],
    ["CLOSE s1 t1", "CLOSE s2 t3", "CLOSE s1 t2"],
  ];
  for (const scenario of [path, await outputs.rows()]) {
    const { definition, blobs } = await definitionOf(scenario);
    assertEquals(await compoundsOf(definition, folder, blobs), expected, scenario);
  }
  const { workload } = parseWorkload(JSON.parse(await outputs.json()));
  assertEquals(await compoundsOf(workloadDefinition(workload), folder), expected);
});
