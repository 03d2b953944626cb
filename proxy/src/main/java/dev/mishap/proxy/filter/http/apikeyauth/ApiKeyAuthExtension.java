package dev.mishap.proxy.filter.http.apikeyauth;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.List;

/** {@code envoy.filters.http.api_key_auth}. */
public final class ApiKeyAuthExtension implements HttpFilterExtension {
    private static final String PACKAGE = "envoy.extensions.filters.http.api_key_auth.v3.";
    private static final String FILTER = PACKAGE + "ApiKeyAuth";
    private static final String PER_ROUTE = PACKAGE + "ApiKeyAuthPerRoute";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER).supported("credentials", "key_sources", "forwarding"),
            SupportedFields.of(PER_ROUTE).supported("credentials", "key_sources", "allowed_clients", "forwarding"),
            SupportedFields.of(PACKAGE + "Forwarding").supported("header", "hide_credentials"),
            SupportedFields.of(PACKAGE + "Credential").supported("key", "client"),
            SupportedFields.of(PACKAGE + "KeySource").supported("header", "query", "cookie"));

    @Override
    public String name() {
        return "envoy.filters.http.api_key_auth";
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
        Scope scope = context.scope().scope("api_key_auth.");
        ApiKeyAuthFilter.Config parsed = new ApiKeyAuthFilter.Config(
                filterName,
                ApiKeys.from(config),
                scope.counter("allowed"),
                scope.counter("unauthorized"),
                scope.counter("forbidden"));
        return () -> new ApiKeyAuthFilter(parsed);
    }

    @Override
    public Object parsePerRoute(ConfigNode config, FilterContext context) {
        return ApiKeys.fromRoute(config);
    }
}
