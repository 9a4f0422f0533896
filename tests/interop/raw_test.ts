/** What no client sends, from scripts, to Samba and to the server in memory: both refuse it, or hang up. */
import { assert, assertEquals } from "@std/assert";
import { type Connection, expect, replay, type Scenario, scenario } from "../../mod.ts";
import { ServerHost } from "../../runtime/server/mod.ts";
import { transportPair } from "../../runtime/transport/mod.ts";
import {
  commandName,
  encodeMessage,
  makeHeader,
  MESSAGES,
  type NegotiateRequest,
  type RequestBodies,
  Writer,
} from "../../runtime/wire/mod.ts";
import { passed, play } from "../cli/harness.ts";
import { interopTest } from "../harness/interop.ts";
import { startSmbd } from "../harness/smbd.ts";
import { playOn } from "./play.ts";

/** What the client sends by itself; `sendRaw` sends any of these. */
const WITHOUT_FIELDS = ["NEGOTIATE", "SESSION_SETUP", "CANCEL", "OPLOCK_BREAK"];

const GUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
/** Ahead of what a client of a few requests uses, and within the credits that servers grant. */
const FAR_ID = 40n;

const OFFER: NegotiateRequest = {
  securityMode: 1,
  capabilities: 0,
  clientGuid: GUID,
  dialects: [0x0210],
  clientStartTime: 0n,
};

function message<C extends keyof RequestBodies>(
  command: C,
  code: number,
  body: RequestBodies[C],
  header: Parameters<typeof makeHeader>[0] | Record<never, never> = {},
): Uint8Array {
  const writer = new Writer(256);
  encodeMessage(
    writer,
    {
      kind: "request",
      command,
      header: makeHeader({ credits: 1, ...header, command: code }),
      body,
    } as unknown as Parameters<typeof encodeMessage>[1],
  );
  return writer.bytes().slice();
}

function negotiate(more: Partial<NegotiateRequest> = {}): Uint8Array {
  return message("NEGOTIATE", 0, { ...OFFER, ...more });
}

function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

/** What a server says to one frame on a fresh connection: its status, or `"hangs up"`. */
async function saidTo(connect: () => Promise<Connection>, bytes: Uint8Array): Promise<string> {
  const connection = await connect();
  const operation = connection.sendRaw(bytes, { timeout: "60s" });
  const { error } = await operation.outcome;
  if (error !== undefined) {
    expect(error).toMatch(/closed|reset/);
    return "hangs up";
  }
  const { status } = await operation;
  connection.disconnect();
  return status;
}

/** First frames of a connection, and what Samba 4.17 and the server in memory say to them. */
const FIRST: Readonly<Record<string, { bytes: Uint8Array; samba: string; embedded: string }>> = {
  "an ordinary NEGOTIATE": { bytes: negotiate(), samba: "SUCCESS", embedded: "SUCCESS" },
  "no dialects": {
    bytes: negotiate({ dialects: [] }),
    samba: "INVALID_PARAMETER",
    embedded: "INVALID_PARAMETER",
  },
  "dialects that nobody knows": {
    bytes: negotiate({ dialects: [0x0999, 0xffff] }),
    samba: "NOT_SUPPORTED",
    embedded: "NOT_SUPPORTED",
  },
  "the same dialect many times": {
    bytes: negotiate({ dialects: Array.from({ length: 64 }, () => 0x0210) }),
    samba: "SUCCESS",
    embedded: "SUCCESS",
  },
  "3.1.1 without contexts": {
    bytes: negotiate({ dialects: [0x0311], contexts: [] }),
    samba: "INVALID_PARAMETER",
    embedded: "INVALID_PARAMETER",
  },
  "reserved bits of NEGOTIATE": {
    bytes: patched(negotiate(), 64 + 6, 0xff, 0xff),
    samba: "SUCCESS",
    embedded: "SUCCESS",
  },
  "a wrong StructureSize of the body": {
    bytes: patched(negotiate(), 64, 35),
    samba: "INVALID_PARAMETER",
    embedded: "INVALID_PARAMETER",
  },
  "a wrong StructureSize of the header": {
    bytes: patched(negotiate(), 4, 63),
    samba: "hangs up",
    embedded: "hangs up",
  },
  "a wrong ProtocolId": {
    bytes: patched(negotiate(), 0, 0xee),
    samba: "hangs up",
    embedded: "hangs up",
  },
  "a NextCommand behind the end": {
    bytes: patched(negotiate(), 20, 0xff, 0xff),
    samba: "hangs up",
    embedded: "hangs up",
  },
  "more dialects announced than there are": {
    bytes: patched(negotiate(), 66, 0xff, 0xff),
    samba: "INVALID_PARAMETER",
    embedded: "INVALID_PARAMETER",
  },
  "a command before NEGOTIATE": {
    bytes: message("ECHO", 13, { reserved: 0 }),
    samba: "hangs up",
    embedded: "hangs up",
  },
  "a response": {
    bytes: patched(negotiate(), 16, 1),
    samba: "INVALID_PARAMETER",
    embedded: "hangs up",
  },
  "one byte": { bytes: Uint8Array.of(0xfe), samba: "hangs up", embedded: "hangs up" },
};

