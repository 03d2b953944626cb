package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A peer's side of a connection in a test: writes frames, and reads ours to one line each. */
public final class Wire {
    private static final String[] TYPES = {
        "DATA", "HEADERS", "PRIORITY", "RST", "SETTINGS", "PUSH", "PING", "GOAWAY", "WINDOW", "CONTINUATION"
    };
    private final HpackEncoder encoder = new HpackEncoder(4096);
    private final HpackDecoder decoder = new HpackDecoder(4096);
    private final ByteBuf received = Unpooled.buffer();

    public static ByteBuf frame(int type, int flags, int stream, byte... payload) {
        return Unpooled.buffer()
                .writeMedium(payload.length)
                .writeByte(type)
                .writeByte(flags)
                .writeInt(stream)
                .writeBytes(payload);
    }

    public static ByteBuf preface() {
        return Unpooled.buffer().writeBytes(H2Frame.PREFACE).writeBytes(frame(H2Frame.SETTINGS, 0, 0));
    }

    public static ByteBuf data(int stream, String text, boolean end) {
        return frame(H2Frame.DATA, end ? 1 : 0, stream, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    public static ByteBuf reset(int stream, int code) {
        return frame(H2Frame.RST_STREAM, 0, stream, int32(code));
    }

    public static ByteBuf windowUpdate(int stream, int n) {
        return frame(H2Frame.WINDOW_UPDATE, 0, stream, int32(n));
    }

    public static byte[] int32(int n) {
        return new byte[] {(byte) (n >> 24), (byte) (n >> 16), (byte) (n >> 8), (byte) n};
    }

    /** A block of lines "name=value". */
    public byte[] block(String... lines) {
        HeaderMap map = new HeaderMap();
        for (String line : lines) {
            int eq = line.indexOf('=');
            map.add(HeaderName.unshared(line.substring(0, eq)), line.substring(eq + 1));
        }
        byte[] to = new byte[HpackEncoder.bound(map)];
        return java.util.Arrays.copyOf(to, encoder.encode(map, to));
    }

    public ByteBuf headers(int stream, boolean end, String... lines) {
        return frame(H2Frame.HEADERS, end ? 5 : 4, stream, block(lines));
    }

    public ByteBuf get(int stream, String path) {
        return headers(stream, true, ":method=GET", ":scheme=http", ":path=" + path, ":authority=a");
    }

    public ByteBuf post(int stream, String path, String... more) {
        List<String> lines = new ArrayList<>(List.of(":method=POST", ":scheme=http", ":path=" + path, ":authority=a"));
        lines.addAll(List.of(more));
        return headers(stream, false, lines.toArray(new String[0]));
    }

    public void read(ByteBuf bytes) {
        received.writeBytes(bytes);
        bytes.release();
    }

    /** The frames that have come, one a line. */
    public List<String> lines() {
        List<String> out = new ArrayList<>();
        while (received.readableBytes() >= 9) {
            int length = received.getUnsignedMedium(received.readerIndex());
            if (received.readableBytes() < 9 + length) {
                break;
            }
            received.skipBytes(3);
            int type = received.readUnsignedByte();
            int flags = received.readUnsignedByte();
            int stream = received.readInt();
            byte[] p = new byte[length];
            received.readBytes(p);
            out.add(line(type, flags, stream, p));
        }
        return out;
    }

    private String line(int type, int flags, int stream, byte[] p) {
        String start = TYPES[type] + " " + stream;
        switch (type) {
            case H2Frame.DATA:
                return start + " " + (p.length < 40 ? new String(p, StandardCharsets.ISO_8859_1) : p.length + " bytes")
                        + ((flags & 1) == 0 ? "" : " end");
            case H2Frame.HEADERS:
                HeaderMap map = new HeaderMap();
                decoder.decode(p, 0, p.length, map, 1 << 20, 1000);
                map.remove(HeaderName.DATE);
                map.remove(HeaderName.SERVER);
                return start + " " + map + ((flags & 1) == 0 ? "" : " end");
            case H2Frame.RST_STREAM:
                return start + " " + H2Frame.int32(p, 0);
            case H2Frame.GOAWAY:
                return "GOAWAY " + H2Frame.int32(p, 0) + " " + H2Frame.int32(p, 4);
            case H2Frame.WINDOW_UPDATE:
                return start + " " + H2Frame.int32(p, 0);
            default:
                return TYPES[type] + ((flags & 1) == 0 ? "" : " ack");
        }
    }
}
