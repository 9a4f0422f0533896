import { assertEquals, assertThrows } from "@std/assert";
import {
  compressLz4,
  compressLz77,
  compressLz77Huffman,
  compressLznt1,
  decompressLz4,
  decompressLz77,
  decompressLz77Huffman,
  decompressLznt1,
  WireError,
} from "../mod.ts";
import { fromHex, toHex } from "../testing.ts";
import { ascii, sample, seeded } from "./_samples.ts";

interface Golden {
  readonly source: string;
  readonly plain: Uint8Array;
  readonly compressed: Uint8Array;
  /** Whether our compressor makes the same bytes. */
  readonly same: boolean;
}

interface Algorithm {
  readonly name: string;
  compress(input: Uint8Array): Uint8Array;
  decompress(input: Uint8Array, output: Uint8Array): void;
  readonly golden: readonly Golden[];
  /** Bytes at the end of a golden input that decompression may do without. */
  readonly spare: number;
}

const ALPHABET = ascii("abcdefghijklmnopqrstuvwxyz");
const ABC100 = ascii("abc".repeat(100));

/** 256 bytes of code lengths from the code length of each symbol that has one. */
function lengthTable(lengths: Readonly<Record<number, number>>): string {
  const table = new Uint8Array(256);
  for (const [symbol, length] of Object.entries(lengths)) {
    const index = Number(symbol) >> 1;
    table[index] = (table[index] ?? 0) | length << 4 * (Number(symbol) & 1);
  }
  return toHex(table);
}

/** Symbols a..v have 5 bits, w..z and the end 4. */
const ALPHABET_LENGTHS = Object.fromEntries([
  ...Array.from({ length: 22 }, (_, index) => [0x61 + index, 5]),
  ...Array.from({ length: 4 }, (_, index) => [0x77 + index, 4]),
  [256, 4],
]);

const ALGORITHMS: readonly Algorithm[] = [
  {
    name: "LZ77",
    compress: compressLz77,
    decompress: decompressLz77,
    spare: 0,
    golden: [
      {
        source: "MS-XCA 3.1, the alphabet",
        plain: ALPHABET,
        compressed: fromHex("3f000000 6162636465666768696a6b6c6d6e6f707172737475767778797a"),
        same: true,
      },
      {
        source: "MS-XCA 3.1, abc 100 times",
        plain: ABC100,
        compressed: fromHex("ffffff1f 616263 1700 0f ff 2601"),
        same: true,
      },
      {
        source: "MS-XCA 2.3.4, a length of 4 bytes",
        plain: new Uint8Array(100_000).fill(0x61),
        // 99 999 - 3 = 0x1869c.
        compressed: fromHex("ffffff7f 61 0700 0f ff 0000 9c860100"),
        same: false,
      },
      {
        source: "MS-XCA 2.3.4, two lengths of 4 bits in one byte",
        plain: ascii("a".repeat(15) + "b" + "a".repeat(15)),
        compressed: fromHex("ffffff5f 61 0700 54 62 7f00"),
        same: false,
      },
    ],
  },
  {
    name: "LZ77+Huffman",
    compress: compressLz77Huffman,
    decompress: decompressLz77Huffman,
    // The code of the end, and what flushing adds.
    spare: 4,
    golden: [
      {
        source: "MS-XCA 3.2, the alphabet",
        plain: ALPHABET,
        compressed: fromHex(
          lengthTable(ALPHABET_LENGTHS) + "d8523ed794115be9195ff9d67cdf8d0400000000",
        ),
        same: true,
      },
      {
        source: "MS-XCA 3.2, abc 100 times",
        plain: ABC100,
        compressed: fromHex(
          lengthTable({ 0x61: 3, 0x62: 3, 0x63: 2, 256: 2, 287: 2 }) + "a8dc0000ff2601",
        ),
        same: true,
      },
      {
        source: "MS-XCA 2.1.4.3, a length of 4 bytes",
        plain: ascii("abc".repeat(40_000)),
        // 119 997 - 3 = 0x1d4ba.
        compressed: fromHex(
          lengthTable({ 0x61: 3, 0x62: 3, 0x63: 2, 256: 2, 287: 2 }) + "a8dc0000ff0000bad40100",
        ),
        same: false,
      },
    ],
  },
  {
    name: "LZNT1",
    compress: compressLznt1,
    decompress: decompressLznt1,
    spare: 0,
    golden: [
      {
        source: "MS-XCA 3.3",
        plain: ascii(
          "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E F# D E F# G F# D E " +
            "F# G F# E D E A F# F# G A A G F# E D D E F# E D D\0",
        ),
        compressed: fromHex(
          "38b0 88 4623200020472041 0010 a2 4701a04520440008 4501 50 79 00c0452005241388 05b4 02 4a " +
            "44ef0358028c0916 0148 45 00be009e0004 01 1890 00",
        ),
        same: false,
      },
      {
        source: "MS-XCA 2.5.1.2, a chunk that is not compressed",
        plain: ascii("abc"),
        compressed: fromHex("0230 616263"),
        same: true,
      },
    ],
  },
  {
    name: "LZ4",
    compress: compressLz4,
    decompress: decompressLz4,
    spare: 0,
    golden: [
      {
        source: "made by liblz4 1.9.4",
        plain: ascii("LZ4 compression test string".repeat(10)),
        compressed: fromHex(
          "ff0c" + toHex(ascii("LZ4 compression test string")) + "1b00db50" +
            toHex(ascii("tring")),
        ),
        same: true,
      },
      {
        source: "LZ4 Block Format Description, a block without matches",
        plain: ALPHABET,
        compressed: fromHex("f00b" + toHex(ALPHABET)),
        same: true,
      },
    ],
  },
];

