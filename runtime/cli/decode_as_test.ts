import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "./command.ts";
import { readDecodeAs } from "./decode_as.ts";

function read(...texts: string[]) {
  return readDecodeAs({
    operands: [],
    has: () => false,
    value: () => undefined,
    values: (name) => name === "decode-as" ? texts : [],
  });
}

Deno.test("each kind of what a capture does not tell has its form", () => {
  assertEquals(read(), undefined);
  assertEquals<unknown>(
    read("link.147=ethernet", "link.162=sll2", "udp.4790=vxlan", "udp.1=geneve", "tcp.1080=smb"),
    {
      links: new Map([[147, "ethernet"], [162, "sll2"]]),
      udpPorts: new Map([[4790, "vxlan"], [1, "geneve"]]),
      tcpPorts: new Set([1080]),
    },
  );
});

Deno.test("what is of no form is refused in one sentence", () => {
  const refused = {
    "": "link.NUMBER=FRAMES",
    "ethernet": "link.NUMBER=FRAMES",
    "udp.65536=vxlan": "link.NUMBER=FRAMES",
    "sctp.1=smb": "link.NUMBER=FRAMES",
    "link.147=token": "there are ethernet, ip, loopback, ppp, sll, sll2",
    "link.147=toString": "there are ethernet",
    "udp.4790=gre": "there are geneve, vxlan",
    "tcp.445=http": "there is only smb",
  };
  for (const [text, why] of Object.entries(refused)) {
    const { message } = assertThrows(() => read(text), UsageError);
    assertEquals(message.startsWith(`Cannot decode as ${text}: ${why}`), true, message);
  }
});
