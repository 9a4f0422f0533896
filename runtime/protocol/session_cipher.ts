/** Encryption of a session's frames (MS-SMB2 3.1.4.3, 3.2.5.1.1.1, 2.2.41). */
import {
  cipherNonceLength,
  decryptPayload,
  encryptPayload,
  type TransformInput,
} from "../security/mod.ts";
import {
  decodeTransformHeader,
  encodeTransformHeader,
  frameHeader,
  Reader,
  TRANSFORM_HEADER_SIZE,
  type TransformHeader,
  Writer,
} from "../wire/mod.ts";
import { ProtocolError } from "./errors.ts";

/** A frame whose text is still to be encrypted; the result goes behind `header`, whose Signature it brings. */
export interface SealJob {
  readonly input: TransformInput;
  readonly plaintext: Uint8Array;
  /** Length and TRANSFORM_HEADER; `setSignature` completes it. */
  readonly header: Uint8Array;
}

/** A received frame whose text is still to be decrypted. */
export interface OpenJob {
  readonly input: TransformInput;
  readonly ciphertext: Uint8Array;
  readonly signature: Uint8Array;
}

/** Where Signature lies behind the frame's length and ProtocolId, and where what is authenticated begins. */
const SIGNATURE = 4 + 4;
const NONCE = SIGNATURE + 16;
/** Flags/EncryptionAlgorithm: 0x0001 means encrypted, or AES-128-CCM in 3.0 and 3.0.2 (MS-SMB2 2.2.41). */
const ENCRYPTED = 0x0001;
const NO_SIGNATURE = new Uint8Array(16);
/** A counter of this many frames is never reached; it keeps the nonce within what a number holds exactly. */
const LAST_NONCE = Number.MAX_SAFE_INTEGER;

/** The cipher keys of a session, shared by its channels: they have one count of nonces. */
export class SessionCipher {
  readonly cipherId: number;
  readonly #sessionId: bigint;
  readonly #encryptionKey: Uint8Array;
  readonly #decryptionKey: Uint8Array;
  /** Counted from 1: a number that has not been used with this key. */
  #sealed = 0;

  constructor(options: {
    readonly cipherId: number;
    readonly sessionId: bigint;
    readonly encryptionKey: Uint8Array;
    readonly decryptionKey: Uint8Array;
  }) {
    cipherNonceLength(options.cipherId);
    this.cipherId = options.cipherId;
    this.#sessionId = options.sessionId;
    this.#encryptionKey = options.encryptionKey;
    this.#decryptionKey = options.decryptionKey;
  }

  /** Frames encrypted so far. */
  get sealed(): number {
    return this.#sealed;
  }

  /** Prepares the encryption of a frame, with a nonce of its own. */
  seal(plaintext: Uint8Array): SealJob {
    if (this.#sealed === LAST_NONCE) {
      throw new ProtocolError("Cannot encrypt: the session has used up its nonces", {
        side: "local",
      });
    }
    this.#sealed++;
    const writer = new Writer(4 + TRANSFORM_HEADER_SIZE);
    writer.raw(frameHeader(TRANSFORM_HEADER_SIZE + plaintext.byteLength));
    encodeTransformHeader(writer, {
      signature: NO_SIGNATURE,
      nonce: counterNonce(this.#sealed),
      originalMessageSize: plaintext.byteLength,
      reserved: 0,
      flags: ENCRYPTED,
      sessionId: this.#sessionId,
    });
    const header = writer.bytes();
    return {
      header,
      plaintext,
      input: {
        cipherId: this.cipherId,
        key: this.#encryptionKey,
        nonce: header.subarray(NONCE, NONCE + 16),
        aad: header.subarray(NONCE),
      },
    };
  }

  /** Prepares the decryption of a frame, from its TRANSFORM_HEADER on. */
  open(frame: Uint8Array, header: TransformHeader): OpenJob {
    const ciphertext = frame.subarray(TRANSFORM_HEADER_SIZE);
    if (header.originalMessageSize !== ciphertext.byteLength) {
      throw new ProtocolError(
        `Cannot decrypt frame: OriginalMessageSize is ${header.originalMessageSize}, and ${ciphertext.byteLength} bytes follow`,
        { side: "remote" },
      );
    }
    if ((header.flags & ENCRYPTED) === 0) {
      throw new ProtocolError(
        `Cannot decrypt frame: Flags 0x${
          header.flags.toString(16)
        } do not say that it is encrypted`,
        { side: "remote" },
      );
    }
    return {
      ciphertext,
      signature: header.signature,
      input: {
        cipherId: this.cipherId,
        key: this.#decryptionKey,
        nonce: header.nonce,
        aad: frame.subarray(NONCE - 4, TRANSFORM_HEADER_SIZE),
      },
    };
  }
}

/** The chunks of an encrypted frame. */
export function sealNow(job: SealJob): Uint8Array[] {
  const { ciphertext, signature } = encryptPayload(job.input, job.plaintext);
  setSignature(job, signature);
  return [job.header, ciphertext];
}

/** Completes the header of a frame that somebody else encrypted. */
export function setSignature(job: SealJob, signature: Uint8Array): void {
  job.header.set(signature, SIGNATURE);
}

/** The text of a frame; null where it was not encrypted with the session's key. */
export function openNow(job: OpenJob): Uint8Array | null {
  return decryptPayload(job.input, job.ciphertext, job.signature);
}

/** Reads the header of an encrypted frame. */
export function transformHeader(frame: Uint8Array): TransformHeader {
  return decodeTransformHeader(new Reader(frame));
}

/** A counter as nonce: never the same twice, which is all that CCM and GCM ask for. */
function counterNonce(count: number): Uint8Array {
  const nonce = new Uint8Array(16);
  let rest = count;
  for (let i = 0; rest > 0; i++) {
    nonce[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return nonce;
}
