/** Blobs of a scenario: the only files that a worker gets to see, and only their content. */
import { createHash } from "node:crypto";
import { isBlobPath } from "../script/mod.ts";

/** Largest blob: a WRITE has at most 8 MiB, a share's limit 16. */
const MAX_BLOB_BYTES = 64 * 2 ** 20;

/** SHA-256 as a file name. */
const HASHED = /(?:^|\/)([0-9a-f]{64})\.bin$/;

/**
 * Reads a blob of the scenario in `folder`.
 *
 * @throws {Error} When the path is none of a blob, leads out of the folder, or the content is not what its name says.
 */
export async function readBlob(folder: string, path: string): Promise<Uint8Array> {
  const named = JSON.stringify(path.length <= 200 ? path : `${path.slice(0, 200)}...`);
  if (!isBlobPath(path)) {
    throw new Error(
      `Cannot read blob ${named}: it is not named by its hash, as in "blobs/3f2a.bin", below the scenario's folder`,
    );
  }
  let real: string;
  try {
    real = await Deno.realPath(`${folder}/${path}`);
  } catch {
    throw new Error(`Cannot read blob ${named}: it does not exist`);
  }
  if (!real.startsWith(`${folder}/`)) {
    throw new Error(`Cannot read blob ${named}: it leads out of the scenario's folder`);
  }
  const { isFile, size } = await Deno.stat(real);
  if (!isFile) throw new Error(`Cannot read blob ${named}: it is no file`);
  if (size > MAX_BLOB_BYTES) {
    throw new Error(
      `Cannot read blob ${named}: it has ${size} bytes, the limit is ${MAX_BLOB_BYTES}`,
    );
  }
  const bytes = await Deno.readFile(real);
  const expected = HASHED.exec(path)?.[1];
  if (expected !== undefined && createHash("sha256").update(bytes).digest("hex") !== expected) {
    throw new Error(`Cannot read blob ${named}: its content is not what its name says`);
  }
  return bytes;
}
