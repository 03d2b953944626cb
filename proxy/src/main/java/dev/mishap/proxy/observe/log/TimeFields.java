package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.FormatParser.Command;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.function.ToLongFunction;

/** Points in time and durations. */
final class TimeFields {
    private TimeFields() {}

    static Field create(Command command) {
        return switch (command.name()) {
            case "START_TIME" -> time(command, i -> i.startTimeEpochNanos, ZoneOffset.UTC);
            case "START_TIME_LOCAL" -> time(command, i -> i.startTimeEpochNanos, ZoneId.systemDefault());
            case "EMIT_TIME" -> time(command, i -> now(), ZoneOffset.UTC);
            case "EMIT_TIME_LOCAL" -> time(command, i -> now(), ZoneId.systemDefault());
            default -> commonDuration(command);
        };
    }

    private static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    private static Field time(Command command, ToLongFunction<StreamInfo> epochNanos, ZoneId zone) {
        if (command.maxLength() >= 0) {
            throw new ConfigException(command.name() + " does not allow length to be specified.");
        }
        String format = command.parameters();
        if (format.indexOf('\r') >= 0 || format.indexOf('\0') >= 0 || format.contains("%n")) {
            throw new ConfigException("Invalid header configuration. Format string contains newline.");
        }
        boolean local = command.name().endsWith("_LOCAL");
        TimeFormat compiled =
                TimeFormat.of(format.isEmpty() ? (local ? "%Y-%m-%dT%H:%M:%E3S%z" : TimeFormat.DEFAULT) : format, zone);
        return new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                long nanos = epochNanos.applyAsLong(context.info());
                if (nanos == 0) {
                    return false;
                }
                compiled.append(nanos, out);
                return true;
            }
        };
    }

    static Field duration(String name) {
        return switch (name) {
            case "DURATION" -> between(i -> i.startNanos, i -> i.endNanos, 1_000_000);
            case "REQUEST_DURATION" -> between(i -> i.startNanos, i -> i.requestEndNanos, 1_000_000);
            case "REQUEST_TX_DURATION" -> between(i -> i.startNanos, i -> i.upstreamLastTxNanos, 1_000_000);
            case "RESPONSE_DURATION" -> between(i -> i.startNanos, i -> i.upstreamFirstRxNanos, 1_000_000);
            default -> between(i -> i.upstreamFirstRxNanos, i -> i.endNanos, 1_000_000);
        };
    }

    /** {@code COMMON_DURATION(FROM:TO[:ms|us|ns])} between two points of a request's life. */
    private static Field commonDuration(Command command) {
        if (command.parameters().isEmpty()) {
            throw new ConfigException("COMMON_DURATION requires parameters");
        }
        String[] parts = command.parameters().split(":", -1);
        if (parts.length < 2 || parts.length > 3) {
            throw new ConfigException("Invalid common duration configuration: " + command.parameters() + ".");
        }
        long unit = switch (parts.length == 3 ? parts[2] : "ms") {
            case "ms" -> 1_000_000;
            case "us" -> 1_000;
            case "ns" -> 1;
            default -> throw new ConfigException("Invalid common duration precision: " + parts[2] + ".");
        };
        return between(point(parts[0]), point(parts[1]), unit);
    }

    private static ToLongFunction<StreamInfo> point(String name) {
        return switch (name) {
            case "DS_RX_BEG" -> i -> i.startNanos;
            case "DS_RX_END" -> i -> i.requestEndNanos;
            case "US_TX_BEG" -> i -> i.upstreamFirstTxNanos;
            case "US_TX_END" -> i -> i.upstreamLastTxNanos;
            case "US_RX_BEG" -> i -> i.upstreamFirstRxNanos;
            case "US_RX_END" -> i -> i.upstreamLastRxNanos;
            case "DS_TX_BEG" -> i -> i.downstreamFirstTxNanos;
            case "DS_TX_END" -> i -> i.endNanos;
            case "US_CX_BEG" -> i -> i.upstreamConnectStartNanos;
            case "US_CX_END" -> i -> i.upstreamConnectEndNanos;
            case "US_RX_BODY_BEG" -> i -> i.upstreamFirstBodyNanos;
            case "US_HS_END" ->
                throw new ConfigException("The time point " + name + " of %COMMON_DURATION% is not supported");
            // a name that no filter sets: never reached
            default -> i -> 0;
        };
    }

    private static Field between(ToLongFunction<StreamInfo> from, ToLongFunction<StreamInfo> to, long unit) {
        return new Field.NumberField() {
            @Override
            long value(LogContext context) {
                long start = from.applyAsLong(context.info());
                long end = to.applyAsLong(context.info());
                return start == 0 || end == 0 ? NONE : (end - start) / unit;
            }
        };
    }
}
