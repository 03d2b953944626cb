package dev.mishap.proxy.http;

import io.netty.channel.Channel;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Function;

/** What filters keep for a downstream connection rather than for a stream. Confined to the connection's event loop. */
public final class ConnectionState {
    private static final AttributeKey<ConnectionState> KEY = AttributeKey.valueOf(ConnectionState.class, "state");

    private final Map<Object, Object> values = new IdentityHashMap<>(4);

    private ConnectionState() {}

    /** The state of a connection, made when first asked for. */
    public static ConnectionState of(Channel connection) {
        Attribute<ConnectionState> attribute = connection.attr(KEY);
        ConnectionState state = attribute.get();
        if (state == null) {
            state = new ConnectionState();
            attribute.set(state);
        }
        return state;
    }

    /** What is kept under {@code key}, which is compared by identity and always used with one {@code make}. */
    @SuppressWarnings("unchecked")
    public <K, T> T get(K key, Function<K, T> make) {
        T value = (T) values.get(key);
        if (value == null) {
            value = make.apply(key);
            values.put(key, value);
        }
        return value;
    }
}