/** Asks all; as a replay, since a server that hangs up is no error here. */
function asking(found: Record<string, string>): Scenario {
  return replay({ source: "raw", clients: { a: {} } }, {
    async a(client) {
      for (const [name, { bytes }] of Object.entries(FIRST)) {
        const connect = () => Promise.resolve(client.connect({ negotiate: false }));
        found[name] = await saidTo(connect, bytes);
      }
    },
  });
}

function expected(side: "samba" | "embedded"): Record<string, string> {
  return Object.fromEntries(Object.entries(FIRST).map(([name, row]) => [name, row[side]]));
}

Deno.test("the server in memory refuses first frames that no client sends", async () => {
  const found: Record<string, string> = {};
  passed(await play(asking(found)));
  assertEquals(found, expected("embedded"));
});

interopTest("Samba refuses first frames that no client sends", { needs: ["smbd"] }, async () => {
  await using smbd = await startSmbd();
  const found: Record<string, string> = {};
  await playOn(smbd, asking(found));
  assertEquals(found, expected("samba"));
});

Deno.test("every request after the login takes fields of its own", async () => {
  const server = new ServerHost({
    shares: [{ name: "share" }],
    users: [{ name: "alice", password: "secret" }],
  });
  const stage = {
    host: "server",
    port: 0,
    user: "alice",
    password: "secret",
    dial: () => {
      const [ours, theirs] = transportPair();
      server.serve(theirs);
      return Promise.resolve(ours);
    },
  };
  const MARK = 0x5a5a;
  const own = { raw: { header: { reserved: MARK } } };
  const { sent } = await playOn(
    stage,
    replay({ source: "fields", clients: { a: {} } }, {
      async a(client) {
        const connection = await client.connect();
        const session = await connection.login();
        const tree = await session.tree("share", own);
        const file = await tree.open("f", { access: "all", disposition: "create", ...own });
        await file.write(0, "x", own);
        await file.read(0, 1, own);
        await file.flush(own);
        await file.lock([{ offset: 0, length: 1, kind: "shared", failImmediately: true }], own);
        await file.ioctl("SRV_REQUEST_RESUME_KEY", own);
        await file.queryInfo({ class: "FileBasicInformation", ...own });
        await file.truncate(0, own);
        await file.close(own);
        const root = await tree.open("", { options: ["directory"] });
        await root.queryDirectory(own);
        const changes = root.changes(own);
        changes.cancel();
        await changes;
        await root.close();
        await connection.echo(own);
        await tree.disconnect(own);
        await session.logoff(own);
      },
    }),
  );
  await server.close();
  const marked = sent.filter(({ header }) => header.reserved === MARK);
  assertEquals(
    [...new Set(marked.map(({ header }) => commandName(header.command)))].sort(),
    Object.keys(MESSAGES).filter((name) => !WITHOUT_FIELDS.includes(name)).sort(),
  );
});