function expand(algorithm: Algorithm, input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  algorithm.decompress(input, output);
  return output;
}

for (const algorithm of ALGORITHMS) {
  const { name, golden, spare } = algorithm;

  for (const { source, plain, compressed, same } of golden) {
    Deno.test(`${name} reads the example: ${source}`, () => {
      assertEquals(expand(algorithm, compressed, plain.byteLength), plain);
      const ours = algorithm.compress(plain);
      if (same) assertEquals(toHex(ours), toHex(compressed));
      else assertEquals(expand(algorithm, ours, plain.byteLength), plain);
    });

    Deno.test(`${name} that is cut raises WireError: ${source}`, () => {
      for (let length = 0; length < compressed.byteLength - spare; length++) {
        const cut = compressed.subarray(0, length);
        assertThrows(() => expand(algorithm, cut, plain.byteLength), WireError, name);
      }
    });

    Deno.test(`${name} that states too great a length raises WireError: ${source}`, () => {
      assertThrows(() => expand(algorithm, compressed, plain.byteLength + 1), WireError, name);
    });
  }

  Deno.test(`${name} gives back what it compressed`, () => {
    const random = seeded(1);
    for (let round = 0; round < 60; round++) {
      const plain = sample(random, round % 10 === 0 ? 300_000 : 5_000);
      const back = expand(algorithm, algorithm.compress(plain), plain.byteLength);
      const differs = back.findIndex((byte, index) => byte !== plain[index]);
      assertEquals({ length: back.byteLength, differs }, { length: plain.byteLength, differs: -1 });
    }
  });

  Deno.test(`${name} gives back short data of every length`, () => {
    for (let length = 0; length < 300; length++) {
      for (const plain of [ABC100.subarray(0, length), new Uint8Array(length)]) {
        assertEquals(expand(algorithm, algorithm.compress(plain), length), plain);
      }
    }
  });

  Deno.test(`${name} makes data with repetitions shorter`, () => {
    const plain = ascii(Array.from({ length: 2000 }, (_, index) => `line ${index}\n`).join(""));
    assertEquals(algorithm.compress(plain).byteLength < plain.byteLength * 0.6, true);
  });

  Deno.test(`damaged ${name} raises WireError or gives other bytes, and writes nowhere else`, () => {
    const random = seeded(2);
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const plain = sample(random, 2_000);
      const damaged = algorithm.compress(plain).slice();
      for (let change = 0; change < 3; change++) {
        damaged[Math.floor(random() * damaged.byteLength)] = Math.floor(random() * 256);
      }
      const margin = 64;
      const around = new Uint8Array(plain.byteLength + 2 * margin).fill(0xa5);
      const output = around.subarray(margin, margin + plain.byteLength);
      try {
        algorithm.decompress(damaged, output);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        refused++;
      }
      const outside = [...around.subarray(0, margin), ...around.subarray(-margin)];
      assertEquals(outside.every((byte) => byte === 0xa5), true);
    }
    assertEquals(refused > 100, true);
  });

  Deno.test(`${name} of random bytes raises nothing but WireError`, () => {
    const random = seeded(3);
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const input = Uint8Array.from({ length: Math.floor(random() * 600) }, () => random() * 256);
      try {
        expand(algorithm, input, 1 + Math.floor(random() * 100_000));
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        refused++;
      }
    }
    assertEquals(refused > 2900, true);
  });
}

