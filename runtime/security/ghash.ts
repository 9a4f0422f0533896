/**
 * GHASH (NIST SP800-38D 6.4) by tables, in WebAssembly: products of 64 bits at a time are what JavaScript lacks. The
 * module is a single function, put together here.
 *
 * @module
 */

const BLOCK = 16;
/** The reduction polynomial, with the bits of a block in the order of GCM: its first byte. */
const POLYNOMIAL = 0xe1;
/** Halves of the bytes of a block, and the values of each. */
const NIBBLES = 32;
const VALUES = 16;
const TABLE = NIBBLES * VALUES * BLOCK;
/** In the module's memory: the table, the hash so far, and what is to be hashed. */
const STATE = TABLE;
const DATA = TABLE + 64;
const PAGES = 2;
const PAGE = 65536;
/** Bytes that are hashed in one call. */
const CAPACITY = PAGES * PAGE - DATA;

// Taken when this is loaded: a sandbox takes the name away from scenarios.
const { Instance, Module } = WebAssembly;

interface Machine {
  readonly memory: Uint8Array;
  /** Takes whole blocks from one address to another into the hash. */
  readonly hash: (from: number, to: number) => void;
  /** Whose table is in the memory. */
  table: Uint8Array | null;
}

/** Shared by all keys: every use is one synchronous call. Made when it is needed. */
let machine: Machine | null = null;

/** GHASH under one key. */
export class Ghash {
  readonly #table: Uint8Array;

  /** @param h 16 zero bytes, enciphered with the key. */
  constructor(h: Uint8Array) {
    this.#table = products(h);
  }

