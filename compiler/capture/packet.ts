/**
 * What a file reader hands to the packet decoder: one captured packet, still in the window of bytes it was read into.
 *
 * @module
 */

/** The longest packet that is believed. Linux segmentation offload reaches 512 KiB; more is a damaged length field. */
export const MAX_PACKET_BYTES = 0x100000;

/** One captured packet. The decoder is called once per packet and must not keep the object or its bytes. */
export interface Packet {
  /** Position in the file, from 1, as Wireshark's frame.number. */
  frame: number;
  /** Whole seconds since 1970; may be negative through a time zone offset in the file. */
  seconds: number;
  /** 0 to 999 999 999. */
  nanoseconds: number;
  /** LINKTYPE_ number of tcpdump.org. */
  linkType: number;
  bytes: Uint8Array;
  /** First byte of the packet in `bytes`. */
  start: number;
  /** One past its last captured byte. */
  end: number;
  /** Length on the wire; larger than `end - start` when the capture was cut by its snap length. */
  originalLength: number;
}

/** Takes packets in file order. */
export type PacketSink = (packet: Packet) => void;

/** A capture file format as a push parser: bytes in, packets out. */
export interface PacketReader {
  /** Format and variant for people, such as "pcap (nanoseconds)". */
  readonly format: string;
  /** Number of the last packet, handed on or not. */
  readonly frame: number;
  /** True once the file turned out to be damaged beyond the last packet; nothing more has to be fed. */
  readonly stopped: boolean;
  /**
   * Takes the bytes of a window, calls the sink for each whole packet, and returns how many bytes are done with. The rest
   * is presented again, followed by more.
   */
  feed(window: Uint8Array): number;
  /** Called once after the last byte, with the number of bytes that no call of `feed` consumed. */
  finish(leftOver: number): void;
}
