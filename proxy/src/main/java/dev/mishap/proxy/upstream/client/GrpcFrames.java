package dev.mishap.proxy.upstream.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Length-prefixed messages of a gRPC response, cut from its bytes. A message that is compressed, which nobody asked for, or longer
 * than the limit ends the stream.
 */
final class GrpcFrames {
    static final int PREFIX = 5;

    private final int maxBytes;
    private final byte[] prefix = new byte[PREFIX];
    private int prefixBytes;
    private byte[] message = {};
    private int messageBytes;

    GrpcFrames(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** Where messages go. */
    interface Sink {
        /** Whether more is wanted. */
        boolean onMessage(byte[] message);
    }

    /** Reads {@code borrowed}; null when all is well, else what is wrong. */
    @Nullable
    GrpcStatus read(ByteBuf borrowed, Sink sink) {
        while (borrowed.isReadable() || prefixBytes == PREFIX && messageBytes == message.length) {
            if (prefixBytes < PREFIX) {
                prefix[prefixBytes++] = borrowed.readByte();
                if (prefixBytes == PREFIX) {
                    GrpcStatus wrong = begin();
                    if (wrong != null) {
                        return wrong;
                    }
                }
                continue;
            }
            int n = Math.min(borrowed.readableBytes(), message.length - messageBytes);
            borrowed.readBytes(message, messageBytes, n);
            messageBytes += n;
            if (messageBytes == message.length) {
                byte[] whole = message;
                prefixBytes = 0;
                message = new byte[0];
                messageBytes = 0;
                if (!sink.onMessage(whole)) {
                    return null;
                }
            }
        }
        return null;
    }

    private @Nullable GrpcStatus begin() {
        long length = (prefix[1] & 0xffL) << 24 | (prefix[2] & 0xff) << 16 | (prefix[3] & 0xff) << 8 | prefix[4] & 0xff;
        if (prefix[0] != 0) {
            return new GrpcStatus(GrpcStatus.INTERNAL, "compressed message without a compression that was asked for");
        }
        if (length > maxBytes) {
            return new GrpcStatus(
                    GrpcStatus.RESOURCE_EXHAUSTED,
                    "message of " + length + " bytes, at most " + maxBytes + " are taken");
        }
        message = new byte[(int) length];
        messageBytes = 0;
        return null;
    }

    /** Whether the bytes so far end in the middle of a message. */
    boolean isPartial() {
        return prefixBytes > 0;
    }

    /** A message with its prefix. */
    static ByteBuf frame(byte[] message, int offset, int length) {
        ByteBuf out = Unpooled.buffer(PREFIX + length);
        out.writeByte(0);
        out.writeInt(length);
        return out.writeBytes(message, offset, length);
    }
}