for (
  const [name, decompress, hex, length, reason] of [
    ["LZ77", decompressLz77, "ffffffff 0000", 3, "a match begins before the output"],
    ["LZ77", decompressLz77, "ffffff7f 61 0200", 5, "a match ends behind the output"],
    ["LZ77", decompressLz77, "ffffff7f 61 0700 0f ff 0100", 99, "has a shorter form"],
    ["LZ77", decompressLz77, "ffffff7f 61 0700 0f ff 0000 ffffffff", 99, "behind the output"],
    ["LZ77", decompressLz77, "3f000000 616263", 2, "bytes follow the whole output"],
    ["LZNT1", decompressLznt1, "0290 616263", 3, "has no signature"],
    ["LZNT1", decompressLznt1, "02b0 01 0000", 3, "a match begins before its chunk"],
    ["LZNT1", decompressLznt1, "03b0 02 61 0200", 5, "a match ends behind the output"],
    ["LZNT1", decompressLznt1, "02b0 00 6162", 1, "a literal lies behind the output"],
    ["LZNT1", decompressLznt1, "0030 61 02b0 01 0000", 4, "a match begins before its chunk"],
    ["LZNT1", decompressLznt1, "0230 616263", 2, "a chunk ends behind the output"],
    ["LZNT1", decompressLznt1, "0230 616263 0000 0230 616263", 6, "the input ends after 3 of 6"],
    ["LZ4", decompressLz4, "10 61 0000", 5, "a match begins outside the output"],
    ["LZ4", decompressLz4, "10 61 0200", 5, "a match begins outside the output"],
    ["LZ4", decompressLz4, "10 61 0100 00", 4, "a match ends behind the output"],
    ["LZ4", decompressLz4, "30 616263", 2, "literals end behind the output"],
  ] as const
) {
  Deno.test(`${name} ${hex} for ${length} bytes raises WireError`, () => {
    assertThrows(() => decompress(fromHex(hex), new Uint8Array(length)), WireError, reason);
  });
}

Deno.test("LZNT1 ends with its end mark, whatever follows", () => {
  const output = new Uint8Array(3);
  decompressLznt1(fromHex("0230 616263 0000 ffff"), output);
  assertEquals(output, ascii("abc"));
});

Deno.test("LZ77 may end with flags for what would follow", () => {
  const plain = Uint8Array.from({ length: 32 }, (_, index) => index);
  const compressed = compressLz77(plain);
  assertEquals(toHex(compressed), "00000000" + toHex(plain) + "ffffffff");
  const output = new Uint8Array(32);
  decompressLz77(compressed, output);
  assertEquals(output, plain);
});

Deno.test("a Huffman table that is not full, or overfull, raises WireError", () => {
  for (const lengths of [{ 0x61: 1 }, { 0x61: 1, 0x62: 1, 0x63: 1 }, {}]) {
    const input = fromHex(lengthTable(lengths) + "00000000");
    assertThrows(
      () => decompressLz77Huffman(input, new Uint8Array(4)),
      WireError,
      "the code lengths are not those of a Huffman code",
    );
  }
});
