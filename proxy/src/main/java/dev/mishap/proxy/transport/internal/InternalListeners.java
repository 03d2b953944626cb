package dev.mishap.proxy.transport.internal;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The internal listeners of the process, as those who connect to them see them: {@code envoy.bootstrap.internal_listener}. */
public final class InternalListeners {
    private static final String MESSAGE = "envoy.extensions.bootstrap.internal_listener.v3.InternalListener";

    public static final SupportedFields FIELDS = SupportedFields.of(MESSAGE).supported("buffer_size_kb");

    /** A process that has none. */
    public static final InternalListeners NONE = new InternalListeners(0);

    /** {@code buffer_size_kb} when it is not given, in bytes. */
    public static final int DEFAULT_BUFFER = 1024 * 1024;

    /** Finds who takes connections. */
    @FunctionalInterface
    public interface Lookup {
        /** Who takes connections on {@code loop} to the listener of that name, or null when nobody does. */
        @Nullable
        Consumer<Channel> find(String name, EventLoop loop);
    }

    private final int bufferBytes;
    private volatile Lookup lookup = (name, loop) -> null;

    /** @param bufferBytes bytes that wait in a connection before who writes them is made to wait; 0 = there are no internal listeners */
    public InternalListeners(int bufferBytes) {
        this.bufferBytes = bufferBytes;
    }

    /** Those of a bootstrap, by its extension. */
    public static InternalListeners from(ConfigNode bootstrap) {
        for (ConfigNode extension : bootstrap.messages("bootstrap_extensions")) {
            ConfigNode config = extension.message("typed_config");
            if (config != null && config.messageName().equals(MESSAGE)) {
                return new InternalListeners((int) config.integer("buffer_size_kb", DEFAULT_BUFFER / 1024) * 1024);
            }
        }
        return NONE;
    }

    /** Whether there may be any. */
    public boolean enabled() {
        return bufferBytes > 0;
    }

    int bufferBytes() {
        return bufferBytes;
    }

    /** Has connections go where {@code by} says. */
    public void serve(Lookup by) {
        lookup = by;
    }

    @Nullable
    Consumer<Channel> find(String name, EventLoop loop) {
        return lookup.find(name, loop);
    }
}
