package dev.mishap.proxy.filter.http.credentialinjector;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.http.FilterContext;
import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.tls.GenericSecret;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.transport.TransportContext;
import dev.mishap.proxy.xds.Lifecycle;
import java.util.List;

/** {@code envoy.filters.http.credential_injector}, with {@code envoy.http.injected_credentials.generic}. */
public final class CredentialInjectorExtension implements HttpFilterExtension {
    private static final String FILTER = "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector";
    private static final String GENERIC = "envoy.extensions.http.injected_credentials.generic.v3.Generic";

    /** The messages that the filter reads. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER).supported("overwrite", "allow_request_without_credential", "credential"),
            SupportedFields.of(GENERIC).supported("credential", "header"));

    @Override
    public String name() {
        return "envoy.filters.http.credential_injector";
    }

    @Override
    public String typeUrl() {
        return FILTER;
    }

    @Override
    public HttpFilterFactory parse(String filterName, ConfigNode config, FilterContext context) {
        ConfigNode extension = config.required("credential");
        ConfigNode credential = extension.message("typed_config");
        String type = credential == null ? "" : credential.messageName();
        if (credential == null || !type.equals(GENERIC)) {
            throw new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                    + "' with type URL: '" + type + "'");
        }
        String header = credential.string("header");
        Scope scope = context.scope().scope("credential_injector.");
        CredentialInjectorFilter.Config parsed = new CredentialInjectorFilter.Config(
                HeaderName.of(header.isEmpty() ? "authorization" : header),
                GenericSecret.follow(
                        context.service(TransportContext.class),
                        credential.required("credential"),
                        new SecretDelivery.Owner(context.service(Lifecycle.class))),
                config.bool("overwrite", false),
                config.bool("allow_request_without_credential", false),
                scope.counter("injected"),
                scope.counter("failed"),
                scope.counter("already_exists"));
        return () -> new CredentialInjectorFilter(parsed);
    }
}
