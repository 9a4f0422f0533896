/**
 * Compressed frames of SMB 3.1.1 <-> plain ones, and the algorithms one by one (MS-SMB2 2.2.42, MS-XCA, LZ4 blocks).
 *
 * @module
 */
export * from "./frame.ts";
export { compressLz4, decompressLz4 } from "./lz4.ts";
export { compressLz77, decompressLz77 } from "./lz77.ts";
export { decompressLz77Huffman } from "./lz77_huffman.ts";
export { compressLz77Huffman } from "./lz77_huffman_compress.ts";
export { compressLznt1, decompressLznt1 } from "./lznt1.ts";
export * from "./pattern_v1.ts";
