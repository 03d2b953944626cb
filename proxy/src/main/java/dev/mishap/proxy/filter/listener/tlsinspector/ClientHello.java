package dev.mishap.proxy.filter.listener.tlsinspector;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The first message of a TLS client, read from bytes that stay where they are. The message may be spread over several records
 * (RFC 8446 5.1). A message that a server would refuse is no hello.
 */
final class ClientHello {
    /** What the bytes are. */
    enum Result {
        PARTIAL,
        FOUND,
        NOT_TLS
    }

    private static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int MAX_RECORD = 16384 + 2048;
    private static final int SERVER_NAME = 0;
    private static final int GROUPS = 10;
    private static final int POINT_FORMATS = 11;
    private static final int ALPN = 16;

    private @Nullable String serverName;
    private List<String> protocols = List.of();
    private int version;
    private final List<Integer> ciphers = new ArrayList<>();
    private final List<Integer> extensions = new ArrayList<>();
    private final List<Integer> groups = new ArrayList<>();
    private final List<Integer> pointFormats = new ArrayList<>();
    private int size;

    /** Reads the hello at the reader index of {@code in}, which does not move, from no more than {@code max} bytes. */
    Result read(ByteBuf in, int max) {
        byte[] message = new byte[0];
        int at = in.readerIndex();
        int end = Math.min(in.writerIndex(), at + max);
        int needed = 4;
        int have = 0;
        while (have < needed) {
            if (end - at < 5) {
                return Result.PARTIAL;
            }
            int length = in.getUnsignedShort(at + 3);
            if (in.getUnsignedByte(at) != HANDSHAKE || in.getByte(at + 1) != 3 || length == 0 || length > MAX_RECORD) {
                return Result.NOT_TLS;
            }
            if (end - at - 5 < length) {
                return Result.PARTIAL;
            }
            if (message.length < have + length) {
                message = java.util.Arrays.copyOf(message, have + length);
            }
            in.getBytes(at + 5, message, have, length);
            have += length;
            at += 5 + length;
            if (have >= 4) {
                needed = 4 + ((message[1] & 0xff) << 16 | (message[2] & 0xff) << 8 | message[3] & 0xff);
                if (message[0] != CLIENT_HELLO || needed > max) {
                    return Result.NOT_TLS;
                }
            }
        }
        size = at - in.readerIndex();
        try {
            parse(new Bytes(message, 4, needed));
            return Result.FOUND;
        } catch (IndexOutOfBoundsException e) {
            return Result.NOT_TLS; // a length that points out of what holds it
        }
    }

    private void parse(Bytes in) {
        version = in.number(2);
        in.part(32);
        in.part(in.number(1)); // session id
        Bytes suites = in.part(in.number(2));
        while (suites.more()) {
            ciphers.add(suites.number(2));
        }
        in.part(in.number(1)); // compression methods
        if (!in.more()) {
            return;
        }
        Bytes all = in.part(in.number(2));
        Set<Integer> seen = new HashSet<>();
        while (all.more()) {
            int type = all.number(2);
            Bytes value = all.part(all.number(2));
            if (!seen.add(type)) {
                throw new IndexOutOfBoundsException("an extension comes twice");
            }
            extensions.add(type);
            extension(type, value);
        }
        if (in.more()) {
            throw new IndexOutOfBoundsException("bytes after the extensions");
        }
    }

    private void extension(int type, Bytes value) {
        switch (type) {
            case SERVER_NAME:
                Bytes names = value.part(value.number(2));
                while (names.more()) {
                    int kind = names.number(1);
                    String name = names.part(names.number(2)).text();
                    if (kind == 0 && serverName == null && !name.isEmpty()) {
                        serverName = name;
                    }
                }
                break;
            case ALPN:
                Bytes list = value.part(value.number(2));
                protocols = new ArrayList<>();
                while (list.more()) {
                    protocols.add(list.part(list.number(1)).text());
                }
                break;
            case GROUPS:
                Bytes named = value.part(value.number(2));
                while (named.more()) {
                    groups.add(named.number(2));
                }
                break;
            case POINT_FORMATS:
                Bytes formats = value.part(value.number(1));
                while (formats.more()) {
                    pointFormats.add(formats.number(1));
                }
                break;
            default:
                break;
        }
    }

    @Nullable
    String serverName() {
        return serverName;
    }

    /** The protocols that the client offers, in its order. */
    List<String> protocols() {
        return protocols;
    }

    /** Bytes of the hello with its record headers. */
    int size() {
        return size;
    }

    /** The JA3 fingerprint: the MD5 of what the client offers, without the values that clients make up (RFC 8701). */
    String ja3() {
        StringBuilder text = new StringBuilder().append(version);
        for (List<Integer> part : List.of(ciphers, extensions, groups, pointFormats)) {
            text.append(',');
            boolean first = true;
            for (int value : part) {
                boolean made = part != pointFormats && (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
                if (!made) {
                    text.append(first ? "" : "-").append(value);
                    first = false;
                }
            }
        }
        try {
            byte[] digest =
                    MessageDigest.getInstance("MD5").digest(text.toString().getBytes(StandardCharsets.US_ASCII));
            return ByteBufUtil.hexDump(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A part of the message, read from its start on. */
    private static final class Bytes {
        private final byte[] array;
        private final int end;
        private int at;

        Bytes(byte[] array, int at, int end) {
            this.array = array;
            this.at = at;
            this.end = end;
        }

        boolean more() {
            return at < end;
        }

        int number(int bytes) {
            int value = 0;
            for (int i = 0; i < bytes; i++) {
                if (at >= end) {
                    throw new IndexOutOfBoundsException();
                }
                value = value << 8 | array[at++] & 0xff;
            }
            return value;
        }

        Bytes part(int length) {
            if (length > end - at) {
                throw new IndexOutOfBoundsException();
            }
            Bytes part = new Bytes(array, at, at + length);
            at += length;
            return part;
        }

        String text() {
            return new String(array, at, end - at, StandardCharsets.ISO_8859_1);
        }
    }
}
