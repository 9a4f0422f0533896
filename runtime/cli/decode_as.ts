/** `--decode-as`: what cannot be told from a capture. */
import { type DecodeAs, FRAMES, type Tunnel } from "../../compiler/mod.ts";
import { type Given, type Option, UsageError } from "./command.ts";

/** The option. */
export const DECODE_OPTION: Option = {
  name: "decode-as",
  value: "WHAT",
  many: true,
  help:
    "what the capture does not tell: frames of a private link type (link.147=ethernet, also ip, loopback, ppp, sll, sll2), a tunnel on a port of its own (udp.4790=vxlan, or geneve), SMB behind something else, such as the greeting of a proxy (tcp.1080=smb)",
};

const TUNNELS: readonly string[] = ["geneve", "vxlan"] satisfies Tunnel[];
const HIGHEST = 0xffff;

/**
 * What the options say; undefined when none is given.
 *
 * @throws {UsageError} When one is not of the form.
 */
export function readDecodeAs(given: Given): DecodeAs | undefined {
  const texts = given.values("decode-as");
  if (texts.length === 0) return undefined;
  const links = new Map<number, keyof typeof FRAMES>();
  const udpPorts = new Map<number, Tunnel>();
  const tcpPorts = new Set<number>();
  for (const text of texts) {
    const [, layer = "", digits = "", name = ""] = /^(link|udp|tcp)\.(\d{1,5})=(\w+)$/.exec(text) ??
      [];
    const number = Number(digits);
    if (layer === "" || number > HIGHEST) throw unreadable(text, FORM);
    if (layer === "link") {
      if (!isFrames(name)) throw unreadable(text, oneOf(Object.keys(FRAMES)));
      links.set(number, name);
    } else if (layer === "udp") {
      if (!isTunnel(name)) throw unreadable(text, oneOf(TUNNELS));
      udpPorts.set(number, name);
    } else {
      if (name !== "smb") throw unreadable(text, oneOf(["smb"]));
      tcpPorts.add(number);
    }
  }
  return { links, udpPorts, tcpPorts };
}

const FORM = "link.NUMBER=FRAMES, udp.PORT=TUNNEL or tcp.PORT=smb is needed";

function unreadable(text: string, needed: string): UsageError {
  return new UsageError(`Cannot decode as ${text}: ${needed}`);
}

function oneOf(names: readonly string[]): string {
  return names.length === 1 ? `there is only ${names[0]}` : `there are ${names.join(", ")}`;
}

function isFrames(name: string): name is keyof typeof FRAMES {
  return Object.hasOwn(FRAMES, name);
}

function isTunnel(name: string): name is Tunnel {
  return TUNNELS.includes(name);
}
