package dev.mishap.proxy.filter.http.basicauth;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code envoy.filters.http.basic_auth}. */
public final class BasicAuthExtension implements HttpFilterExtension {
    private static final String FILTER = "envoy.extensions.filters.http.basic_auth.v3.BasicAuth";
    private static final String PER_ROUTE = "envoy.extensions.filters.http.basic_auth.v3.BasicAuthPerRoute";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER)
                    .supported(
                            "users",
                            "forward_username_header",
                            "authentication_header",
                            "allow_missing",
                            "emit_dynamic_metadata",
                            "realm"),
            SupportedFields.of(PER_ROUTE).supported("users", "realm"));

    @Override
    public String name() {
        return "envoy.filters.http.basic_auth";
    }

    @Override
    public String typeUrl() {
        return FILTER;
    }

    @Override
    public String perRouteTypeUrl() {
        return PER_ROUTE;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        String header = config.string("authentication_header");
        String nameHeader = config.string("forward_username_header");
        Scope scope = context.scope().scope("basic_auth.");
        BasicAuthFilter.Config parsed = new BasicAuthFilter.Config(
                filterName,
                Users.from(config.required("users")),
                HeaderName.of(header.isEmpty() ? "authorization" : header),
                nameHeader.isEmpty() ? null : HeaderName.of(nameHeader),
                config.bool("allow_missing", false),
                config.bool("emit_dynamic_metadata", false),
                realm(config),
                scope.counter("allowed"),
                scope.counter("denied"));
        return () -> new BasicAuthFilter(parsed);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return new BasicAuthFilter.PerRoute(Users.from(config.required("users")), realm(config));
    }

    /** As it stands between quotes, or null when none is given. */
    private static @Nullable String realm(ConfigNode config) {
        String realm = config.string("realm");
        return realm.isEmpty() ? null : realm.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
