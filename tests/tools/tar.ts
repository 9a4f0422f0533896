/**
 * Writes a tar archive (POSIX ustar) that depends on nothing but the names and contents of the files.
 *
 * @module
 */

/** One file of an archive. */
export interface TarEntry {
  /** The path inside the archive, with `/` between its parts. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly executable?: boolean;
}

const BLOCK = 512;
const NAME_LENGTH = 100;
const PREFIX_LENGTH = 155;
const encoder = new TextEncoder();

/** The parts of the archive, to be written one after another. */
export function* writeTar(entries: Iterable<TarEntry>): Generator<Uint8Array> {
  for (const entry of entries) {
    yield header(entry);
    yield entry.bytes;
    const over = entry.bytes.length % BLOCK;
    if (over !== 0) yield new Uint8Array(BLOCK - over);
  }
  yield new Uint8Array(2 * BLOCK);
}

function header(entry: TarEntry): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const { name, prefix } = splitName(entry.name);
  const text = (at: number, value: string) => block.set(encoder.encode(value), at);
  const octal = (at: number, digits: number, value: number) =>
    text(at, value.toString(8).padStart(digits, "0"));
  text(0, name);
  octal(100, 7, entry.executable === true ? 0o755 : 0o644);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, entry.bytes.length);
  octal(136, 11, 0);
  text(148, " ".repeat(8));
  text(156, "0");
  text(257, "ustar\0" + "00");
  text(345, prefix);
  octal(148, 6, block.reduce((sum, byte) => sum + byte, 0));
  block[154] = 0;
  return block;
}

function splitName(path: string): { name: string; prefix: string } {
  if (encoder.encode(path).length <= NAME_LENGTH) return { name: path, prefix: "" };
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    const prefix = path.slice(0, at);
    const name = path.slice(at + 1);
    if (encoder.encode(name).length > NAME_LENGTH) break;
    if (encoder.encode(prefix).length <= PREFIX_LENGTH) return { name, prefix };
  }
  throw new RangeError(`Cannot archive ${path}: the path is too long for tar`);
}
