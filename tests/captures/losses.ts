/**
 * What the scenarios of the shared captures lack, exactly: reason and count of every note of loss, by capture. Each is
 * looked into; what kind of capture it comes from stands before it.
 */
export const LOSSES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // Three segments were taken out: one of a WRITE, one with a CREATE, one of a READ response.
  "own/der-dropped.pcap": {
    "1724 bytes of SMB connections were lost: the receiver acknowledged them, or the connection ended":
      3,
    "A message is only partly in the capture": 1,
    "A CREATE response has no request in the capture": 1,
  },
  // Encrypted, and the handshake is cut off: no key fits.
  "own/der-enc-midstream.pcap": {
    "An encrypted message could not be read": 348,
    "Session 0xa864c1a3 is encrypted and was not read: its login is not in the capture; needed are the keys of both directions, or for SMB 3.0 the session key":
      348,
  },
  // Begins within a conversation.
  "own/der-midstream.pcap": {
    "A WRITE response has no request in the capture": 1,
    "Bytes belong to a message whose start is not in the capture": 1,
    "A CLOSE works on a file whose CREATE is not in the capture": 1,
  },
  // Only the client: no CREATE has an answer that tells its file id.
  "own/der-oneway-client.pcap": {
    "A tree id is taken to be that of the TREE_CONNECT before, whose answer the capture does not have":
      2,
    "A file id is taken to be that of the CREATE before, whose answer the capture does not have":
      80,
  },
  // Cut by hand within a packet.
  "own/der-truncated-midpacket.pcap": {
    "The file ends in the middle of a packet, which was dropped": 1,
  },
  // Empty on purpose.
  "own/der-zero-bytes.pcap": {
    "The file is empty": 1,
  },
  // 26 bytes of each header is all there is.
  "own/live-snap96.pcap": {
    "136011 bytes of SMB connections were cut off by the snap length": 166,
    "A message is only partly in the capture": 76,
    "A NEGOTIATE request cannot be read": 1,
    "A SESSION_SETUP request cannot be read": 2,
    "A TREE_CONNECT request cannot be read": 2,
    "A IOCTL request cannot be read": 1,
    "A TREE_DISCONNECT request cannot be read": 2,
    "A CREATE request cannot be read": 10,
    "A CLOSE request cannot be read": 10,
    "A WRITE request cannot be read": 1,
    "A QUERY_DIRECTORY request cannot be read": 4,
    "A QUERY_INFO request cannot be read": 2,
    "A READ request cannot be read": 1,
    "A SET_INFO request cannot be read": 2,
  },
  // One file of a ring: it ends within a WRITE.
  "own/rotated/ring_00000_20261120105055.pcap": {
    "A message is only partly in the capture": 1,
  },
  // One file of a ring: begins and ends within a message.
  "own/rotated/ring_00001_20261120105055.pcap": {
    "A WRITE response has no request in the capture": 1,
    "Bytes belong to a message whose start is not in the capture": 1,
    "A message is only partly in the capture": 1,
    "A CLOSE works on a file whose CREATE is not in the capture": 1,
  },
  // One file of a ring.
  "own/rotated/ring_00002_20261120105058.pcap": {
    "Bytes belong to a message whose start is not in the capture": 1,
    "A CLOSE works on a file whose CREATE is not in the capture": 1,
  },
  // One file of a ring.
  "own/rotated/ring_00003_20261120105058.pcap": {
    "A CLOSE response has no request in the capture": 1,
  },
  // A command that does not exist, sent on purpose.
  "own/torture-compound.pcap": {
    "A CMD_255 request cannot be read": 1,
  },
  // Made by a fuzzer.
  "public/OISF+suricata-verify/bug-6875-01__fuzz.pcap": {
    "A packet has a TCP header that cannot be true": 1,
    "A packet header states an impossible length, and the file was not read beyond it": 1,
  },
  // The file id that stands for the one before, with nothing before it.
  "public/OISF+suricata-verify/smb-length-5786.pcap": {
    "A CHANGE_NOTIFY works on a file whose CREATE is not in the capture": 1,
  },
  // Sessions of SMB1.
  "public/OISF+suricata-verify/smb2-ntlmssp-negotiateflags.pcap": {
    "A conversation is SMB1 alone, and not compiled": 1,
    "SMB1 messages are not compiled": 14,
  },
  // Put together from parts of conversations, some of SMB1.
  "public/arkime+arkime/arkime_synthetic.pcap": {
    "A conversation is SMB1 alone, and not compiled": 2,
    "SMB1 messages are not compiled": 2,
    "A message is only partly in the capture": 1,
    "A NEGOTIATE response has no request in the capture": 1,
  },
  // Sessions of SMB1.
  "public/arkime+arkime/wireshark-smb-on-windows10.pcap": {
    "A conversation is SMB1 alone, and not compiled": 1,
    "SMB1 messages are not compiled": 14,
  },
  // Responses alone.
  "public/debian-wireshark-4.0.17/smb311-lz77-lz77huff-lznt1.pcap.gz": {
    "A READ response has no request in the capture": 3,
  },
  // Begins within conversations.
  "public/epam+nfstrace/eth-ipv4-tcp-smb2-putty.pcap": {
    "A CHANGE_NOTIFY response has no request in the capture": 1,
    "A CANCEL names a request that is not in the capture": 1,
    "A CLOSE works on a file whose CREATE is not in the capture": 1,
    "A CHANGE_NOTIFY works on a file whose CREATE is not in the capture": 2,
  },
  // Sessions of SMB1.
  "public/idaholab+Malcolm-Test-Artifacts/plugins__zeek-EternalSafety__doublepulsar-backdoor-connect-win7.pcap":
    {
      "A conversation is SMB1 alone, and not compiled": 2,
      "SMB1 messages are not compiled": 24,
    },
  // The snap length cut one response; sessions of SMB1.
  "public/idaholab+Malcolm-Test-Artifacts/protocols__KRB5.pcap": {
    "2004 bytes of SMB connections were cut off by the snap length": 1,
    "A message is only partly in the capture": 1,
    "A conversation is SMB1 alone, and not compiled": 1,
    "SMB1 messages are not compiled": 2,
  },
  // Begins within conversations.
  "public/ntop+nDPI/kerberos.pcap": {
    "A SESSION_SETUP response has no request in the capture": 3,
    "Bytes belong to a message whose start is not in the capture": 3,
  },
  // Begins within conversations.
  "public/ntop+nDPI/smb_deletefile.pcap": {
    "A CHANGE_NOTIFY response has no request in the capture": 1,
    "A CHANGE_NOTIFY works on a file whose CREATE is not in the capture": 1,
    "A CLOSE works on a file whose CREATE is not in the capture": 1,
  },
  // Two connections with equal ports and initial sequence numbers; sessions of SMB1.
  "public/odedshimon+BruteShark/Kerberos-v5_UDP.pcap": {
    "7404 bytes of SMB connections were dropped, as they came after the end of their connection":
      34,
    "A conversation is SMB1 alone, and not compiled": 3,
    "SMB1 messages are not compiled": 83,
  },
  // Two connections with equal ports and initial sequence numbers; sessions of SMB1.
  "public/odedshimon+BruteShark/PCAPNG_Examples__Kerberos-v5_UDP.pcapng": {
    "7404 bytes of SMB connections were dropped, as they came after the end of their connection":
      34,
    "A conversation is SMB1 alone, and not compiled": 3,
    "SMB1 messages are not compiled": 83,
  },
  // Sessions of SMB1.
  "public/odedshimon+BruteShark/PCAPNG_Examples__SMB-NTLMSSP_Windows_10.pcapng": {
    "A conversation is SMB1 alone, and not compiled": 1,
    "SMB1 messages are not compiled": 14,
  },
  // Segments were not captured, as tshark says too.
  "public/zeek+zeek/dce-rpc__20-fids-no-close.pcap": {
    "16000 bytes of SMB connections were lost: the receiver acknowledged them, or the connection ended":
      40,
  },
  // The snap length cut one response.
  "public/zeek+zeek/krb__smb2_krb.pcap": {
    "2004 bytes of SMB connections were cut off by the snap length": 1,
    "A message is only partly in the capture": 1,
  },
  // A header that cannot be true.
  "public/zeek+zeek/smb__smb2_fscontrol.pcap": {
    "Cannot decode header: StructureSize is 319, not 64": 1,
  },
  // Begins within conversations.
  "public/zeek+zeek/smb__smb2readwrite.pcap": {
    "A CHANGE_NOTIFY response has no request in the capture": 1,
    "A CHANGE_NOTIFY works on a file whose CREATE is not in the capture": 2,
  },
};
