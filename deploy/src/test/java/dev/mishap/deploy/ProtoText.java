package dev.mishap.deploy;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A protobuf message as text, without its schema: {@code {1:"u1",3:{2:5}}}. What prints is taken for a string, what parses for a
 * message, and the fields of a message are sorted, so that two messages that say the same look the same.
 */
final class ProtoText {
    private final byte[] bytes;
    private final int end;
    private final Predicate<String> masked;
    private int at;

    private ProtoText(byte[] bytes, int from, int end, Predicate<String> masked) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
        this.masked = masked;
    }

    /** @param masked which fields show as {@code *}, by their path: {@code 2.1.5} */
    static String of(byte[] message, Predicate<String> masked) {
        String text = new ProtoText(message, 0, message.length, masked).message("");
        if (text == null) {
            throw new AssertionError("not a message: " + HexFormat.of().formatHex(message));
        }
        return text;
    }

    /** The fields of a message whose number is {@code field}, as bytes. */
    static List<byte[]> fields(byte[] message, int field) {
        List<byte[]> found = new ArrayList<>();
        ProtoText p = new ProtoText(message, 0, message.length, path -> false);
        while (p.at < p.end) {
            long tag = p.varint();
            switch ((int) tag & 7) {
                case 0 -> p.varint();
                case 1 -> p.at += 8;
                case 2 -> {
                    int length = (int) p.varint();
                    if (tag >>> 3 == field) {
                        found.add(Arrays.copyOfRange(message, p.at, p.at + length));
                    }
                    p.at += length;
                }
                default -> p.at += 4;
            }
        }
        return found;
    }

    private @Nullable String message(String path) {
        List<String> fields = new ArrayList<>();
        while (at < end) {
            long tag = varint();
            int field = (int) (tag >>> 3);
            String inner = path.isEmpty() ? Integer.toString(field) : path + "." + field;
            String value = field == 0 || at > end ? null : value((int) tag & 7, inner);
            if (value == null || at > end) {
                return null;
            }
            fields.add(field + ":" + (masked.test(inner) ? "*" : value));
        }
        fields.sort(null);
        return "{" + String.join(",", fields) + "}";
    }

    private @Nullable String value(int wireType, String path) {
        switch (wireType) {
            case 0:
                return Long.toString(varint());
            case 1:
                return fixed(8);
            case 2:
                long length = varint();
                if (length < 0 || length > end - at) {
                    return null;
                }
                int from = at;
                at += (int) length;
                String text = string(from, at);
                String nested = text != null ? null : new ProtoText(bytes, from, at, masked).message(path);
                return text != null
                        ? "\"" + text + "\""
                        : nested != null ? nested : HexFormat.of().formatHex(bytes, from, at);
            case 5:
                return fixed(4);
            default:
                return null;
        }
    }

    private @Nullable String fixed(int n) {
        at += n;
        return at > end ? null : "0x" + HexFormat.of().formatHex(bytes, at - n, at);
    }

    private @Nullable String string(int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] >= 0 && bytes[i] < ' ') {
                return null;
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, from, to - from))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 64 && at < end; shift += 7) {
            byte b = bytes[at++];
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        at = end + 1; // cut
        return -1;
    }
}
