package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.http.StreamInfo;
import org.jspecify.annotations.Nullable;

/**
 * Operators about the tries of a request upstream and their connections. In spite of their names, the lists of what was
 * attempted hold the last try alone, as Envoy's do, and nothing when it got no connection.
 */
final class AttemptFields {
    private AttemptFields() {}

    /** The operator called {@code name}, or null. */
    static @Nullable Field create(String name) {
        return switch (name) {
            case "UPSTREAM_CONNECTION_ID" ->
                new Field.NumberField() {
                    @Override
                    long value(LogContext context) {
                        return context.info().upstreamConnectionId;
                    }
                };
            case "UPSTREAM_CONNECTION_POOL_READY_DURATION" ->
                new Field.NumberField() {
                    @Override
                    long value(LogContext context) {
                        long nanos = context.info().upstreamPoolReadyNanos;
                        return nanos < 0 ? NONE : nanos / 1_000_000;
                    }
                };
            case "UPSTREAM_CONNECTION_IDS_ATTEMPTED" ->
                new Field() {
                    @Override
                    boolean append(LogContext context, LogBuffer out) {
                        long id = context.info().upstreamConnectionId;
                        if (id != 0) {
                            out.number(id);
                        }
                        return id != 0;
                    }
                };
            case "UPSTREAM_HOSTS_ATTEMPTED" -> connected(AddressField.upstreamHost(true));
            case "UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT" -> connected(AddressField.upstreamHost(false));
            case "UPSTREAM_HOST_NAMES_ATTEMPTED" -> connected(AddressField.hostName(true));
            case "UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT" -> connected(AddressField.hostName(false));
            default -> null;
        };
    }

    private static Field connected(Field field) {
        return new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                StreamInfo info = context.info();
                return info.upstreamConnectionId != 0 && field.append(context, out);
            }
        };
    }
}
