/** The back end of `@marsaud/smb2` against a real Samba. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Authenticator,
  connectTcp,
  ntlmAuthenticator,
  StatusError,
  TransportError,
} from "../../runtime/client/mod.ts";
import {
  MarsaudConnection,
  type MarsaudTree,
  UnsupportedError,
} from "../../runtime/client/marsaud/mod.ts";
import {
  decodeDirectory,
  decodeMessage,
  encodeInformation,
  FileInformationClass,
  type Message,
  Status,
  statusName,
} from "../../runtime/wire/mod.ts";
import { interopTest } from "../harness/interop.ts";
import { type Smbd, startSmbd } from "../harness/smbd.ts";
import type { FromMarsaudWorker, ToMarsaudWorker } from "./marsaud_worker.ts";

const NEEDS = { needs: ["smbd"] } as const;
const OVERWRITE_IF = 5;
const CREATE = 2;
const DIRECTORY_FILE = 0x00000001;
const READ_WRITE = 0x0012019f;
const DELETE = 0x00110080;

interface Login {
  readonly authenticator?: Authenticator;
  readonly share?: string;
  readonly received?: (message: Message) => void;
}

async function login(smbd: Smbd, options: Login = {}) {
  const transport = await connectTcp({ hostname: smbd.host, port: smbd.port });
  const { received } = options;
  const connection = MarsaudConnection.connect(
    transport,
    received === undefined ? {} : { observer: { received } },
  );
  const { user, password } = smbd;
  try {
    const negotiated = await connection.negotiate();
    const session = await connection.session(
      options.authenticator ?? ntlmAuthenticator({ user, password }),
    );
    const tree = await session.tree(`\\\\127.0.0.1\\${options.share ?? smbd.shareName}`);
    return {
      connection,
      negotiated,
      session,
      tree,
      async [Symbol.asyncDispose]() {
        connection.close();
        await connection.disconnected;
      },
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function list(tree: MarsaudTree, path: string): Promise<string[]> {
  const directory = await tree.create(path);
  const names: string[] = [];
  for (let flags = 0x01;; flags = 0) {
    const reply = await directory.queryDirectory({ flags }, { accept: [Status.NO_MORE_FILES] });
    if (reply.body === null) break;
    const entries = decodeDirectory(
      FileInformationClass.FileIdBothDirectoryInformation,
      reply.body.output,
    );
    names.push(...entries.map(({ name }) => name));
  }
  await directory.close();
  return names.filter((name) => name !== "." && name !== "..").sort();
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}

interopTest(
  "@marsaud/smb2 logs in with NTLMv2 and makes, lists, renames and deletes files on Samba",
  NEEDS,
  async () => {
    await using smbd = await startSmbd({ minProtocol: "SMB2_02" });
    await using client = await login(smbd);
    const { negotiated, session, tree } = client;
    assertEquals(negotiated.dialect, 0x0210);
    assertEquals([session.isGuest, session.isAnonymous], [false, false]);
    assertEquals(session.replies.map(({ status }) => statusName(status)), [
      "MORE_PROCESSING_REQUIRED",
      "SUCCESS",
    ]);

    const folder = await tree.create("folder", {
      createDisposition: CREATE,
      createOptions: DIRECTORY_FILE,
    });
    await folder.close();
    const file = await tree.create("folder\\a.bin", {
      desiredAccess: READ_WRITE,
      createDisposition: OVERWRITE_IF,
    });
    assertEquals(file.response.createAction, 2);
    const data = pattern(200_000);
    const written = await file.write(0, data);
    assertEquals(written.body.count, data.byteLength);
    assert(written.receivedAt >= written.sentAt && written.bytesSent > data.byteLength);
    assertEquals(await Deno.readFile(`${smbd.shareDirectory}/folder/a.bin`), data);
    const read = await file.read(1000, 150_000);
    assertEquals(read.body.data, data.subarray(1000, 151_000));
    assertEquals((await file.read(199_000, 100_000)).body.data, data.subarray(199_000));
    const end = await file.read(300_000, 10, { accept: "any" });
    assertEquals([statusName(end.status), end.body], ["END_OF_FILE", null]);
    await file.setInfo({
      fileInfoClass: FileInformationClass.FileEndOfFileInformation,
      input: encodeInformation({ kind: "FileEndOfFileInformation", endOfFile: 70_000n }),
    });
    await file.close();
    assertEquals((await tree.stat("folder\\a.bin")).endOfFile, 70_000n);
    assertEquals(await list(tree, "folder"), ["a.bin"]);
    assertEquals(await list(tree, ""), ["folder"]);

    const renamed = await tree.create("folder\\a.bin", { desiredAccess: DELETE });
    await renamed.setInfo({
      fileInfoClass: FileInformationClass.FileRenameInformation,
      input: encodeInformation({
        kind: "FileRenameInformation",
        replaceIfExists: false,
        rootDirectory: 0n,
        name: "folder\\b.bin",
      }),
    });
    await renamed.close();
    assertEquals(await list(tree, "folder"), ["b.bin"]);

    for (const path of ["folder\\b.bin", "folder"]) {
      const doomed = await tree.create(path, { desiredAccess: DELETE });
      await doomed.setInfo({
        fileInfoClass: FileInformationClass.FileDispositionInformation,
        input: encodeInformation({ kind: "FileDispositionInformation", deletePending: true }),
      });
      await doomed.close();
    }
    assertEquals(await list(tree, ""), []);
    const missing = await assertRejects(() => tree.create("folder\\b.bin"), StatusError);
    assertEquals(missing.statusName, "OBJECT_PATH_NOT_FOUND");
  },
);

interopTest(
  "@marsaud/smb2 sends 300 requests at once to a server that grants 32 credits, and waits for them",
  NEEDS,
  async () => {
    await using smbd = await startSmbd({ global: { "smb2 max credits": "32" } });
    let most = 0;
    await using client = await login(smbd, {
      received: ({ header }) => most = Math.max(most, header.credits),
    });
    const file = await client.tree.create("many.bin", {
      desiredAccess: READ_WRITE,
      createDisposition: OVERWRITE_IF,
    });
    const data = pattern(300);
    const written = await Promise.all(
      [...data].map((byte, offset) => file.write(offset, Uint8Array.of(byte))),
    );
    assertEquals(written.every(({ body }) => body.count === 1), true);
    assertEquals((await file.read(0, 1000)).body.data, data);
    assert(most <= 32);
    await file.close();
  },
);

interopTest(
  "@marsaud/smb2 with a wrong password is told LOGON_FAILURE, a status like the others",
  NEEDS,
  async () => {
    await using smbd = await startSmbd();
    const error = await assertRejects(
      () => login(smbd, { authenticator: ntlmAuthenticator({ user: smbd.user, password: "no" }) }),
      StatusError,
    );
    assertEquals([error.command, error.statusName], ["SESSION_SETUP", "LOGON_FAILURE"]);
    assertEquals(error.reply.status, Status.LOGON_FAILURE);
  },
);

interopTest(
  "A server that requires signing is refused for @marsaud/smb2, and the sentence says why",
  NEEDS,
  async () => {
    await using smbd = await startSmbd({ signing: "mandatory" });
    const error = await assertRejects(() => login(smbd), UnsupportedError);
    assertEquals(
      error.message,
      "Cannot send SESSION_SETUP with @marsaud/smb2: the server requires signing, and it does not sign",
    );
  },
);

interopTest(
  "Errors of every command come as statuses from @marsaud/smb2, also those unknown to the package",
  NEEDS,
  async () => {
    await using smbd = await startSmbd();
    const share = await assertRejects(() => login(smbd, { share: "nowhere" }), StatusError);
    assertEquals([share.command, share.statusName], ["TREE_CONNECT", "BAD_NETWORK_NAME"]);
    await Deno.writeTextFile(`${smbd.readOnlyDirectory}/r.txt`, "read only");
    await using client = await login(smbd, { share: "ro" });
    const refused = await assertRejects(
      () => client.tree.create("r.txt", { createDisposition: OVERWRITE_IF }),
      StatusError,
    );
    assertEquals(refused.statusName, "ACCESS_DENIED");
    const file = await client.tree.create("r.txt");
    assertEquals(
      new TextDecoder().decode((await file.read(0, 100)).body.data),
      "read only",
    );
    await file.close();
    const closed = await file.read(0, 1, { accept: "any" });
    assertEquals(statusName(closed.status), "FILE_CLOSED");
  },
);

interopTest(
  "Closing a connection of @marsaud/smb2 rejects what is under way and leaves nothing open",
  NEEDS,
  async () => {
    await using smbd = await startSmbd();
    const { connection, tree } = await login(smbd);
    const pending = assertRejects(() => tree.create("x"), TransportError);
    connection.close();
    await pending;
    assertEquals(await connection.disconnected, null);
    await assertRejects(() => tree.create("x"), TransportError);
  },
);

interopTest(
  "@marsaud/smb2 runs in a worker that may reach the target alone, and the password stays outside",
  NEEDS,
  async () => {
    await using smbd = await startSmbd();
    const worker = new Worker(new URL("./marsaud_worker.ts", import.meta.url), {
      type: "module",
      deno: {
        permissions: {
          net: [`${smbd.host}:${smbd.port}`],
          read: false,
          write: false,
          env: false,
          run: false,
          ffi: false,
          sys: false,
          import: false,
        },
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<FromMarsaudWorker>();
    const exchange = ntlmAuthenticator({ user: smbd.user, password: smbd.password }).start();
    const seen: string[] = [];
    const send = (message: ToMarsaudWorker) => worker.postMessage(message);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.onmessage = async ({ data }: MessageEvent<FromMarsaudWorker>) => {
      seen.push(data.kind);
      if (data.kind === "ready") {
        send({ kind: "go", hostname: smbd.host, port: smbd.port, share: smbd.shareName });
      } else if (data.kind === "token") {
        send({ kind: "token", step: await exchange.step(data.token) });
      } else resolve(data);
    };
    const result = await promise;
    worker.terminate();
    assertEquals(result, { kind: "done", text: "from the worker", statuses: ["SUCCESS"] });
    assertEquals(seen, ["ready", "token", "token", "token", "done"]);
    assertEquals(
      await Deno.readTextFile(`${smbd.shareDirectory}/w.txt`),
      "from the worker",
    );
  },
);

interopTest(
  "Every request that @marsaud/smb2 sends is well-formed to the project's own codec",
  NEEDS,
  async () => {
    await using smbd = await startSmbd();
    const transport = await connectTcp({ hostname: smbd.host, port: smbd.port });
    const commands = new Set<string>();
    const connection = MarsaudConnection.connect({
      remote: transport.remote,
      closed: transport.closed,
      read: (into) => transport.read(into),
      close: () => transport.close(),
      write(chunks) {
        for (const chunk of chunks) {
          const message = decodeMessage(chunk.subarray(4));
          if (message.kind === "request") commands.add(message.command);
        }
        return transport.write(chunks);
      },
    });
    await connection.negotiate();
    const session = await connection.session(
      ntlmAuthenticator({ user: smbd.user, password: smbd.password }),
    );
    const tree = await session.tree(`\\\\127.0.0.1\\${smbd.shareName}`);
    await list(tree, "");
    connection.close();
    await connection.disconnected;
    assertEquals([...commands], [
      "NEGOTIATE",
      "SESSION_SETUP",
      "TREE_CONNECT",
      "CREATE",
      "QUERY_DIRECTORY",
      "CLOSE",
    ]);
  },
);
