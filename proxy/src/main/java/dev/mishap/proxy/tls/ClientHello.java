package dev.mishap.proxy.tls;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a server chooses its certificate by.
 *
 * @param serverName as the client wrote it, {@code ""} when there is none
 * @param ecdsa whether the client can check an ECDSA signature with P-256
 * @param asksStatus whether the client wants to know what the certificate's authority says of it (OCSP)
 */
record ClientHello(String serverName, boolean ecdsa, boolean asksStatus) {
    /** A client that says nothing. */
    static final ClientHello NONE = new ClientHello("", false, false);

    /** Bytes of a hello, records' heads included, beyond which it is not read. */
    static final int MAX_BYTES = 16 * 1024;

    private static final int RECORD_HEAD = 5;
    private static final int HANDSHAKE = 22;
    private static final int SERVER_NAME = 0;
    private static final int STATUS_REQUEST = 5;
    private static final int OCSP = 1;
    private static final int SIGNATURE_ALGORITHMS = 13;
    private static final int SUPPORTED_VERSIONS = 43;

    /** Reads the hello at {@code in}, whose indices stay; null while bytes are missing. Bytes that are none give {@link #NONE}. */
    static @Nullable ClientHello parse(ByteBuf in) {
        byte[] message = message(in);
        if (message == null) {
            return in.readableBytes() >= MAX_BYTES ? NONE : null;
        }
        try {
            return message.length == 0 ? NONE : new Reader(message).hello();
        } catch (IndexOutOfBoundsException e) {
            return NONE; // the engine says what is wrong with it
        }
    }

    /** The handshake message out of its records; empty when there is none, null while it is not complete. */
    private static byte @Nullable [] message(ByteBuf in) {
        int at = in.readerIndex();
        byte[] message = new byte[Math.min(in.readableBytes(), MAX_BYTES)];
        int have = 0;
        while (true) {
            if (in.writerIndex() - at < RECORD_HEAD) {
                return in.isReadable() && in.getByte(in.readerIndex()) != HANDSHAKE ? new byte[0] : null;
            }
            int length = in.getUnsignedShort(at + 3);
            if (in.getByte(at) != HANDSHAKE || in.getByte(at + 1) != 3 || length == 0) {
                return new byte[0];
            }
            int there = Math.min(length, in.writerIndex() - at - RECORD_HEAD);
            int taken = Math.min(there, message.length - have);
            in.getBytes(at + RECORD_HEAD, message, have, taken);
            have += taken;
            if (have >= 4) {
                if (message[0] != 1) {
                    return new byte[0];
                }
                int wanted = 4 + ((message[1] & 0xff) << 16 | (message[2] & 0xff) << 8 | message[3] & 0xff);
                if (wanted > MAX_BYTES) {
                    return new byte[0];
                }
                if (have >= wanted) {
                    return java.util.Arrays.copyOf(message, wanted);
                }
            }
            if (there < length) {
                return null;
            }
            at += RECORD_HEAD + length;
        }
    }

    private static final class Reader {
        private final byte[] b;
        private int at = 4 + 2 + 32;

        Reader(byte[] message) {
            this.b = message;
        }

        private int u8() {
            return b[at++] & 0xff;
        }

        private int u16() {
            return u8() << 8 | u8();
        }

        private void skip(int n) {
            at += n;
        }

        ClientHello hello() {
            skip(u8()); // session id
            int suites = u16();
            boolean ecdsaSuite = false;
            for (int last = at + suites; at < last; ) {
                int suite = u16();
                ecdsaSuite |=
                        suite == 0xc02b || suite == 0xc02c || suite == 0xcca9 || suite == 0xc009 || suite == 0xc00a;
            }
            skip(u8()); // compression
            String name = "";
            boolean signature = false;
            boolean tls13 = false;
            boolean status = false;
            int extensions = at + 2 <= b.length ? u16() : 0;
            int end = at + extensions;
            while (at + 4 <= end) {
                int type = u16();
                int length = u16();
                int next = at + length;
                if (next > b.length) {
                    throw new IndexOutOfBoundsException();
                }
                if (type == SERVER_NAME) {
                    name = serverName(next);
                } else if (type == STATUS_REQUEST) {
                    status = next > at && u8() == OCSP;
                } else if (type == SIGNATURE_ALGORITHMS) {
                    signature = contains(0x0403, 2, next);
                } else if (type == SUPPORTED_VERSIONS) {
                    tls13 = contains(0x0304, 1, next);
                }
                at = next;
            }
            return new ClientHello(name, signature && (tls13 || ecdsaSuite), status);
        }

        private String serverName(int end) {
            at += 2;
            while (at + 3 <= end) {
                int type = u8();
                int length = u16();
                if (at + length > end) {
                    throw new IndexOutOfBoundsException();
                }
                if (type == 0) {
                    return new String(b, at, length, StandardCharsets.ISO_8859_1);
                }
                at += length;
            }
            return "";
        }

        /** Whether a list of two-byte values, after a length of {@code head} bytes, has {@code value}. */
        private boolean contains(int value, int head, int end) {
            at += head;
            while (at + 2 <= end) {
                if (u16() == value) {
                    return true;
                }
            }
            return false;
        }
    }
}
