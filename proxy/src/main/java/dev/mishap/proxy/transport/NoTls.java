package dev.mishap.proxy.transport;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** First bytes of a connection that are no TLS record, and what BoringSSL says of them. */
public enum NoTls {
    HTTP_REQUEST(0x9c),
    HTTPS_PROXY_REQUEST(0x9b),
    WRONG_VERSION_NUMBER(0xf7);

    /** The number of the reason within BoringSSL's library of TLS. */
    public final int reason;

    private final String inspected;

    NoTls(int reason) {
        this.reason = reason;
        this.inspected = "TLS_error|error:100000" + Integer.toHexString(reason) + ":SSL routines:OPENSSL_internal:"
                + name() + ":TLS_error_end";
    }

    /** What {@code first} is; null when it is too short to tell, or looks like a record. */
    public static @Nullable NoTls of(ByteBuf first) {
        if (first.readableBytes() < 5) {
            return null;
        }
        int at = first.readerIndex();
        int start = first.getInt(at);
        int fifth = first.getByte(at + 4);
        return switch (start) {
            case 'G' << 24 | 'E' << 16 | 'T' << 8 | ' ', 'P' << 24 | 'U' << 16 | 'T' << 8 | ' ' -> HTTP_REQUEST;
            case 'P' << 24 | 'O' << 16 | 'S' << 8 | 'T', 'H' << 24 | 'E' << 16 | 'A' << 8 | 'D' ->
                fifth == ' ' ? HTTP_REQUEST : WRONG_VERSION_NUMBER;
            case 'C' << 24 | 'O' << 16 | 'N' << 8 | 'N' -> fifth == 'E' ? HTTPS_PROXY_REQUEST : WRONG_VERSION_NUMBER;
            default -> (start >> 16 & 0xff) == 3 ? null : WRONG_VERSION_NUMBER;
        };
    }

    /** How a TLS inspector's failure to find TLS is told ({@code DOWNSTREAM_TRANSPORT_FAILURE_REASON}). */
    public String inspected() {
        return inspected;
    }
}