/** On a connection at work: bytes beside the client's own requests, and requests with fields of their own. */
const beside = scenario({ name: "beside" }, async ({ client }) => {
  const alice = await client("alice");
  const echo = message("ECHO", 13, { reserved: 0 }, {
    creditCharge: 1,
    messageId: FAR_ID,
    sessionId: alice.session.id,
  });
  const answer = await alice.connection.sendRaw(echo);
  expect([answer.status, answer.command, answer.messageId]).toEqual(["SUCCESS", "ECHO", FAR_ID]);
  expect([...answer.bytes.subarray(0, 4)]).toEqual([0xfe, 0x53, 0x4d, 0x42]);
  expect(answer.message).toMatchObject({ kind: "response", command: "ECHO" });
  // The client goes on, its own requests at their own ids.
  await using file = await alice.open("beside", { access: "rw", disposition: "openIf" });
  expect(await file.write(0, "data")).toBe(4);
  await file.read(0, 4, {
    raw: { header: { treeId: 0x7fff_fff1 } },
    expect: "NETWORK_NAME_DELETED",
  });
  await file.flush({ raw: { header: { sessionId: 77n } }, expect: "USER_SESSION_DELETED" });
  const body = new Uint8Array(24);
  body[0] = 22;
  await file.flush({ raw: { body }, expect: "INVALID_PARAMETER" });
  await file.flush({ raw: { header: { reserved: 0xffff_ffff } } });
  await alice.connection.echo({ raw: { body: Uint8Array.of(4, 0, 0xff, 0xff) } });
  // Compounds without a client's care: the second request of the chain lies outside of the frame.
  const cut = message("ECHO", 13, { reserved: 0 }, { messageId: FAR_ID + 1n });
  const last = alice.connection.sendRaw(patched(cut, 20, 0x48), { timeout: "60s" });
  expect((await last.outcome).status).not.toBe("SUCCESS");
});

/** The first was answered, the second ended the connection. */
const ANSWERED = [0, null];

Deno.test("bytes go beside the client's own requests: the server in memory", async () => {
  const { operations } = passed(await play(beside));
  const raw = operations.filter(({ command }) => command === "RAW");
  assertEquals(raw.map(({ status }) => status), ANSWERED);
});

interopTest("bytes go beside the client's own requests: Samba", { needs: ["smbd"] }, async () => {
  await using smbd = await startSmbd();
  const { operations } = await playOn(smbd, beside);
  const raw = operations.filter(({ command }) => command === "RAW");
  assertEquals(raw.map(({ status }) => status), ANSWERED);
});

Deno.test("without an answer there is nothing to wait for, and without a frame's length it is a stream", async () => {
  passed(
    await play(scenario({ name: "stream" }, async ({ client }) => {
      const alice = await client("alice");
      // A keep-alive (RFC 1002 4.3.7), in two pieces.
      const pieces = { framed: false, answer: false } as const;
      const nothing = await alice.connection.sendRaw(Uint8Array.of(0x85, 0), pieces);
      expect([nothing.bytes.length, nothing.status]).toEqual([0, ""]);
      await alice.connection.sendRaw(Uint8Array.of(0, 0), pieces);
      await alice.connection.echo();
    })),
  );
});

Deno.test("a connection that was not negotiated takes bytes alone", async () => {
  const { error, operations } = await play(replay({ source: "x", clients: { a: {} } }, {
    async a(client) {
      const connection = await client.connect({ negotiate: false });
      await connection.echo();
    },
  }));
  assert(error === null || error === undefined);
  assertEquals(operations.map(({ command, skipped }) => [command, skipped]), [
    ["CONNECT", undefined],
    ["ECHO", "nothing was negotiated"],
  ]);
});
