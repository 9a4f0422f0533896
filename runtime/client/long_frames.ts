/**
 * AES-GCM of long frames outside this thread: WebCrypto is 3.5 times as fast as node:crypto on large buffers (design.md,
 * section 6), and leaves the thread to the protocol.
 */
import { type OpenJob, type SealJob, setSignature } from "../protocol/mod.ts";

const TAG_LENGTH = 16;
const NONCE_LENGTH = 12;

/** Encrypts and decrypts for one connection. */
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

  #key(bytes: Uint8Array): Promise<CryptoKey> {
    let key = this.#keys.get(bytes);
    if (key === undefined) {
      key = crypto.subtle.importKey("raw", plain(bytes), "AES-GCM", false, ["encrypt", "decrypt"]);
      this.#keys.set(bytes, key);
    }
    return key;
  }
}

function parameters(input: SealJob["input"]): AesGcmParams {
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
