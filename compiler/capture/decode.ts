/**
 * From captured packets to TCP segments: the layers put together, with a note for each packet that holds none.
 *
 * @module
 */

import type { Cursor, Refusal } from "./cursor.ts";
import { type DecodeAs, FRAMES, type Tunnel, tunnelPorts } from "./decode_as.ts";
import { FragmentTable } from "./fragments.ts";
import { enterIp, type IpAddresses } from "./ip.ts";
import { enterLink } from "./link.ts";
import type { NoteBook } from "./notes.ts";
import { MAX_PACKET_BYTES, type Packet } from "./packet.ts";
import { type Flow, Segment, SegmentReader } from "./tcp.ts";

/** Turns packets into segments; one per capture, as it numbers the flows. */
export class SegmentDecoder {
  readonly #notes: NoteBook;
  readonly #fragments: FragmentTable;
  readonly #cursor: Cursor = { bytes: new Uint8Array(0), offset: 0, end: 0, missing: 0 };
  readonly #addresses: IpAddresses = { sourceOffset: 0, destinationOffset: 0, addressBytes: 4 };
  readonly #segments = new SegmentReader(this.#addresses);
  /** Link types that stand for others. */
  readonly #links: ReadonlyMap<number, number> | null;
  readonly #tunnels: ReadonlyMap<number, Tunnel>;
  #packets = 0;

  constructor(notes: NoteBook, decodeAs: DecodeAs = {}) {
    this.#notes = notes;
    const { links } = decodeAs;
    this.#links = links === undefined
      ? null
      : new Map(Array.from(links, ([link, frames]) => [link, FRAMES[frames]]));
    this.#tunnels = tunnelPorts(decodeAs);
    this.#fragments = new FragmentTable(notes);
  }

  /** Packets seen so far. */
  get packets(): number {
    return this.#packets;
  }

  /** The segment in a packet, if there is one: the same object each time. */
  decode(packet: Packet): Segment | undefined {
    this.#packets++;
    const cursor = this.#cursor;
    cursor.bytes = packet.bytes;
    cursor.offset = packet.start;
    cursor.end = packet.end;
    const cut = packet.originalLength - (packet.end - packet.start);
    // Some writers leave the original length zero or wrong; it must not invent megabytes that were never sent.
    cursor.missing = cut > 0 && cut <= MAX_PACKET_BYTES ? cut : 0;
    const { linkType } = packet;
    const refusal = enterLink(cursor, this.#links?.get(linkType) ?? linkType) ??
      enterIp(cursor, this.#addresses, {
        fragments: this.#fragments,
        tunnels: this.#tunnels,
        packet,
      });
    if (refusal === "incomplete") return undefined;
    if (refusal !== undefined) return this.#refuse(refusal, packet);
    const result = this.#segments.read(cursor, packet);
    return result instanceof Segment ? result : this.#refuse(result, packet);
  }

  /** Lets go of a flow and its reverse: their next packets would be those of others. */
  forget(flow: Flow): void {
    this.#segments.forget(flow);
  }

  /** Nothing more comes: notes what is still incomplete. */
  finish(): void {
    this.#fragments.finish();
  }

  #refuse(refusal: Refusal, packet: Packet): undefined {
    this.#notes.add(refusal.reason, { frame: packet.frame, loss: refusal.loss });
    return undefined;
  }
}