  /** The hash of what is authenticated, with nothing enciphered; valid until the next call. */
  compute(parts: readonly Uint8Array[]): Uint8Array {
    machine ??= started();
    const { memory, hash } = machine;
    if (machine.table !== this.#table) memory.set(this.#table);
    machine.table = this.#table;
    memory.fill(0, STATE, STATE + BLOCK);
    let length = 0;
    let filled = 0;
    for (const part of parts) {
      length += part.byteLength;
      for (let at = 0; at < part.byteLength;) {
        const taken = Math.min(part.byteLength - at, CAPACITY - filled);
        const whole = at === 0 && taken === part.byteLength;
        memory.set(whole ? part : part.subarray(at, at + taken), DATA + filled);
        at += taken;
        filled += taken;
        if (filled < CAPACITY) continue;
        hash(DATA, DATA + CAPACITY);
        filled = 0;
      }
    }
    const end = DATA + filled;
    const padded = DATA + Math.ceil(filled / BLOCK) * BLOCK;
    memory.fill(0, end, padded);
    if (filled > 0) hash(DATA, padded);
    // The lengths in bits; that of what is authenticated has 32 of them here.
    memory.fill(0, DATA, DATA + BLOCK);
    const bits = length * 8;
    memory[DATA + 3] = bits / 2 ** 32;
    for (let i = 0; i < 4; i++) memory[DATA + 7 - i] = bits >>> (8 * i);
    hash(DATA, DATA + BLOCK);
    return memory.subarray(STATE, STATE + BLOCK);
  }
}

/** For each nibble of a block, the products of its values with H. */
function products(h: Uint8Array): Uint8Array {
  const table = new Uint8Array(TABLE);
  const power = h.slice(0, BLOCK);
  for (let bit = 0; bit < BLOCK * 8; bit++) {
    // The first bit of a byte is its highest one.
    const nibble = (bit >> 3) * 2 + ((bit & 4) === 0 ? 1 : 0);
    const value = 8 >> (bit & 3);
    for (let other = 0; other < VALUES; other++) {
      if ((other & value) === 0) continue;
      const at = (nibble * VALUES + other) * BLOCK;
      for (let i = 0; i < BLOCK; i++) {
        table[at + i] = (table[at + i] as number) ^ (power[i] as number);
      }
    }
    timesX(power);
  }
  return table;
}

/** One place to the right, and back in at the beginning. */
function timesX(block: Uint8Array): void {
  const carry = (block[BLOCK - 1] as number) & 1;
  for (let i = BLOCK - 1; i > 0; i--) {
    block[i] = ((block[i] as number) >> 1) | (((block[i - 1] as number) & 1) << 7);
  }
  block[0] = ((block[0] as number) >> 1) ^ (carry === 0 ? 0 : POLYNOMIAL);
}

function started(): Machine {
  const { exports } = new Instance(new Module(assembled()));
  const { memory, hash } = exports as {
    readonly memory: WebAssembly.Memory;
    readonly hash: (from: number, to: number) => void;
  };
  return { memory: new Uint8Array(memory.buffer), hash, table: null };
}

/** Instructions (WebAssembly 5.4). */
const LOOP = [0x03, 0x40];
const END = 0x0b;
const BR_IF_0 = [0x0d, 0x00];
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const I32_LT_U = 0x49;
const I32_ADD = 0x6a;
const I64_AND = 0x83;
const I64_XOR = 0x85;
const I64_SHL = 0x86;
const I64_SHR_U = 0x88;
const I32_WRAP_I64 = 0xa7;
const I32 = 0x7f;
const I64 = 0x7e;

/** Parameters and variables of the function. */
const AT = 0;
const TO = 1;
const LOW = 2;
const HIGH = 3;
const LOW_SUM = 4;
const HIGH_SUM = 5;
const PLACE = 6;

/** `hash(at, to)`: from a block to the next, all nibbles are looked up and their products added. */
function assembled(): Uint8Array<ArrayBuffer> {
  const lookups: number[] = [];
  for (let nibble = 0; nibble < NIBBLES; nibble++) {
    const shift = (nibble % (NIBBLES / 2)) * 4;
    lookups.push(
      ...get(nibble < NIBBLES / 2 ? LOW : HIGH),
      // The value times 16, the length of an entry.
      ...[I64_CONST, ...signed(Math.abs(shift - 4)), shift < 4 ? I64_SHL : I64_SHR_U],
      ...[I64_CONST, ...signed(0xf0), I64_AND, I32_WRAP_I64, ...tee(PLACE)],
      ...[...load(nibble * VALUES * BLOCK), ...get(LOW_SUM), I64_XOR],
      ...[...set(LOW_SUM), ...get(PLACE), ...load(nibble * VALUES * BLOCK + 8)],
      ...[...get(HIGH_SUM), I64_XOR, ...set(HIGH_SUM)],
    );
  }
  const body = [
    ...[2, 4, I64, 1, I32],
    ...[I32_CONST, 0, ...load(STATE), ...set(LOW), I32_CONST, 0, ...load(STATE + 8), ...set(HIGH)],
    ...LOOP,
    ...[...get(LOW), ...get(AT), ...load(0), I64_XOR, ...set(LOW)],
    ...[...get(HIGH), ...get(AT), ...load(8), I64_XOR, ...set(HIGH)],
    ...[I64_CONST, 0, ...tee(LOW_SUM), ...set(HIGH_SUM)],
    ...lookups,
    ...[...get(LOW_SUM), ...set(LOW), ...get(HIGH_SUM), ...set(HIGH)],
    ...[...get(AT), I32_CONST, BLOCK, I32_ADD, ...tee(AT), ...get(TO), I32_LT_U, ...BR_IF_0, END],
    ...[I32_CONST, 0, ...get(LOW), ...store(STATE)],
    ...[I32_CONST, 0, ...get(HIGH), ...store(STATE + 8), END],
  ];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, PAGES]),
    ...section(7, [2, ...text("memory"), 2, 0, ...text("hash"), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

function get(variable: number): number[] {
  return [0x20, variable];
}

function set(variable: number): number[] {
  return [0x21, variable];
}

function tee(variable: number): number[] {
  return [0x22, variable];
}

function load(offset: number): number[] {
  return [0x29, 3, ...unsigned(offset)];
}

function store(offset: number): number[] {
  return [0x37, 3, ...unsigned(offset)];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function text(name: string): number[] {
  return [name.length, ...new TextEncoder().encode(name)];
}

/** LEB128 of a number that is not negative. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** The same where the sign has a bit. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)];
}
