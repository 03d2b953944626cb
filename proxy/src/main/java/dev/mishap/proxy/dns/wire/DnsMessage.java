package dev.mishap.proxy.dns.wire;

import io.netty.buffer.ByteBuf;

/** The header of a message and what can be done with one as a whole. Offsets count from the buffer's reader index. */
public final class DnsMessage {
    /** Bytes of a header. */
    public static final int HEADER = 12;
    /** The longest message: its length has 16 bits over TCP. */
    public static final int MAX = 65_535;

    /** The longest message that any client takes over UDP. */
    public static final int MIN_UDP = 512;
    /** The longest that fits into a datagram of IPv4. */
    public static final int MAX_UDP = 65_507;

    public static final int NOERROR = 0;
    public static final int FORMERR = 1;
    public static final int SERVFAIL = 2;
    public static final int NXDOMAIN = 3;
    public static final int NOTIMP = 4;
    public static final int REFUSED = 5;

    public static final int TYPE_A = 1;
    public static final int TYPE_SOA = 6;
    public static final int TYPE_AAAA = 28;
    public static final int TYPE_SRV = 33;
    public static final int TYPE_OPT = 41;
    public static final int TYPE_TSIG = 250;
    public static final int TYPE_IXFR = 251;
    public static final int TYPE_AXFR = 252;
    public static final int CLASS_IN = 1;

    static final int QR = 0x8000;
    static final int OPCODE = 0x7800;
    static final int TC = 0x0200;
    static final int RD = 0x0100;
    static final int RA = 0x0080;
    static final int CD = 0x0010;
    /** The DO bit in an OPT record's time to live (RFC 3225). */
    static final int DO = 0x8000;

    private static final int NAME_END = -1;

    private DnsMessage() {}

    public static int id(ByteBuf m) {
        return m.getUnsignedShort(m.readerIndex());
    }

    public static void setId(ByteBuf m, int id) {
        m.setShort(m.readerIndex(), id);
    }

    static int flags(ByteBuf m) {
        return m.getUnsignedShort(m.readerIndex() + 2);
    }

    public static boolean isResponse(ByteBuf m) {
        return (flags(m) & QR) != 0;
    }

    /** 0 = a standard query. */
    public static int opcode(ByteBuf m) {
        return (flags(m) & OPCODE) >> 11;
    }

    public static boolean isTruncated(ByteBuf m) {
        return (flags(m) & TC) != 0;
    }

    public static int rcode(ByteBuf m) {
        return flags(m) & 0xf;
    }

    public static int questions(ByteBuf m) {
        return m.getUnsignedShort(m.readerIndex() + 4);
    }

    public static int answers(ByteBuf m) {
        return m.getUnsignedShort(m.readerIndex() + 6);
    }

    static int records(ByteBuf m) {
        int at = m.readerIndex();
        return m.getUnsignedShort(at + 6) + m.getUnsignedShort(at + 8) + m.getUnsignedShort(at + 10);
    }

    /** The offset after the name at {@code at}, which may end in a pointer; -1 when it runs out of the message. */
    static int skipName(ByteBuf m, int at) {
        int start = m.readerIndex();
        int length = m.readableBytes();
        int offset = at;
        while (offset < length) {
            int label = m.getUnsignedByte(start + offset);
            if (label == 0) {
                return offset + 1;
            }
            if (label >= 0xc0) {
                return offset + 2 <= length ? offset + 2 : NAME_END;
            }
            if (label > 63) {
                return NAME_END;
            }
            offset += label + 1;
        }
        return NAME_END;
    }

    /** The offset of the first record; -1 when the questions run out of the message. */
    static int firstRecord(ByteBuf m) {
        int at = HEADER;
        for (int i = questions(m); i > 0; i--) {
            at = skipName(m, at);
            if (at < 0 || at + 4 > m.readableBytes()) {
                return -1;
            }
            at += 4;
        }
        return at;
    }

    /** What is done with each record. */
    @FunctionalInterface
    interface RecordVisitor {
        /** @param fixed offset of the record's type; class, time to live and length follow */
        void record(ByteBuf m, int fixed, int type);
    }

    /** Goes through the records of all sections; false when one runs out of the message. */
    static boolean eachRecord(ByteBuf m, RecordVisitor visitor) {
        int at = firstRecord(m);
        int start = m.readerIndex();
        int length = m.readableBytes();
        for (int i = records(m); i > 0; i--) {
            int fixed = at < 0 ? -1 : skipName(m, at);
            if (fixed < 0 || fixed + 10 > length) {
                return false;
            }
            at = fixed + 10 + m.getUnsignedShort(start + fixed + 8);
            if (at > length) {
                return false;
            }
            visitor.record(m, fixed, m.getUnsignedShort(start + fixed));
        }
        return true;
    }

    /** The largest message over UDP that its sender takes (RFC 6891): 512 when it does not say, and never less. */
    public static int udpPayload(ByteBuf m) {
        if (m.readableBytes() < HEADER || m.getUnsignedShort(m.readerIndex() + 10) == 0) {
            return MIN_UDP;
        }
        int[] size = {MIN_UDP};
        eachRecord(m, (message, fixed, type) -> {
            if (type == TYPE_OPT) {
                size[0] = Math.max(MIN_UDP, message.getUnsignedShort(message.readerIndex() + fixed + 2));
            }
        });
        return size[0];
    }

    private static boolean hasTtl(int type) {
        return type != TYPE_OPT && type != TYPE_TSIG; // whose field means something else
    }

    /** Gives every record the time to live; what cannot be read stays as it is. */
    public static void setTtls(ByteBuf m, long seconds) {
        if (m.readableBytes() < HEADER) {
            return;
        }
        eachRecord(m, (message, fixed, type) -> {
            if (hasTtl(type)) {
                message.setInt(message.readerIndex() + fixed + 4, (int) seconds);
            }
        });
    }

    /** Takes {@code seconds} off every record's time to live. */
    public static void age(ByteBuf m, long seconds) {
        eachRecord(m, (message, fixed, type) -> {
            if (hasTtl(type)) {
                int at = message.readerIndex() + fixed + 4;
                message.setInt(at, (int) Math.max(0, message.getUnsignedInt(at) - seconds));
            }
        });
    }

    /** For how many seconds the answer may be kept (RFC 1035, 2308): 0 = not at all. */
    public static long lifetime(ByteBuf m) {
        int rcode = rcode(m);
        if (isTruncated(m) || rcode != NOERROR && rcode != NXDOMAIN) {
            return 0;
        }
        long[] least = {Long.MAX_VALUE};
        boolean[] negative = {answers(m) == 0};
        boolean whole = eachRecord(m, (message, fixed, type) -> {
            if (!hasTtl(type)) {
                return;
            }
            int at = message.readerIndex() + fixed;
            least[0] = Math.min(least[0], message.getUnsignedInt(at + 4));
            int length = message.getUnsignedShort(at + 8);
            if (type == TYPE_SOA && length >= 4) {
                negative[0] = false;
                if (answers(message) == 0) {
                    least[0] = Math.min(least[0], message.getUnsignedInt(at + 10 + length - 4));
                }
            }
        });
        // Without a SOA record a negative answer does not say how long it holds.
        return !whole || negative[0] || least[0] == Long.MAX_VALUE ? 0 : least[0] & 0x7fff_ffffL;
    }
}
