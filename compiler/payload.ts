/** What happens to the data of READ responses and WRITE requests: counted, hashed, or kept as blobs. */
import { createHash } from "node:crypto";

/** The data of one READ response or WRITE request, told without holding it. */
export interface Payload {
  readonly length: number;
  /** Lower-case hexadecimal SHA-256, where hashing was asked for. */
  readonly sha256?: string;
}

/** Receives each payload once, as a view that does not last. */
export interface PayloadSink {
  take(kind: "read" | "write", data: Uint8Array): Payload;
}

/** Keeps the length. */
export const countPayloads: PayloadSink = {
  take: (_kind, data) => ({ length: data.byteLength }),
};

/** Keeps length and hash. */
export const hashPayloads: PayloadSink = {
  take: (_kind, data) => ({ length: data.byteLength, sha256: sha256(data) }),
};

/** SHA-256 as hexadecimal text. */
export function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
