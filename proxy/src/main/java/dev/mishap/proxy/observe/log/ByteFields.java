package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.http.BytesMeter;
import dev.mishap.proxy.http.StreamInfo;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Operators that count bytes on the wire: {@code DOWNSTREAM_WIRE_BYTES_SENT} and the like. */
final class ByteFields {
    private ByteFields() {}

    /** The operator called {@code name}, or null. */
    static @Nullable Field create(String name) {
        if (name.startsWith("DOWNSTREAM_")) {
            return counter(name.substring("DOWNSTREAM_".length()), i -> i.downstreamBytes);
        }
        if (name.startsWith("UPSTREAM_")) {
            return counter(name.substring("UPSTREAM_".length()), i -> i.upstreamBytes);
        }
        return switch (name) {
            // of UDP only
            case "BYTES_RETRANSMITTED", "PACKETS_RETRANSMITTED" -> number(i -> 0);
            default -> null;
        };
    }

    private static @Nullable Field counter(String what, Function<StreamInfo, BytesMeter> meter) {
        return switch (what) {
            case "WIRE_BYTES_RECEIVED" -> number(i -> meter.apply(i).wireReceived);
            case "WIRE_BYTES_SENT" -> number(i -> meter.apply(i).wireSent);
            case "HEADER_BYTES_RECEIVED" -> number(i -> meter.apply(i).headerReceived);
            case "HEADER_BYTES_SENT" -> number(i -> meter.apply(i).headerSent);
            case "DECOMPRESSED_HEADER_BYTES_RECEIVED" -> number(i -> meter.apply(i).plainHeaderReceived);
            case "DECOMPRESSED_HEADER_BYTES_SENT" -> number(i -> meter.apply(i).plainHeaderSent);
            default -> null;
        };
    }

    private static Field number(ToLongFunction<StreamInfo> value) {
        return new Field.NumberField() {
            @Override
            long value(LogContext context) {
                return value.applyAsLong(context.info());
            }
        };
    }
}
