package dev.mishap.proxy.dns.wire;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/** Reads the question of a message in place. One for a loop, used again and again; what it read holds until the next time. */
public final class QuestionReader {
    private static final int MAX_NAME = 255;
    private static final String[] TYPES = new String[258];

    static {
        Arrays.fill(TYPES, "");
        String[] known = {
            "1", "A", "2", "NS", "5", "CNAME", "6", "SOA", "12", "PTR", "15", "MX", "16", "TXT", "28", "AAAA", "33",
            "SRV", "35", "NAPTR", "43", "DS", "48", "DNSKEY", "64", "SVCB", "65", "HTTPS", "257", "CAA"
        };
        for (int i = 0; i < known.length; i += 2) {
            TYPES[Integer.parseInt(known[i])] = known[i + 1];
        }
    }

    private final StringBuilder text = new StringBuilder(64);
    private int end;
    private int type;
    private int klass;

    /**
     * Reads the question of {@code m}.
     *
     * @return false when there is not exactly one, or its name is longer than 255 bytes, has a pointer (there is nothing before it to
     *     point to) or runs out of the message
     */
    public boolean read(ByteBuf m) {
        int start = m.readerIndex();
        int length = m.readableBytes();
        if (length < DnsMessage.HEADER || DnsMessage.questions(m) != 1) {
            return false;
        }
        int at = DnsMessage.HEADER;
        int label;
        do {
            if (at >= length) {
                return false;
            }
            label = m.getUnsignedByte(start + at);
            at += label + 1;
            if (label > 63 || at - DnsMessage.HEADER > MAX_NAME) {
                return false;
            }
        } while (label != 0);
        if (at + 4 > length) {
            return false;
        }
        type = m.getUnsignedShort(start + at);
        klass = m.getUnsignedShort(start + at + 2);
        end = at + 4;
        return true;
    }

    /** The offset after the question. */
    public int end() {
        return end;
    }

    public int type() {
        return type;
    }

    /** The question's class; 1 = IN. */
    public int klass() {
        return klass;
    }

    /** The name of a type as rules have it. */
    public static String typeName(int type) {
        String known = type < TYPES.length ? TYPES[type] : "";
        return known.isEmpty() ? "TYPE" + type : known;
    }

    /** The name that was read from {@code m}, without the dot at its end; a dot or backslash in a label has a backslash before it. */
    public String name(ByteBuf m, boolean lowerCase) {
        text.setLength(0);
        int at = m.readerIndex() + DnsMessage.HEADER;
        for (int label = m.getUnsignedByte(at); label != 0; label = m.getUnsignedByte(at)) {
            if (text.length() > 0) {
                text.append('.');
            }
            for (int i = 1; i <= label; i++) {
                append(m.getUnsignedByte(at + i), lowerCase);
            }
            at += label + 1;
        }
        return text.toString();
    }

    private void append(int b, boolean lowerCase) {
        if (lowerCase && b >= 'A' && b <= 'Z') {
            text.append((char) (b + 32));
        } else if (b == '.' || b == '\\') {
            text.append('\\').append((char) b);
        } else if (b > ' ' && b < 0x7f) {
            text.append((char) b);
        } else {
            text.append('\\')
                    .append((char) ('0' + b / 100))
                    .append((char) ('0' + b / 10 % 10))
                    .append((char) ('0' + b % 10));
        }
    }

    /**
     * Whether {@code answer} repeats the question of {@code query}, whose question ends at {@code questionEnd}. Letters may differ in
     * case, as servers that fold them answer.
     */
    public static boolean same(ByteBuf query, int questionEnd, ByteBuf answer) {
        if (answer.readableBytes() < questionEnd || DnsMessage.questions(answer) != 1) {
            return false;
        }
        int a = query.readerIndex();
        int b = answer.readerIndex();
        for (int i = DnsMessage.HEADER; i < questionEnd; i++) {
            byte x = query.getByte(a + i);
            byte y = answer.getByte(b + i);
            if (x != y && (i >= questionEnd - 4 || lower(x) != lower(y))) {
                return false;
            }
        }
        return true;
    }

    private static int lower(byte b) {
        return b >= 'A' && b <= 'Z' ? b + 32 : b;
    }
}
