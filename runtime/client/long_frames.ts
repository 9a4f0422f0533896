/**
 * AES-GCM and AES-GMAC of long frames outside this thread: WebCrypto is 3.5 times as fast as node:crypto on large buffers (design.md,
 * section 6), and leaves the thread to the protocol.
 */
import {
  type CodeJob,
  type OpenJob,
  type SealJob,
  setMessageSignature,
  setSignature,
} from "../protocol/mod.ts";

const TAG_LENGTH = 16;
const NONCE_LENGTH = 12;

const NOTHING = new Uint8Array(0);

/** Encrypts and decrypts, signs and verifies for one connection. */
export class LongFrames {
  /** By the array that the session keeps its key in. */
  readonly #keys = new WeakMap<Uint8Array, Promise<CryptoKey>>();

  /** The chunks of the encrypted frame. */
  async seal(job: SealJob): Promise<Uint8Array[]> {
    const key = await this.#key(job.input.key);
    const sealed = new Uint8Array(
      await crypto.subtle.encrypt(parameters(job.input), key, plain(job.plaintext)),
    );
    const length = sealed.byteLength - TAG_LENGTH;
    setSignature(job, sealed.subarray(length));
    return [job.header, sealed.subarray(0, length)];
  }

  /** The text; null where the frame was not encrypted with the session's key. */
  async open(job: OpenJob): Promise<Uint8Array | null> {
    const key = await this.#key(job.input.key);
    const sealed = new Uint8Array(job.ciphertext.byteLength + TAG_LENGTH);
    sealed.set(job.ciphertext);
    sealed.set(job.signature, job.ciphertext.byteLength);
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters(job.input), key, sealed));
    } catch (error) {
      if (error instanceof DOMException && error.name === "OperationError") return null;
      throw error;
    }
  }

  /** The chunks, with the code of the message in its header. */
  async sign(
    job: CodeJob,
    message: { readonly head: Uint8Array; readonly chunks: readonly Uint8Array[] },
  ): Promise<readonly Uint8Array[]> {
    setMessageSignature(message.head, await this.#code(job));
    return message.chunks;
  }

  /** Whether the code of a message is the one that it carried. */
  async verify(job: CodeJob, signature: Uint8Array): Promise<boolean> {
    const code = await this.#code(job);
    let difference = code.byteLength ^ signature.byteLength;
    for (const [i, byte] of code.entries()) difference |= byte ^ (signature[i] ?? 0);
    return difference === 0;
  }

  /** The tag of an empty text (MS-SMB2 3.1.4.1). */
  async #code(job: CodeJob): Promise<Uint8Array> {
    const key = await this.#key(job.key);
    const { nonce, message: aad } = job;
    return new Uint8Array(await crypto.subtle.encrypt(parameters({ nonce, aad }), key, NOTHING));
  }

  #key(bytes: Uint8Array): Promise<CryptoKey> {
    let key = this.#keys.get(bytes);
    if (key === undefined) {
      key = crypto.subtle.importKey("raw", plain(bytes), "AES-GCM", false, ["encrypt", "decrypt"]);
      this.#keys.set(bytes, key);
    }
    return key;
  }
}

function parameters(input: Pick<SealJob["input"], "nonce" | "aad">): AesGcmParams {
  return {
    name: "AES-GCM",
    iv: plain(input.nonce.subarray(0, NONCE_LENGTH)),
    additionalData: plain(input.aad),
    tagLength: TAG_LENGTH * 8,
  };
}

/** None of the bytes here are shared between threads, which is all that the type asks. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
