package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Bytes to send or to look for. */
final class Payload {
    private Payload() {}

    static byte[] from(@Nullable ConfigNode node) {
        if (node == null) {
            return new byte[0];
        }
        if ("text".equals(node.oneof("payload"))) {
            String hex = node.string("text");
            try {
                return ByteBufUtil.decodeHexDump(hex);
            } catch (IllegalArgumentException e) {
                throw new ConfigException("invalid hex string '" + hex + "'");
            }
        }
        return node.string("binary").getBytes(StandardCharsets.ISO_8859_1);
    }

    static List<byte[]> listFrom(List<ConfigNode> nodes) {
        List<byte[]> all = new ArrayList<>();
        nodes.forEach(n -> all.add(from(n)));
        return List.copyOf(all);
    }

    /** Whether all of {@code wanted} are in {@code borrowed}, in this order, with anything between them. */
    static boolean containsInOrder(List<byte[]> wanted, ByteBuf borrowed) {
        int from = borrowed.readerIndex();
        for (byte[] piece : wanted) {
            int at = indexOf(piece, borrowed, from);
            if (at < 0) {
                return false;
            }
            from = at + piece.length;
        }
        return true;
    }

    private static int indexOf(byte[] piece, ByteBuf in, int from) {
        for (int i = from; i + piece.length <= in.writerIndex(); i++) {
            int k = 0;
            while (k < piece.length && in.getByte(i + k) == piece[k]) {
                k++;
            }
            if (k == piece.length) {
                return i;
            }
        }
        return -1;
    }
}
