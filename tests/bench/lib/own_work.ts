/** Our side of the comparison with other clients: each measures one kind of work on a private server. */
import type { Connection, Open, SessionSetupOptions, Tree } from "../../../runtime/client/mod.ts";
import type { Smbd } from "../../harness/smbd.ts";
import type { Protection } from "./peers.ts";
import { connected, treeOf } from "./samba.ts";
import { measure, type OwnRate, timed } from "./samples.ts";

/** Length of small reads. */
export const BLOCK = 4096;
const MIB = 1024 * 1024;
/** Bytes of one READ or WRITE of a long transfer, and how many of them are in flight. */
const TRANSFER = { size: MIB, inFlight: 8 };
/** What smb2.bench.path-contention-shared asks for: the share's root, by FILE_READ_ATTRIBUTES and OPEN_REPARSE_POINT. */
const SHARED_PATH = { desiredAccess: 0x00000080, createOptions: 0x00200000 };
/** FILE_READ_DATA, FILE_WRITE_DATA and attributes; FILE_OVERWRITE_IF (MS-SMB2 2.2.13). */
const OVERWRITE = { desiredAccess: 0x0012019f, createDisposition: 5 };

const OPTIONS: Readonly<Record<Protection, SessionSetupOptions>> = {
  off: {},
  sign: { signing: "required" },
  encrypt: { encryption: "required" },
};

/** Open, read 4 KiB, close, one request at a time. */
export async function openReadClose(
  smbd: Smbd,
  work: { readonly file: string; readonly protection: Protection; readonly seconds: number },
): Promise<OwnRate> {
  const connection = await connected(smbd);
  const tree = await treeOf(smbd, connection, OPTIONS[work.protection]);
  const rate = await measure(work.seconds, async () => {
    for (let i = 0; i < 50; i++) {
      const open = await tree.create(work.file);
      await open.read(0, BLOCK);
      await open.close();
    }
    return 50;
  });
  connection.close();
  return rate;
}

/** 4 KiB reads anywhere in a file, so many in flight on each connection. */
export async function randomReads(
  smbd: Smbd,
  work: {
    readonly file: string;
    readonly blocks: number;
    readonly connections: number;
    readonly depth: number;
    readonly protection: Protection;
    readonly seconds: number;
  },
): Promise<OwnRate> {
  const connections: Connection[] = [];
  const lanes: Open[] = [];
  for (let i = 0; i < work.connections; i++) {
    const connection = await connected(smbd);
    connections.push(connection);
    const open = await (await treeOf(smbd, connection, OPTIONS[work.protection])).create(work.file);
    for (let lane = 0; lane < work.depth; lane++) lanes.push(open);
  }
  async function read(open: Open): Promise<void> {
    for (let i = 0; i < 64; i++) {
      await open.read(Math.floor(Math.random() * work.blocks) * BLOCK, BLOCK);
    }
  }
  const rate = await measure(work.seconds, async () => {
    await Promise.all(lanes.map(read));
    return 64 * lanes.length;
  });
  for (const connection of connections) connection.close();
  return rate;
}

/** Reads or writes a file from end to end once: MiB per second, from its open to its close. */
export async function transfer(
  smbd: Smbd,
  work: {
    readonly direction: "read" | "write";
    readonly file: string;
    readonly mebibytes: number;
    readonly protection: Protection;
  },
): Promise<OwnRate> {
  const connection = await connected(smbd);
  const tree = await treeOf(smbd, connection, OPTIONS[work.protection]);
  const pieces = work.mebibytes * MIB / TRANSFER.size;
  const data = new Uint8Array(TRANSFER.size).fill(7);
  const rate = await timed(async () => {
    const open = await tree.create(work.file, work.direction === "read" ? {} : OVERWRITE);
    let next = 0;
    async function lane(): Promise<void> {
      while (next < pieces) {
        const at = next++ * TRANSFER.size;
        const { body } = work.direction === "read"
          ? await open.read(at, TRANSFER.size)
          : await open.write(at, data);
        const length = "data" in body ? body.data.byteLength : body.count;
        if (length !== TRANSFER.size) throw new Error(`Cannot go on: ${length} bytes at ${at}`);
      }
    }
    await Promise.all(Array.from({ length: TRANSFER.inFlight }, lane));
    await open.close();
    return work.mebibytes;
  });
  connection.close();
  return rate;
}

/** ECHO, so many in flight on one connection. */
export async function echoes(
  smbd: Smbd,
  work: { readonly depth: number; readonly seconds: number },
): Promise<OwnRate> {
  const connection = await connected(smbd);
  await treeOf(smbd, connection);
  async function lane(): Promise<void> {
    for (let i = 0; i < 64; i++) await connection.echo();
  }
  const rate = await measure(work.seconds, async () => {
    await Promise.all(Array.from({ length: work.depth }, lane));
    return 64 * work.depth;
  });
  connection.close();
  return rate;
}

/** Opens and closes one path on several connections, one request at a time on each. */
export async function contendedOpens(
  smbd: Smbd,
  work: { readonly connections: number; readonly seconds: number },
): Promise<OwnRate> {
  const connections: Connection[] = [];
  const trees: Tree[] = [];
  for (let i = 0; i < work.connections; i++) {
    const connection = await connected(smbd);
    connections.push(connection);
    trees.push(await treeOf(smbd, connection));
  }
  const rate = await measure(work.seconds, async () => {
    await Promise.all(trees.map(async (tree) => {
      for (let i = 0; i < 32; i++) await (await tree.create("", SHARED_PATH)).close();
    }));
    return 32 * trees.length;
  });
  for (const connection of connections) connection.close();
  return rate;
}
