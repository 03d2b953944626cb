package dev.mishap.proxy.filter.listener.httpinspector;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.listener.ListenerFilterExtension;
import dev.mishap.proxy.filter.listener.ListenerFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.SocketContext;
import java.util.List;

/** Reads {@code HttpInspector}. */
public final class HttpInspectorExtension implements ListenerFilterExtension {
    private static final String TYPE = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";

    public static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(TYPE));

    /** {@code http_inspector.*}. */
    record Stats(Counter http10, Counter http11, Counter http2, Counter notFound, Counter readError) {
        static Stats of(Scope scope) {
            return new Stats(
                    scope.counter("http10_found"),
                    scope.counter("http11_found"),
                    scope.counter("http2_found"),
                    scope.counter("http_not_found"),
                    scope.counter("read_error"));
        }
    }

    @Override
    public String name() {
        return "envoy.filters.listener.http_inspector";
    }

    @Override
    public String typeUrl() {
        return TYPE;
    }

    @Override
    public ListenerFilterFactory parse(ConfigNode config, SocketContext context) {
        Stats stats = Stats.of(context.root().scope("http_inspector."));
        return () -> new HttpInspector(stats);
    }
}
